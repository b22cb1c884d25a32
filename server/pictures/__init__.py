"""Pictures made from pictures 照片加工: thumbnails, stripped and redacted copies, pairs, likeness. Pure."""
