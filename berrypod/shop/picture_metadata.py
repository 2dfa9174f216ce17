"""What photographs tell besides the picture: where they were taken and when, with which phone, of what they were cut.

It is taken out before a picture is kept, part by part: the pixels' bytes stay as they are, so that nothing is lost and
the same photograph gives the same bytes each time. Only parts that are known to matter to the picture stay - size,
pixels, colours, animation - and of EXIF the orientation alone, by which browsers turn it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

_UPRIGHT: Final = 1


def without_metadata(data: bytes, media_type: str, orientation: int | None = None) -> bytes:
    """The same picture without what it tells besides.

    :param media_type: what it is: JPEG, PNG, WebP or GIF.
    :param orientation: as its EXIF says, 1 to 8.
    :raises ValueError: its parts cannot be told apart.
    """
    turned = orientation if orientation is not None and _UPRIGHT < orientation <= 8 else None
    try:
        return b"".join(_FORMATS[media_type](data, turned))
    except IndexError as error:
        raise ValueError("the file ends within one of its parts") from error


def _exif(orientation: int) -> bytes:
    """A TIFF of one entry: tag 0x0112, one SHORT."""
    return b"MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01" + bytes((0, orientation, 0, 0)) + b"\0\0\0\0"


def _cut(data: bytes, start: int, size: int) -> bytes:
    """:raises ValueError: there are not so many bytes."""
    if size < 0 or start + size > len(data):
        raise ValueError("a part of it is longer than the file")
    return data[start : start + size]


# --- JPEG: segments, each with a marker and mostly with a length ---

_END, _SCAN, _COMMENT = 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
# In a scan, 0xFF is followed by a zero, or by the number of a restart; anything else ends it.
_END_OF_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JFIF_BYTES: Final = 14


def _jpeg(data: bytes, orientation: int | None) -> Iterator[bytes]:
    yield data[:2]
    exif = b"Exif\0\0" + _exif(orientation) if orientation else b""
    for marker, part in _segments(data):
        if exif and marker != _APP0:
            yield bytes((0xFF, _APP1)) + (len(exif) + 2).to_bytes(2) + exif
            exif = b""
        yield part


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers and bytes of the segments to keep. What comes after the end - another picture, a film - is none."""
    position = 2
    while True:
        if data[position] != 0xFF:
            raise ValueError("something stands between two of its parts")
        while data[position + 1] == 0xFF:
            position += 1
        marker = data[position + 1]
        if marker == _END:
            yield marker, data[position : position + 2]
            return
        size = 2 if marker in _ALONE else 2 + int.from_bytes(_cut(data, position + 2, 2))
        segment = _cut(data, position, size)
        if kept := _kept_segment(marker, segment):
            yield marker, kept
        position += size
        if marker == _SCAN:
            end = _END_OF_SCAN.search(data, position)
            if end is None:  # some programs forget it; decoders do not mind
                yield marker, data[position:] + bytes((0xFF, _END))
                return
            yield marker, data[position : end.start()]
            position = end.start()


def _kept_segment(marker: int, segment: bytes) -> bytes:
    content = segment[4:]
    if marker == _APP0:
        if not content.startswith(b"JFIF\0"):
            return b""
        # Without the small picture that may be in it: programs that cut a picture forget that one.
        header = content[: _JFIF_BYTES - 2] + b"\0\0"
        return segment if len(content) <= _JFIF_BYTES else segment[:2] + (_JFIF_BYTES + 2).to_bytes(2) + header
    if marker == _APP2:
        return segment if content.startswith(b"ICC_PROFILE\0") else b""
    if marker == _APP14:  # how the colours are stored
        return segment if content.startswith(b"Adobe") else b""
    return b"" if marker == _COMMENT or _APP0 <= marker <= _APP15 else segment


# --- PNG: chunks with a length, a name and a checksum ---

_PNG_HEADER: Final = 8
_PNG_KEPT: Final = frozenset(
    {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"}
)


def _png(data: bytes, orientation: int | None) -> Iterator[bytes]:
    yield data[:_PNG_HEADER]
    position, name = _PNG_HEADER, b""
    while name != b"IEND":
        size = int.from_bytes(_cut(data, position, 4))
        chunk = _cut(data, position, 12 + size)
        name = chunk[4:8]
        # Chunks whose names begin with a capital letter are needed to show the picture at all.
        if name[:1].isupper() or name in _PNG_KEPT:
            yield chunk
        if name == b"IHDR" and orientation:
            exif = b"eXIf" + _exif(orientation)
            yield (len(exif) - 4).to_bytes(4) + exif + zlib.crc32(exif).to_bytes(4)
        position += len(chunk)


# --- WebP: chunks of a RIFF file ---

_RIFF_HEADER: Final = 12
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_HAS_EXIF, _HAS_XMP = 0x08, 0x04


def _webp(data: bytes, orientation: int | None) -> Iterator[bytes]:
    chunks = list(_webp_chunks(data, orientation))
    yield b"RIFF" + (4 + sum(map(len, chunks))).to_bytes(4, "little") + b"WEBP"
    yield from chunks


def _webp_chunks(data: bytes, orientation: int | None) -> Iterator[bytes]:
    end = min(len(data), 8 + int.from_bytes(_cut(data, 4, 4), "little"))
    position, extended = _RIFF_HEADER, False
    while position < end:
        size = int.from_bytes(_cut(data, position + 4, 4), "little")
        chunk = _cut(data, position, 8 + size)
        name = chunk[:4]
        if name == b"VP8X":
            extended = True
            flags = chunk[8] & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if orientation else 0)
            chunk = chunk[:8] + bytes((flags,)) + chunk[9:]
        if name in _WEBP_KEPT:
            yield chunk + b"\0" * (size % 2)
        position += 8 + size + size % 2
    if extended and orientation:
        exif = _exif(orientation)
        yield b"EXIF" + len(exif).to_bytes(4, "little") + exif


# --- GIF: blocks, and rows of sub-blocks that an empty one ends ---

_IMAGE, _EXTENSION, _TRAILER, _GIF_COMMENT, _APPLICATION = 0x2C, 0x21, 0x3B, 0xFE, 0xFF
_LOOPS_AND_COLOURS: Final = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})


def _gif(data: bytes, _: int | None) -> Iterator[bytes]:
    position = 13 + _colours(data[10])
    yield _cut(data, 0, position)
    while data[position] != _TRAILER:
        begin = position
        if data[position] == _IMAGE:
            position = _after_blocks(data, position + 11 + _colours(data[position + 9]))
            yield data[begin:position]
        elif data[position] == _EXTENSION:
            label = data[position + 1]
            position = _after_blocks(data, position + 2)
            application = data[begin + 3 : begin + 14]
            if label != _GIF_COMMENT and (label != _APPLICATION or application in _LOOPS_AND_COLOURS):
                yield data[begin:position]
        else:
            raise ValueError("something stands between two of its parts")
    yield bytes((_TRAILER,))


def _colours(flags: int) -> int:
    """Bytes of the table of colours that the flags announce."""
    return 3 * 2 ** ((flags & 0x07) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while size := data[position]:
        position += 1 + size
    return position + 1


_FORMATS: Final[Mapping[str, Callable[[bytes, int | None], Iterator[bytes]]]] = MappingProxyType(
    {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif}
)
