"""Pictures: only what browsers show, each once, and no bombs."""

from __future__ import annotations

import asyncio
import hashlib
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypod.errors import Conflict, Invalid, NotFound
from berrypod.shop import PageRequest, Shop
from berrypod.shop.inventory_records import PictureUse
from berrypod.shop.picture_check import MAX_PICTURE_BYTES, MEDIA_TYPES, check_picture
from tests.shop.making import picture_bytes


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
async def test_a_picture_is_kept_as_it_is_and_known_by_its_bytes(stocked: Shop, kind: str, media_type: str) -> None:
    data = picture_bytes(kind, size=(40, 30))
    added = await stocked.pictures.add(data, filename="C:\\fakepath\\jar.img", alt="  A   jar ")
    record = added.picture
    assert not added.existed
    assert (record.media_type, record.width, record.height, record.size_bytes) == (media_type, 40, 30, len(data))
    assert (record.filename, record.alt) == ("jar.img", "A jar")
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert record.url == f"/api/images/{record.id}?v={record.sha256[:8]}"
    picture = await stocked.pictures.get(record.id)
    assert (picture.data, picture.head.media_type) == (data, media_type)


async def test_the_same_bytes_are_kept_once(stocked: Shop) -> None:
    data = picture_bytes()
    answers = await asyncio.gather(*(stocked.pictures.add(data) for _ in range(4)))
    assert len({answer.picture.id for answer in answers}) == 1
    assert sorted(answer.existed for answer in answers) == [False, True, True, True]
    assert (await stocked.pictures.list()).total == 1


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size, and has nothing behind it but a few compressed zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a",
        b"%PDF-1.7",
        b"II*\x00" + b"\0" * 100,
        picture_bytes("BMP"),
        picture_bytes("TIFF"),
        picture_bytes("PNG", size=(300, 300))[:-30],
        picture_bytes("JPEG", size=(300, 300))[:400],
        png_header(100, 100),
        png_header(60_000, 60_000),
        png_header(8_001, 1),
        png_header(2**31 - 1, 2**31 - 1),
        b"x" * (MAX_PICTURE_BYTES + 1),
    ],
    ids=lambda data: repr(data[:12]),
)
async def test_what_is_no_picture_or_too_large_is_refused(stocked: Shop, data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.pictures.add(data)
    assert caught.value.fields["data"]
    assert (await stocked.pictures.list()).total == 0


@settings(max_examples=80)
@given(st.data())
def test_no_damaged_file_gets_past_as_anything_but_a_picture_or_a_refusal(data: st.DataObject) -> None:
    """Pillow raises many things on malformed files; all of them are refusals here."""
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]))
    picture = bytearray(picture_bytes(kind, size=(24, 24)))
    for _ in range(data.draw(st.integers(1, 8))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(picture[: data.draw(st.integers(1, len(picture)))])
    with suppress(Invalid):
        assert check_picture(cut).media_type in MEDIA_TYPES.values()


def test_a_turned_photograph_has_the_size_that_is_displayed() -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    checked = check_picture(picture_bytes("JPEG", size=(40, 30), exif=exif))
    assert (checked.width, checked.height) == (30, 40)


async def test_a_picture_in_use_stays(stocked: Shop) -> None:
    number = (await stocked.pictures.add(picture_bytes())).picture.id
    await stocked.inventory.set_gallery("plum-bowl", [PictureUse(image_id=number)])
    with pytest.raises(Conflict) as caught:
        await stocked.pictures.delete(number)
    assert caught.value.details["products"] == ["plum-bowl"]
    await stocked.inventory.set_gallery("plum-bowl", [])
    await stocked.pictures.delete(number)
    with pytest.raises(NotFound):
        await stocked.pictures.get(number)


async def test_a_number_that_is_used_again_shows_the_new_picture(stocked: Shop) -> None:
    """SQLite gives the number of the last row again when that row is gone."""
    first = (await stocked.pictures.add(picture_bytes(colour="red"))).picture
    await stocked.pictures.get(first.id)
    await stocked.pictures.delete(first.id)
    data = picture_bytes(colour="blue")
    second = (await stocked.pictures.add(data)).picture
    assert second.id == first.id
    assert (await stocked.pictures.get(second.id)).data == data


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**63, 10**100])
async def test_a_number_without_a_picture_is_not_found(stocked: Shop, number: int) -> None:
    for call in (stocked.pictures.get, stocked.pictures.head, stocked.pictures.delete):
        with pytest.raises(NotFound):
            await call(number)


async def test_pictures_are_listed_newest_first(stocked: Shop) -> None:
    numbers = [
        (await stocked.pictures.add(picture_bytes(colour=colour))).picture.id for colour in ("red", "tan", "sky")[:2]
    ]
    page = await stocked.pictures.list(PageRequest(1, 1))
    assert ([each.id for each in page.items], page.total) == ([numbers[1]], 2)
