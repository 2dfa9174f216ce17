"""42 small close-ups, one for each colour, flavour, scent or paper that can be chosen."""

from collections.abc import Callable
from functools import partial

from PIL import Image

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import BLUSH, BRASS, CREAM, HONEY, MILK, NIGHT, PLUM, Colour
from berrypod.demo.drawing.paths import box, ellipse, smooth
from berrypod.demo.drawing.texture import grain_tile, jersey_tile, linen_tile
from berrypod.demo.goods.shading import folds, stitches
from berrypod.demo.goods.trinkets import STICKERS, sticker
from berrypod.demo.motifs.berries import blueberry, raspberry
from berrypod.demo.motifs.foliage import leaf_spray
from berrypod.demo.motifs.prints import Design, sprig
from berrypod.demo.shots import clothes, house, kitchen, paper, wear
from berrypod.demo.shots.shot import Draw, Shot

_SIZE = 200
_WHOLE = box(0, 0, _SIZE, _SIZE)


def _cloth(colour: Colour, tile: Callable[[], Image.Image]) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, colour)
        canvas.weave(_WHOLE, tile(), strength=1.0)
        folds(
            canvas,
            [((-10, 150), (80, 120), (150, 30), (190, -10)), ((40, 220), (130, 180), (210, 90))],
            colour,
            width=30,
        )

    return draw


def _ribbed(colour: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        _cloth(colour, jersey_tile)(canvas)
        canvas.lines([[(x, -5), (x, 205)] for x in range(4, 200, 14)], colour.deeper(0.5), 4.5, alpha=0.4)

    return draw


def _stitched(colour: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        _cloth(colour, linen_tile)(canvas)
        for x in (128, 142):
            stitches(canvas, [(x, -5), (x, 205)], colour.paler(0.5), gap=11, width=3.4, alpha=0.9)

    return draw


def _printed(colour: Colour, tile: Callable[[], Image.Image], design: Design, size: float) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, colour)
        canvas.weave(_WHOLE, tile(), strength=1.0)
        for x, y, turn in (
            (50, 56, -8),
            (150, 56, 10),
            (100, 130, 4),
            (0, 130, -6),
            (200, 130, 8),
            (50, 204, 0),
            (150, 204, 12),
        ):
            with canvas.placed(x, y, size, turn):
                design(canvas)

    return draw


def _striped(ground: Colour, stripe: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, ground)
        for y, width in ((64, 8), (100, 38), (136, 8)):
            canvas.line([(-20, y), (220, y)], stripe, width)
        canvas.weave(_WHOLE, linen_tile(), strength=1.0)

    return draw


def _glazed(colour: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, colour)
        canvas.fill(_WHOLE, NIGHT, alpha=0.3, fade=(200, 0, 70, 0))
        canvas.fill(box(34, -20, 62, 220), MILK, alpha=0.5, soft=9)

    return draw


def _wax(glass: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        _glazed(glass)(canvas)
        canvas.fill(box(-5, -5, 205, 46), glass.deeper(0.3))
        canvas.fill(ellipse(100, 46, 130, 20), CREAM)
        canvas.fill(ellipse(100, 44, 60, 10), HONEY, alpha=0.5, soft=5)

    return draw


def _jam(fruit: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, fruit)
        for index in range(22):
            x, y = (index * 61) % 210 - 5, (index * 47) % 210 - 5
            canvas.fill(ellipse(x, y, 17, 14, turn=index * 31), fruit.deeper(0.3), alpha=0.55)
            canvas.fill(ellipse(x - 4, y - 5, 6, 4), MILK, alpha=0.45)
        sweep = smooth([(-20, 150), (60, 110), (140, 120), (220, 60)], closed=False)
        canvas.line(sweep, MILK, 20, alpha=0.2, soft=9)

    return draw


def _sheet(colour: Colour, design: Design, size: float) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, colour)
        canvas.weave(_WHOLE, grain_tile(), strength=1.0)
        with canvas.placed(100, 106, size):
            design(canvas)

    return draw


def _leaf(canvas: Canvas) -> None:
    with canvas.placed(0, 0.68):
        leaf_spray(canvas)


def _bound(cloth: Colour) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.fill(_WHOLE, cloth)
        canvas.weave(_WHOLE, linen_tile(), strength=1.0)
        canvas.fill(box(0, 0, 52, 200), NIGHT, alpha=0.18)
        canvas.line([(53, -5), (53, 205)], NIGHT, 3, alpha=0.4)
        canvas.line([(57, -5), (57, 205)], MILK, 2, alpha=0.35)
        canvas.line(box(82, 26, 230, 174, round_by=6), BRASS, 4, closed=True)

    return draw


def _swatches() -> dict[str, dict[str, tuple[Colour, Draw]]]:
    """For each product, what can be chosen and how it is shown."""
    return {
        "raspberry-sprig-t-shirt": {n: (c, _cloth(c, jersey_tile)) for n, (c, _g) in clothes.TEE_COLOURS.items()},
        "bramble-hoodie": {n: (c, _ribbed(c)) for n, (c, _g) in clothes.HOODIE_COLOURS.items()},
        "little-pip-t-shirt": {n: (c, _cloth(c, jersey_tile)) for n, (c, _g) in clothes.PIP_COLOURS.items()},
        "jam-today-mug": {n: (c, _glazed(c)) for n, (c, _w, _d) in kitchen.MUG_COLOURS.items()},
        "soft-fruit-tote": {n: (c, _cloth(c, linen_tile)) for n, (c, _g) in wear.TOTES.items()},
        "raspberry-study-print": {n: (c, _sheet(c, _leaf, 84)) for n, (c, _g) in paper.PAPERS.items()},
        "hedgerow-notebook": {n: (c, _bound(c)) for n, (c, _g) in paper.CLOTHS.items()},
        "currant-tea-towel": {n: (g, _striped(g, s)) for n, (g, s, _d, _b) in kitchen.TOWELS.items()},
        "blueberry-field-cushion": {
            n: (c, _printed(c, linen_tile, blueberry, 29)) for n, (c, _p, _g) in house.CUSHIONS.items()
        },
        "punnet-of-stickers": {"Sheet": (BLUSH, _sheet(BLUSH, partial(sticker, design=STICKERS[0][0]), 64))},
        "kitchen-garden-jam": {n: (v[0], _jam(v[0])) for n, v in kitchen.FLAVOURS.items()},
        "evening-hedge-candle": {n: (v[0], _wax(v[0])) for n, v in house.SCENTS.items()},
        "berry-enamel-pin": {n: (v[2], _sheet(v[2], v[0], 74)) for n, v in house.PINS.items()},
        "pip-socks": {n: (v[0], _printed(v[0], jersey_tile, raspberry, 27)) for n, v in wear.SOCKS.items()},
        "picking-apron": {n: (v[0], _stitched(v[0])) for n, v in wear.APRONS.items()},
        "gift-card": {"Card": (PLUM, _sheet(PLUM, sprig, 74))},
    }


SWATCHES: dict[tuple[str, str], Shot] = {
    (slug, choice): Shot(
        name=f"swatch-{slug}-{choice.lower().replace(' & ', '-').replace(' ', '-')}",
        alt=f"{choice}, close up",
        ground=colour,
        draw=draw,
        choice=choice,
        width=_SIZE,
        height=_SIZE,
        density=1.0,
    )
    for slug, choices in _swatches().items()
    for choice, (colour, draw) in choices.items()
}
