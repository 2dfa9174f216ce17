"""The demo's pictures: all there, all different, the same each time."""

from __future__ import annotations

from collections import Counter
from io import BytesIO

import pytest
from PIL import Image

from berrypod.demo.data import GOODS
from berrypod.demo.pictures import ALL_SHOTS, PRODUCT_SHOTS, draw_picture
from berrypod.demo.shots.covers import COVERS
from berrypod.shop.picture_check import check_picture

# One of each kind of scene; the others are drawn, smaller, for the filled shop.
_SAMPLE = (
    "bramble-hoodie-moss",
    "jam-today-mug-breakfast",
    "evening-hedge-candle-lit",
    "cover-pip-socks",
    "swatch-kitchen-garden-jam-raspberry",
    "banner-hedgerow",
    "logo",
)


def test_there_are_as_many_as_promised() -> None:
    kinds = Counter(name.partition("-")[0] for name in ALL_SHOTS)
    assert len(ALL_SHOTS) == 156
    assert sum(len(shots) for shots in PRODUCT_SHOTS.values()) == 89
    assert (kinds["cover"], kinds["swatch"], kinds["banner"], kinds["logo"]) == (16, 42, 8, 1)


def test_each_product_has_pictures_and_a_cover() -> None:
    slugs = {product.slug for product in GOODS}
    assert set(PRODUCT_SHOTS) == set(COVERS) == slugs


def test_each_choice_of_colour_is_seen_from_the_front() -> None:
    """A picture of a choice names one that its product has."""
    for product in GOODS:
        first = next(iter(product.options.values()))
        shown = [shot.choice for shot in PRODUCT_SHOTS[product.slug] if shot.choice]
        assert shown in ([], [choice.value for choice in first])


def test_each_is_described_for_who_cannot_see_it() -> None:
    assert all(len(shot.alt) > 8 for shot in ALL_SHOTS.values())


@pytest.mark.parametrize("name", _SAMPLE)
def test_drawing_again_gives_the_same_bytes(name: str) -> None:
    first, second = (draw_picture(name, pixels=0.3) for _ in range(2))
    assert first == second
    picture = check_picture(first.data)
    assert (picture.media_type, picture.width, picture.height) == (first.media_type, first.width, first.height)


def test_the_logo_has_no_ground() -> None:
    """It stands on pages of any colour: its corners are clear, its lettering is not."""
    with Image.open(BytesIO(draw_picture("logo", pixels=0.5).data)) as logo:
        alpha = logo.getchannel("A")
        assert alpha.getpixel((0, 0)) == 0
        assert alpha.getextrema() == (0, 255)


@pytest.mark.slow
def test_all_of_them_take_about_eight_megabytes() -> None:
    """At full size; and no two are the same, which the shop's table of images would refuse."""
    drawn = [draw_picture(name).data for name in ALL_SHOTS]
    assert len(set(drawn)) == 156
    assert 7_500_000 < sum(len(data) for data in drawn) < 8_500_000
