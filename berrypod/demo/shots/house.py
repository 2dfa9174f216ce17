"""Pictures of the cushion, the candle and the enamel pins."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BLUSH,
    CORNFLOWER,
    CREAM,
    DUSK,
    GOOSEBERRY,
    HEATHER,
    INK,
    LILAC,
    LINEN,
    MINT,
    MIST,
    MOSS,
    MULBERRY,
    NIGHT,
    PAPER,
    PLUM,
    RASPBERRY,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import Path, box
from berrypod.demo.goods import trinkets
from berrypod.demo.goods.candle import candle, carton
from berrypod.demo.goods.linens import cushion, cushion_back
from berrypod.demo.goods.tote import tote
from berrypod.demo.motifs.berries import BLACK, blueberry, gooseberry, raspberry
from berrypod.demo.motifs.foliage import leaf_spray
from berrypod.demo.motifs.prints import Design, Repeat, bramble, gooseberries, soft_fruit, sprig
from berrypod.demo.scenes import backdrops, home
from berrypod.demo.shots.shot import Draw, Shot, flat, lying, stand, standing

_FIELD = Repeat((blueberry, blueberry, blueberry), 2.3, 2.3, 0.34, 0.13)
CUSHIONS: dict[str, tuple[Colour, Colour, Colour]] = {"Mint": (MINT, CREAM, BLUSH), "Cream": (CREAM, CORNFLOWER, MIST)}
SCENTS: dict[str, tuple[Colour, Design, Colour, Colour]] = {
    "Bramble & Dusk": (BLACK.skin, bramble, LILAC, HEATHER),
    "Raspberry Leaf": (RASPBERRY, sprig, BLUSH, ROSE),
    "Gooseberry Fool": (GOOSEBERRY, gooseberries, MINT, GOOSEBERRY.paler(0.35)),
}
PINS: dict[str, tuple[Design, Path, Colour, Colour]] = {
    "Raspberry": (raspberry, trinkets.BERRY_RIM, BLUSH, MINT),
    "Blueberry": (blueberry, trinkets.ROUND_RIM, MIST, LINEN),
    "Gooseberry": (gooseberry, trinkets.GOOSEBERRY_RIM, MINT, LILAC),
}


def cushion_in(name: str) -> Draw:
    """The cushion in one of its grounds."""
    ground, piping, _sheet = CUSHIONS[name]
    return partial(cushion, ground=ground, design=_FIELD, piping=piping)


def candle_of(scent: str, *, lit: bool = False) -> Draw:
    """The candle in one of its scents."""
    glass, design, _wall, _disc = SCENTS[scent]
    return partial(candle, name=scent.lower(), glass=glass, design=design, lit=lit)


def _in_armchair(canvas: Canvas) -> None:
    home.wall(canvas, BLUSH.mixed(LINEN, 0.45))
    home.window_light(canvas, 90, 80, 1.1)
    canvas.fill(box(0, 860, 1000, 1000), PAPER.deeper(0.12))
    backdrops.contact(canvas, 500, 940, 720, depth=0.09)
    lying(canvas, partial(home.armchair, colour=MOSS.paler(0.12)), 500, 610)
    lying(canvas, cushion_in("Mint"), 500, 545, 0.72, 7)


def _cushion_sizes(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    lying(canvas, cushion_in("Mint"), 290, 510, 0.8, -4)
    lying(canvas, cushion_in("Cream"), 700, 470, 0.98, 4)
    for x, text in ((310, "40 cm"), (720, "50 cm")):
        write(canvas, text, x, 870, 30, PLUM, weight=0.18)


def _evening(canvas: Canvas) -> None:
    wall = DUSK.mixed(NIGHT, 0.35)
    canvas.fill(box(0, 0, 1000, 1000), wall)
    canvas.fill(box(0, 760, 1000, 1000), INK)
    canvas.glow(470, 460, 620, 560, MULBERRY, 0.5)
    backdrops.contact(canvas, 470, 836, 300, alpha=0.7)
    for x, scale, turn in ((800, 120, 20), (880, 90, -24)):
        with canvas.placed(x, 840, scale, turn):
            leaf_spray(canvas, MOSS.deeper(0.3))
    with canvas.placed(470, 842 - 188 * 1.35, 1.35):
        candle_of("Bramble & Dusk", lit=True)(canvas)
    canvas.glow(470, 850, 420, 60, ROSE, 0.3)


def _candle_sizes(canvas: Canvas) -> None:
    backdrops.studio(canvas, BLUSH, CREAM, horizon=690, disc=ROSE.paler(0.2))
    for x, scale, text in ((190, 0.66, "90 g"), (450, 0.88, "180 g"), (770, 1.14, "400 g")):
        stand(canvas, candle_of("Raspberry Leaf"), x, 800, base=188, width=250, scale=scale)
        write(canvas, text, x, 910, 24, PLUM, weight=0.18)


def _boxed(canvas: Canvas) -> None:
    backdrops.studio(canvas, MINT, CREAM, horizon=700, disc=GOOSEBERRY.paler(0.4))
    stand(canvas, partial(carton, colour=PLUM, design=bramble), 360, 800, base=188, width=270, scale=1.2)
    stand(canvas, candle_of("Bramble & Dusk"), 710, 830, base=188, width=250, scale=0.98)


def _on_denim(canvas: Canvas) -> None:
    home.denim(canvas)
    for name, x, y, size, turn in (
        ("Raspberry", 330, 300, 120, -8),
        ("Blueberry", 540, 470, 82, 10),
        ("Gooseberry", 180, 500, 76, 6),
    ):
        draw, rim, _card, _sheet = PINS[name]
        lying(canvas, partial(trinkets.pin, draw=draw, rim=rim), x, y, size, turn)


def _on_bag(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, 1000, 1000), PAPER)
    lying(canvas, partial(tote, colour=PAPER, design=partial(soft_fruit, ink=PLUM)), 420, 420, 2.5, -3)
    for name, x, y, size, turn in (("Blueberry", 760, 260, 96, 8), ("Raspberry", 880, 440, 80, -8)):
        draw, rim, _card, _sheet = PINS[name]
        lying(canvas, partial(trinkets.pin, draw=draw, rim=rim), x, y, size, turn)


CUSHION = (
    *(
        Shot(
            name=f"blueberry-field-cushion-{name.lower()}",
            alt=f"{name} cushion strewn with blueberries",
            ground=sheet,
            draw=flat(cushion_in(name), scale=1.42),
            choice=name,
        )
        for name, (_ground, _piping, sheet) in CUSHIONS.items()
    ),
    Shot(
        name="blueberry-field-cushion-armchair",
        alt="The mint cushion in a green armchair",
        ground=BLUSH,
        draw=_in_armchair,
    ),
    Shot(name="blueberry-field-cushion-sizes", alt="The two sizes side by side", ground=LINEN, draw=_cushion_sizes),
    Shot(
        name="blueberry-field-cushion-back",
        alt="The plain back with three wooden buttons",
        ground=LILAC,
        draw=flat(partial(cushion_back, ground=MINT), scale=1.42),
    ),
)
CANDLE = (
    *(
        Shot(
            name=f"evening-hedge-candle-{name.lower().replace(' & ', '-').replace(' ', '-')}",
            alt=f"Candle in a coloured tumbler, scent {name}",
            ground=wall,
            draw=standing(candle_of(name), wall, CREAM, base=188, width=250, scale=1.45, disc=disc),
            choice=name,
        )
        for name, (_glass, _design, wall, disc) in SCENTS.items()
    ),
    Shot(name="evening-hedge-candle-lit", alt="The bramble candle burning in the evening", ground=DUSK, draw=_evening),
    Shot(name="evening-hedge-candle-sizes", alt="The three sizes side by side", ground=BLUSH, draw=_candle_sizes),
    Shot(name="evening-hedge-candle-box", alt="A candle beside its plum box", ground=MINT, draw=_boxed),
)
PIN = (
    *(
        Shot(
            name=f"berry-enamel-pin-{name.lower()}",
            alt=f"{name} pin of hard enamel on its card",
            ground=sheet,
            draw=flat(
                partial(trinkets.pin_card, name=name.lower(), ground=card, draw=draw, rim=rim), scale=1.55, turn=turn
            ),
            choice=name,
        )
        for (name, (draw, rim, card, sheet)), turn in zip(PINS.items(), (-4, 3, -2), strict=True)
    ),
    Shot(name="berry-enamel-pin-jacket", alt="All three pins on a denim jacket", ground=DUSK, draw=_on_denim),
    Shot(name="berry-enamel-pin-bag", alt="Two pins on a canvas bag", ground=PAPER, draw=_on_bag),
)
