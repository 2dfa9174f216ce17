"""Pictures of the T-shirts and the hoodie."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BLUSH,
    CREAM,
    DUSK,
    HONEY,
    LILAC,
    LINEN,
    MINT,
    MIST,
    MOSS,
    PAPER,
    PLUM,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import box
from berrypod.demo.drawing.texture import jersey_tile
from berrypod.demo.goods.hoodie import folded_hoodie, hoodie
from berrypod.demo.goods.shading import cloth
from berrypod.demo.goods.tee import tee
from berrypod.demo.motifs.prints import Design, big_strawberry, bramble, sprig, wordmark
from berrypod.demo.scenes import backdrops, home
from berrypod.demo.scenes.hedgerow import hills
from berrypod.demo.shots.shot import Shot, flat, lying

TEE_COLOURS: dict[str, tuple[Colour, Colour]] = {
    "Cream": (CREAM, BLUSH),
    "Plum": (PLUM, MINT),
    "Mist": (MIST, CREAM),
    "Blush": (BLUSH, LINEN),
}
HOODIE_COLOURS: dict[str, tuple[Colour, Colour]] = {
    "Plum": (PLUM, BLUSH),
    "Moss": (MOSS, CREAM),
    "Dusk": (DUSK, MIST),
}
PIP_COLOURS: dict[str, tuple[Colour, Colour]] = {"Mint": (MINT, LILAC), "Honey": (HONEY.paler(0.25), MIST)}


def small_mark(canvas: Canvas) -> None:
    """The little name between the shoulders."""
    with canvas.placed(0, -1.14, 0.6):
        wordmark(canvas, PLUM)


def _chest(ink: Colour) -> Design:
    return partial(wordmark, ink=ink, size=0.62)


def _folded(canvas: Canvas, colour: Colour, y: float, design: Design | None = None) -> None:
    """One folded shirt in a pile, seen from the front and a little from above."""
    front = box(-300, y, 300, y + 74, round_by=34)
    canvas.shadow(front, 8, 12, soft=12, alpha=0.34)
    cloth(canvas, front, colour, jersey_tile())
    canvas.line([(-286, y + 37), (292, y + 35)], colour.deeper(0.5), 4, alpha=0.45)
    canvas.line([(-286, y + 33), (292, y + 31)], colour.paler(0.4), 3, alpha=0.5)
    if design is None:
        return
    top = [(-262.0, y - 150), (262.0, y - 150), (302.0, y + 20), (-302.0, y + 20)]
    cloth(canvas, top, colour, jersey_tile())
    with canvas.clipped(top), canvas.placed(0, y - 50, 92, tall=0.72):
        design(canvas)


def _pile(canvas: Canvas) -> None:
    backdrops.studio(canvas, MINT, CREAM, horizon=640)
    backdrops.contact(canvas, 500, 842, 640, depth=0.1)
    with canvas.placed(500, 520):
        for index, colour in enumerate((PLUM, BLUSH, MIST)):
            _folded(canvas, colour, 246 - index * 76)
        _folded(canvas, CREAM, 18, sprig)


def _wardrobe(canvas: Canvas) -> None:
    home.wall(canvas, LINEN, panelled=True)
    home.window_light(canvas, 90, 560, 1.2)
    home.pegs(canvas, 210, 40, 960, (190, 500, 810))
    for x, colour, turn in ((810, MIST, 3), (190, PLUM, -3), (500, CREAM, 0)):
        with canvas.placed(x, 210 + 78, 0.86, turn):
            home.hanger(canvas)
            with canvas.placed(0, 285):
                tee(canvas, colour, sprig)


def _tee_detail(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, 1000, 1000), CREAM)
    lying(canvas, partial(tee, colour=CREAM, design=sprig), 470, 470, 2.6, -4)


def _hoodie_hung(canvas: Canvas) -> None:
    home.wall(canvas, MINT.mixed(LINEN, 0.3), panelled=True)
    home.window_light(canvas, 90, 360, 1.1)
    home.pegs(canvas, 150, 120, 880, (260, 500, 740))
    with canvas.placed(500, 520, 1.08, 2):
        hoodie(canvas, DUSK, _chest(CREAM))
    with canvas.placed(500, 150):
        canvas.fill(box(-9, -16, 9, 30, round_by=9), DUSK.deeper(0.2))


def _hoodie_folded(canvas: Canvas) -> None:
    backdrops.boards(canvas)
    for x, y, turn, colour in ((270, 330, -8, PLUM), (720, 400, 7, MOSS), (480, 720, -3, DUSK)):
        with canvas.placed(x, y, 0.86, turn):
            folded_hoodie(canvas, colour, _chest(CREAM))


def _line_of_pips(canvas: Canvas) -> None:
    sky = MIST.paler(0.2)
    canvas.fill(box(0, 0, 1000, 1000), sky)
    canvas.glow(280, 180, 420, 360, CREAM, 0.8)
    hills(canvas, 0.74)
    home.washing_line(canvas, 230)
    for x, colour, turn in ((270, MINT, 4), (740, HONEY.paler(0.25), -4)):
        with canvas.placed(x, 228, 0.66, turn):
            with canvas.placed(0, 280):
                tee(canvas, colour, big_strawberry)
            for peg in (-150, 150):
                home.clothes_peg(canvas, peg, 10)


def _pip_detail(canvas: Canvas) -> None:
    colour = PIP_COLOURS["Honey"][0]
    canvas.fill(box(0, 0, 1000, 1000), colour)
    lying(canvas, partial(tee, colour=colour, design=big_strawberry), 520, 560, 2.3, 5)
    with canvas.placed(205, 860, 1.0, -8):
        tag = box(-130, -70, 130, 70, round_by=16)
        canvas.shadow(tag, 6, 10, soft=10, alpha=0.34)
        canvas.fill(tag, PAPER)
        write(canvas, "little pip", 0, -4, 30, PLUM, weight=0.22)
        write(canvas, "washes at 40", 0, 40, 14, PLUM, weight=0.18)


TEE = (
    *(
        Shot(
            name=f"raspberry-sprig-t-shirt-{name.lower()}",
            alt=f"{name} T-shirt with a printed sprig of raspberries, laid flat",
            ground=ground,
            draw=flat(partial(tee, colour=colour, design=sprig), scale=1.16, y=490),
            choice=name,
        )
        for name, (colour, ground) in TEE_COLOURS.items()
    ),
    Shot(
        name="raspberry-sprig-t-shirt-hanging",
        alt="Three T-shirts on hangers along a peg rail",
        ground=LINEN,
        draw=_wardrobe,
    ),
    Shot(name="raspberry-sprig-t-shirt-print", alt="The printed raspberries close up", ground=CREAM, draw=_tee_detail),
    Shot(
        name="raspberry-sprig-t-shirt-back",
        alt="The back of the blush T-shirt, with a small Berrypod mark between the shoulders",
        ground=MINT,
        draw=flat(partial(tee, colour=BLUSH, design=small_mark, back=True), scale=1.16, y=490),
    ),
    Shot(name="raspberry-sprig-t-shirt-folded", alt="All four colours folded in a pile", ground=MINT, draw=_pile),
)
HOODIE = (
    *(
        Shot(
            name=f"bramble-hoodie-{name.lower()}",
            alt=f"{name} hoodie with the Berrypod mark on its chest, laid flat",
            ground=ground,
            draw=flat(partial(hoodie, colour=colour, design=_chest(CREAM)), scale=1.16),
            choice=name,
        )
        for name, (colour, ground) in HOODIE_COLOURS.items()
    ),
    Shot(
        name="bramble-hoodie-back",
        alt="The back of the moss hoodie: a bramble from flower to ripe blackberry",
        ground=BLUSH.mixed(LINEN, 0.4),
        draw=flat(partial(hoodie, colour=MOSS, design=bramble, back=True), scale=1.16, leaves=4),
    ),
    Shot(name="bramble-hoodie-hanging", alt="The dusk hoodie on a peg in the hall", ground=MINT, draw=_hoodie_hung),
    Shot(
        name="bramble-hoodie-folded", alt="All three colours folded on a wooden floor", ground=ROSE, draw=_hoodie_folded
    ),
)
PIP = (
    *(
        Shot(
            name=f"little-pip-t-shirt-{name.lower()}",
            alt=f"{name} children's T-shirt with a contented strawberry",
            ground=ground,
            draw=flat(partial(tee, colour=colour, design=big_strawberry), scale=1.0, y=500),
            choice=name,
        )
        for name, (colour, ground) in PIP_COLOURS.items()
    ),
    Shot(name="little-pip-t-shirt-line", alt="Two small T-shirts on a washing line", ground=MIST, draw=_line_of_pips),
    Shot(
        name="little-pip-t-shirt-detail",
        alt="The strawberry's face close up, with its label",
        ground=HONEY,
        draw=_pip_detail,
    ),
)
