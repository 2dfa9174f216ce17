"""Is this a picture that may be shown to customers?

Decided by decoding it, never by its name or by what the client says.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import msgspec
from PIL import ExifTags, Image

from berrypod.errors import Invalid
from berrypod.shop.picture_metadata import without_metadata

MAX_PICTURE_BYTES: Final = 10 * 1024 * 1024
MAX_SIDE_PIXELS: Final = 8_000
# 25 megapixels decode to 100 MB at most: a "bomb" of a few kilobytes may claim a thousand times that.
MAX_PIXELS: Final = 25_000_000

# Those that browsers show and that hold no scripts: SVG is a program as much as a picture.
MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}

# EXIF orientations that browsers turn by a quarter: width and height change places.
_TURNED: Final = frozenset({5, 6, 7, 8})


class CheckedPicture(msgspec.Struct, frozen=True):
    """Kind and size in pixels, as displayed: `orientation` is EXIF's, by which browsers turn it."""

    media_type: str
    width: int
    height: int
    orientation: int | None = None


def prepare_picture(data: bytes) -> tuple[CheckedPicture, bytes]:
    """Check a picture, and take out what it tells besides; see `picture_metadata`. At most twice as slow as checking.

    :raises Invalid: as `check_picture`; or its parts cannot be told apart.
    """
    checked = check_picture(data)
    try:
        clean = without_metadata(data, checked.media_type, checked.orientation)
    except ValueError as error:
        raise _refused(
            f"What the file tells besides the picture cannot be taken out: {error}.",
            hint="Open it in a program for pictures, save it anew and send that.",
        ) from error
    return (checked, data) if clean == data else (check_picture(clean), clean)


def check_picture(data: bytes) -> CheckedPicture:
    """Decode the (first) image in `data`. Takes up to a second and 100 MB: call it in a thread, one at a time.

    :raises Invalid: no picture, a broken one, or one that is too large.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise _refused(f"The picture has {len(data) / 1024 / 1024:.1f} MB; at most 10 MB are accepted.")
    if not data:
        raise _refused("There are no bytes: choose a picture.")
    try:
        return _decode(data)
    except Invalid:
        raise
    except MemoryError as error:
        raise _refused("The picture is too large to be decoded here.") from error
    except Exception as error:
        # Pillow's decoders raise whatever a malformed file makes them raise: OSError, SyntaxError, struct.error ...
        raise _refused("This is not a picture, or it is broken. JPEG, PNG, WebP and GIF are accepted.") from error


def _decode(data: bytes) -> CheckedPicture:
    with Image.open(BytesIO(data), formats=tuple(MEDIA_TYPES)) as image:
        width, height = image.size
        # From the header alone, before any pixel is decoded.
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PIXELS:
            raise _refused(
                f"The picture has {width} x {height} pixels; at most {MAX_SIDE_PIXELS:,} a side and "
                f"{MAX_PIXELS // 1_000_000} million in all are accepted."
            )
        media_type = MEDIA_TYPES[image.format or ""]
        image.load()
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        if orientation in _TURNED:
            width, height = height, width
        return CheckedPicture(media_type, width, height, orientation if isinstance(orientation, int) else None)


def _refused(reason: str, hint: str = "Send a JPEG, PNG, WebP or GIF file of at most 10 MB.") -> Invalid:
    return Invalid(reason, fields={"data": reason}, hint=hint)
