"""
Pictures made for looking at 展示件: a thumbnail and a view, upright, small, and without any metadata.

Pure: a picture in, a picture out. Whoever sees a record may see these; what EXIF says of place, time and
telephone stays in the original.
"""

import io
from typing import BinaryIO, Literal

from PIL import Image

from schemas import pictures

Derived = Literal["thumb", "view"]
#: The longest side of each, pixels.
SIDES: dict[Derived, int] = {"thumb": 320, "view": 1920}
_QUALITIES: dict[Derived, int] = {"thumb": 75, "view": 82}
MEDIA = pictures.MEDIA["jpeg"]
#: Changes whenever other bytes would be made of the same picture; part of what tells one version from another.
EDITION = 1


def derived(source: bytes | BinaryIO, what: Derived) -> bytes:
    """
    Return the thumbnail (≤ 320 px) or the view (≤ 1,920 px) of the picture in *source*, as JPEG.

    Raises:
        schemas.problems.Refusal: As ``schemas.pictures.look``.
    """
    return jpeg(pictures.upright(source, SIDES[what]), _QUALITIES[what])


def jpeg(image: Image.Image, quality: int, *, sharp: bool = False) -> bytes:
    """
    Return *image* as JPEG, with nothing in it but the picture.

    Args:
        image: One that was made here; whatever it carries beside the picture is dropped.
        quality: 1 to 95, as Pillow counts.
        sharp: Keep colours as sharp as brightness.
    """
    # Pillow would write what stands here: EXIF, XMP, a colour profile, a comment.
    image.info.clear()
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, subsampling=0 if sharp else 2)
    return out.getvalue()
