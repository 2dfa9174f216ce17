"""All 156 pictures of the demo shop, drawn when they are wanted.

89  of the products: each colour from the front, details, in use
16  covers, one per product
42  swatches, one per colour (flavour, scent, paper) of a product
 8  banners
 1  logo
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageChops

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import MILK, NIGHT
from berrypod.demo.drawing.pixels import mapped
from berrypod.demo.shots import clothes, house, kitchen, paper, wear
from berrypod.demo.shots.banners import BANNERS
from berrypod.demo.shots.covers import COVERS, LOGO
from berrypod.demo.shots.shot import Shot
from berrypod.demo.shots.swatches import SWATCHES

PRODUCT_SHOTS: Mapping[str, tuple[Shot, ...]] = {
    "raspberry-sprig-t-shirt": clothes.TEE,
    "bramble-hoodie": clothes.HOODIE,
    "little-pip-t-shirt": clothes.PIP,
    "jam-today-mug": kitchen.MUG,
    "soft-fruit-tote": wear.TOTE,
    "raspberry-study-print": paper.PRINT,
    "hedgerow-notebook": paper.NOTEBOOK,
    "currant-tea-towel": kitchen.TOWEL,
    "blueberry-field-cushion": house.CUSHION,
    "punnet-of-stickers": paper.STICKERS,
    "kitchen-garden-jam": kitchen.JAM,
    "evening-hedge-candle": house.CANDLE,
    "berry-enamel-pin": house.PIN,
    "pip-socks": wear.SOCK,
    "picking-apron": wear.APRON,
    "gift-card": paper.GIFT,
}
ALL_SHOTS: Mapping[str, Shot] = {
    shot.name: shot
    for shot in (
        *(shot for shots in PRODUCT_SHOTS.values() for shot in shots),
        *COVERS.values(),
        *SWATCHES.values(),
        *BANNERS,
        LOGO,
    )
}

_QUALITY = 84


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn picture: its bytes, and what the shop's table of images wants to know of it (sizes in pixels)."""

    name: str
    filename: str
    media_type: str
    alt: str
    width: int
    height: int
    data: bytes


def draw_picture(name: str, *, pixels: float = 1.0) -> Picture:
    """Draw one picture of `ALL_SHOTS`; the same bytes each time. ``pixels`` per unit: 0.2 for a quick small one."""
    shot = ALL_SHOTS[name]
    image = (_cut_out if shot is LOGO else _drawn)(shot, pixels * shot.density)
    encoded = io.BytesIO()
    if shot is LOGO:
        image.save(encoded, "PNG")
        ending, media_type = "png", "image/png"
    else:
        image.save(encoded, "JPEG", quality=_QUALITY)
        ending, media_type = "jpg", "image/jpeg"
    return Picture(
        name=name,
        filename=f"{name}.{ending}",
        media_type=media_type,
        alt=shot.alt,
        width=image.width,
        height=image.height,
        data=encoded.getvalue(),
    )


def _drawn(shot: Shot, pixels: float) -> Image.Image:
    canvas = Canvas(shot.width, shot.height, shot.ground, pixels=pixels)
    shot.draw(canvas)
    return canvas.finished()


def _cut_out(shot: Shot, pixels: float) -> Image.Image:
    """The picture without its ground, for pages of any colour.

    Drawn on a pale and on a dark ground: where the two differ by as much as the grounds do, nothing was painted.
    """
    layers: list[Image.Image] = []
    for ground in (MILK, NIGHT):
        canvas = Canvas(shot.width, shot.height, ground, pixels=pixels)
        shot.draw(canvas)
        layers.append(canvas.finished(grain=False))
    difference = ImageChops.difference(*layers).getchannel("R")
    span = MILK.red - NIGHT.red
    alpha = mapped(difference, [255 - round(min(value, span) * 255 / span) for value in range(256)])
    cut = layers[1].copy()
    cut.putalpha(alpha)
    return cut
