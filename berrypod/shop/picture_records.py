"""Pictures, as they are served and as they are listed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec

from berrypod.shop.fields import described

# Digits of the digest that make the address of a picture change with its bytes.
VERSION_DIGITS: Final = 8


def picture_url(number: int, sha256: str) -> str:
    """Where the web serves a picture. Here, and not in the web, so that pages and the API name one address."""
    return f"/api/images/{number}?v={sha256[:VERSION_DIGITS]}"


class PictureHead(msgspec.Struct, frozen=True):
    """What identifies the bytes of a picture."""

    id: int
    sha256: str
    media_type: str


class Picture(msgspec.Struct, frozen=True):
    head: PictureHead
    data: bytes


class PictureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A picture without its bytes."""

    id: Annotated[int, described("Number of the picture", 12)]
    url: Annotated[str, described("Address of the bytes; it changes when they do", "/api/images/12?v=3f9a1c20")]
    sha256: Annotated[str, described("SHA-256 of the bytes, hex", "3f9a1c20" * 8)]
    media_type: Annotated[str, described("Kind of picture", "image/webp")]
    width: Annotated[int, described("Pixels, as displayed", 1200)]
    height: Annotated[int, described("Pixels, as displayed", 1200)]
    size_bytes: Annotated[int, described("Bytes", 52_310)]
    filename: Annotated[str, described("What the file was called; may be empty", "raspberry-jam.webp")]
    alt: Annotated[str, described("Description for who cannot see the picture", "A jar of raspberry jam")]
    created_at: datetime


class AddedPicture(msgspec.Struct, frozen=True):
    """`existed`: the same bytes were in the shop already, and are there once."""

    picture: PictureRecord
    existed: bool
