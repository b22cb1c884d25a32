"""
Pictures on the tablet 照片处理: the smaller copy that travels first, the watermark, and what to look at twice.

The judge of what a picture is at all is ``schemas.pictures``, the office's too.
"""
