"""What photographs tell besides the picture is taken out, and the picture stays as it is."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops, ImageOps, PngImagePlugin

from berrypod.errors import Invalid
from berrypod.shop import Shop
from berrypod.shop.picture_check import prepare_picture
from berrypod.shop.picture_metadata import without_metadata
from tests.shop.making import picture_bytes

SECRET = b"PLUM LANE 3"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>' + SECRET + b"</place></x:xmpmeta>"


def exif(orientation: int = 1) -> Image.Exif:
    """As a phone writes it: where and with what."""
    found = Image.Exif()
    found[ExifTags.Base.Orientation] = orientation
    found[ExifTags.Base.Make] = SECRET.decode()
    found[ExifTags.Base.DateTime] = "2026:07:01 12:00:00"
    gps: dict[int, Any] = found.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (56.0, 9.0, 26.0)
    return found


def photograph(kind: str, orientation: int = 1, **options: Any) -> bytes:
    """A picture with no two corners alike, and everything that it can tell besides."""
    image = Image.new("RGB", (40, 30), "white")
    for number, colour in enumerate(("red", "green", "blue")):
        image.paste(colour, (number * 10, number * 8, number * 10 + 10, number * 8 + 8))
    out = BytesIO()
    more: dict[str, Any] = {"exif": exif(orientation)}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        more["pnginfo"] = text
    elif kind == "GIF":
        more = {"comment": SECRET}
    else:
        more["xmp"] = XMP
    if kind == "JPEG":
        more["comment"] = SECRET
    image.save(out, kind, **more, **options)
    return out.getvalue()


def pixels(data: bytes) -> Image.Image:
    """As it is displayed."""
    with Image.open(BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGBA")


def same_picture(one: bytes, other: bytes) -> bool:
    first, second = pixels(one), pixels(other)
    return first.size == second.size and ImageChops.difference(first, second).getbbox(alpha_only=False) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_of_it_is_left_and_no_pixel_changes(kind: str) -> None:
    data = photograph(kind)
    assert SECRET in data
    checked, clean = prepare_picture(data)

    assert SECRET not in clean
    with Image.open(BytesIO(clean)) as image:
        assert not image.getexif()
        assert not image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert (checked.width, checked.height) == (40, 30)
    assert same_picture(data, clean)
    assert len(clean) < len(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_it_is_displayed_as_it_was(kind: str, orientation: int) -> None:
    """By the one thing of EXIF that stays."""
    data = photograph(kind, orientation)
    checked, clean = prepare_picture(data)

    with Image.open(BytesIO(clean)) as image:
        assert dict(image.getexif()) == {ExifTags.Base.Orientation: orientation}
    assert SECRET not in clean
    assert same_picture(data, clean)
    assert (checked.width, checked.height) == ((30, 40) if orientation > 4 else (40, 30))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_what_is_clean_stays_as_it_is(kind: str, orientation: int) -> None:
    """To the byte: the same photograph is kept once."""
    clean = prepare_picture(photograph(kind, orientation))[1]
    assert prepare_picture(clean)[1] == clean
    plain = picture_bytes(kind, size=(40, 30))
    assert prepare_picture(plain)[1] is plain


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"subsampling": 2, "quality": 60}, {"restart_marker_rows": 1}]
)
def test_scans_of_all_kinds_are_whole(options: dict[str, Any]) -> None:
    data = photograph("JPEG", **options)
    assert same_picture(data, prepare_picture(data)[1])


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_jpegs_of_other_colours_keep_them(mode: str) -> None:
    out = BytesIO()
    Image.linear_gradient("L").convert(mode).save(out, "JPEG", exif=exif(), icc_profile=b"a profile " * 9000)
    clean = prepare_picture(out.getvalue())[1]

    assert same_picture(out.getvalue(), clean)
    with Image.open(BytesIO(clean)) as image:
        assert image.info["icc_profile"] == b"a profile " * 9000, "in two segments"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_comes_after_the_end_goes(kind: str) -> None:
    """A film with sound, of the second before the photograph."""
    data = photograph(kind)
    assert SECRET not in prepare_picture(data + b"ftyp" + SECRET * 100)[1]


def test_the_small_picture_of_a_jpeg_goes() -> None:
    data = picture_bytes("JPEG", size=(40, 30))
    begin = data.index(b"JFIF\0")
    thumbnail = bytes((2, 1)) + b"secret"
    header = data[begin : begin + 12] + thumbnail
    grown = data[:2] + b"\xff\xe0" + (2 + len(header)).to_bytes(2) + header + data[begin + 14 :]
    assert b"secret" in grown

    assert prepare_picture(grown)[1] == data


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_go_on_moving(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    out = BytesIO()
    more: dict[str, Any] = {"comment": SECRET} if kind == "GIF" else {"exif": exif()}
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=3, **more)
    assert SECRET in out.getvalue()
    clean = prepare_picture(out.getvalue())[1]

    assert SECRET not in clean
    with Image.open(BytesIO(clean)) as image:
        assert image.n_frames == 3  # type: ignore[attr-defined]
        assert image.info["loop"] == 3
        durations: list[int] = []
        for number in range(3):
            image.seek(number)
            image.load()
            durations.append(int(image.info["duration"]))
    assert durations == [100, 200, 300]


def test_transparency_and_sixteen_bits_stay() -> None:
    for image in (Image.new("RGBA", (9, 9), (200, 10, 10, 77)), Image.new("I;16", (9, 9), 40_000)):
        out = BytesIO()
        image.save(out, "PNG", exif=exif(), dpi=(300, 300))
        clean = prepare_picture(out.getvalue())[1]
        with Image.open(BytesIO(clean)) as found:
            assert found.mode == image.mode
            assert found.tobytes() == image.tobytes()


def test_an_orientation_that_is_none_is_left_out() -> None:
    for orientation in (0, 9, 77):
        clean = prepare_picture(photograph("JPEG", orientation))[1]
        with Image.open(BytesIO(clean)) as image:
            assert not image.getexif()


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe1\xff\xffExif", "image/jpeg"),
        (b"\xff\xd8garbage", "image/jpeg"),
        (b"\xff\xd8", "image/jpeg"),
        (b"\xff\xd8\xff\xe0\0\0", "image/jpeg"),
        (png_of((b"IHDR", b"x" * 13))[:-4], "image/png"),
        (png_of((b"IHDR", b"x" * 13)), "image/png"),
        (b"RIFF\xff\0\0\0WEBPVP8 \xff\0\0\0", "image/webp"),
        (b"RIFF", "image/webp"),
        (b"GIF89a\1\0\1\0\0\0\0\x21\xfe\xff", "image/gif"),
        (b"GIF89a\1\0\1\0\0\0\0\x77", "image/gif"),
        (b"GIF89a", "image/gif"),
    ],
)
def test_parts_that_cannot_be_told_apart_are_refused(data: bytes, kind: str) -> None:
    with pytest.raises(ValueError, match=r"part|file"):
        without_metadata(data, kind)


@settings(max_examples=120)
@given(st.data())
def test_no_damaged_file_gets_past_as_anything_but_a_clean_picture_or_a_refusal(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]))
    picture = bytearray(photograph(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Invalid):
        _, clean = prepare_picture(bytes(picture[: data.draw(st.integers(1, len(picture)))]))
        assert prepare_picture(clean)[1] == clean


async def test_a_photograph_is_kept_without_it_and_once(stocked: Shop) -> None:
    data = photograph("JPEG", 6)
    first, again = await stocked.pictures.add(data), await stocked.pictures.add(data)
    kept = await stocked.pictures.get(first.picture.id)

    assert SECRET not in kept.data
    assert len(kept.data) == first.picture.size_bytes
    assert (first.picture.width, first.picture.height) == (30, 40)
    assert again.existed
    assert again.picture == first.picture
