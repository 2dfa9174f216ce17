"""Pictures of the mug, the jam and the tea towel."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BIRCH,
    BLUEBERRY,
    BLUSH,
    CORNFLOWER,
    CREAM,
    DUSK,
    GOOSEBERRY,
    HEATHER,
    LILAC,
    LINEN,
    MINT,
    MIST,
    MOSS,
    OAK,
    PAPER,
    PLUM,
    RASPBERRY,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import box
from berrypod.demo.goods.jam import jar
from berrypod.demo.goods.linens import folded_towel, hanging_towel, towel
from berrypod.demo.goods.mug import TEA, mug
from berrypod.demo.motifs.berries import BLACK, blueberry, currants, gooseberry, raspberry
from berrypod.demo.motifs.prints import Design, blueberries, currant_branch, jam_today, readable_on
from berrypod.demo.scenes import backdrops, home, kitchen
from berrypod.demo.shots.shot import Draw, Shot, flat, lying, stand, standing

MUG_COLOURS: dict[str, tuple[Colour, Colour, Colour]] = {
    "Cream": (CREAM, BLUSH, ROSE),
    "Plum": (PLUM, LILAC, HEATHER),
    "Blueberry": (BLUEBERRY, MIST, CORNFLOWER),
    "Gooseberry": (GOOSEBERRY, MINT, GOOSEBERRY.paler(0.4)),
}
FLAVOURS: dict[str, tuple[Colour, Colour, Design, Colour, Colour]] = {
    "Raspberry": (RASPBERRY.deeper(0.2), RASPBERRY, raspberry, BLUSH, ROSE),
    "Blackcurrant": (BLACK.shade, PLUM, currants, LILAC, HEATHER),
    "Gooseberry": (GOOSEBERRY.deeper(0.12), MOSS, gooseberry, MINT, GOOSEBERRY.paler(0.35)),
    "Blueberry": (DUSK, BLUEBERRY, blueberry, MIST, CORNFLOWER),
}
TOWELS: dict[str, tuple[Colour, Colour, Design, Colour]] = {
    "Currant": (LINEN, PLUM, currant_branch, MINT),
    "Blueberry": (CREAM, BLUEBERRY, blueberries, MIST.paler(0.2)),
}


def mug_in(name: str, *, drink: Colour | None = None, steam: bool = False) -> Draw:
    """The mug in one of its glazes."""
    glaze = MUG_COLOURS[name][0]
    return partial(mug, glaze=glaze, design=partial(jam_today, ink=readable_on(glaze)), drink=drink, steam=steam)


def jar_of(flavour: str) -> Draw:
    """A jar of one of the flavours."""
    fruit, cloth, design, _wall, _disc = FLAVOURS[flavour]
    return partial(jar, name=flavour.lower(), fruit=fruit, cloth=cloth, design=design)


def _breakfast(canvas: Canvas) -> None:
    home.wall(canvas, MIST.paler(0.3))
    home.window_light(canvas, 110, 110, 1.1)
    backdrops.boards(canvas, planks=2, top=720)
    for index, (colour, text) in enumerate(
        ((MOSS, "hedges"), (RASPBERRY, "jam for one"), (BLUEBERRY, "on soft fruit"))
    ):
        y = 812 - index * 62
        spine = box(590 + index * 14, y - 58, 930 - index * 18, y, round_by=6)
        canvas.shadow(spine, 8, 10, soft=10, alpha=0.3)
        canvas.fill(spine, colour)
        write(canvas, text, 760, y - 20, 19, CREAM, weight=0.18)
    stand(canvas, mug_in("Cream", drink=TEA, steam=True), 330, 850, base=184, width=290, scale=1.25)
    for x, y, turn in ((640, 893, 0), (760, 915, 30)):
        lying(canvas, kitchen.biscuit, x, y, 0.9, turn)


def _two_sizes(canvas: Canvas) -> None:
    backdrops.studio(canvas, BLUSH, CREAM, horizon=690, disc=ROSE.paler(0.2))
    stand(canvas, mug_in("Plum"), 300, 790, base=184, width=290, scale=0.86)
    stand(canvas, mug_in("Gooseberry"), 660, 800, base=184, width=290, scale=1.12)
    write(canvas, "250 ml", 300, 910, 24, PLUM, weight=0.18)
    write(canvas, "400 ml", 660, 910, 24, PLUM, weight=0.18)


def _mug_shelf(canvas: Canvas) -> None:
    home.wall(canvas, MINT, panelled=True)
    for y in (450, 850):
        kitchen.shelf(canvas, y, 60, 940)
    for name, x, y in (("Cream", 270, 436), ("Plum", 680, 436), ("Blueberry", 270, 836), ("Gooseberry", 680, 836)):
        stand(canvas, mug_in(name), x, y, base=184, width=250, scale=0.82)


def _larder(canvas: Canvas) -> None:
    home.wall(canvas, LINEN, panelled=True)
    for y in (440, 860):
        kitchen.shelf(canvas, y, 40, 960)
    for index, flavour in enumerate(FLAVOURS):
        stand(canvas, jar_of(flavour), 160 + index * 228, 844, base=198, width=230, scale=0.78)
    for index, flavour in enumerate(("Gooseberry", "Raspberry", "Blueberry")):
        stand(canvas, jar_of(flavour), 200 + index * 190, 424, base=198, width=230, scale=0.62)
    stand(canvas, partial(kitchen.bowl, colour=MIST), 800, 424, base=120, width=180, scale=0.72)


def _toast(canvas: Canvas) -> None:
    backdrops.boards(canvas, BIRCH.paler(0.2))
    with canvas.placed(400, 540, 1.0):
        kitchen.plate(canvas, 330)
        lying(canvas, partial(kitchen.toast, jam=None), -70, -50, 1.2, -24)
        lying(canvas, partial(kitchen.toast, jam=RASPBERRY.deeper(0.14)), 50, 40, 1.25, 10)
    lying(canvas, kitchen.knife, 815, 560, 1.2, 12)
    lying(canvas, partial(kitchen.jar_lid, cloth=RASPBERRY), 790, 190, 1.1, 14)
    kitchen.loose_berries(canvas, ((140, 180, -40), (225, 130, 30), (900, 900, 60), (820, 930, -20)))


def _jam_sizes(canvas: Canvas) -> None:
    backdrops.studio(canvas, LILAC, CREAM, horizon=700, disc=HEATHER)
    for x, scale, text in ((190, 0.66, "110 g"), (450, 0.9, "220 g"), (770, 1.1, "340 g")):
        stand(canvas, jar_of("Blackcurrant"), x, 800, base=198, width=230, scale=scale)
        write(canvas, text, x, 910, 24, PLUM, weight=0.18)


def towel_in(name: str) -> Draw:
    """The towel in one of its colours, laid flat."""
    ground, stripe, design, _sheet = TOWELS[name]
    return partial(towel, ground=ground, stripe=stripe, design=design)


def _oven_rail(canvas: Canvas) -> None:
    home.wall(canvas, PAPER)
    for y in range(0, 1000, 125):
        for x in range(0, 1000, 125):
            canvas.line(box(x, y, x + 125, y + 125), LINEN.deeper(0.1), 3, alpha=0.5, closed=True)
    kitchen.rail(canvas, 235, 60, 940)
    for name, x in (("Currant", 290), ("Blueberry", 700)):
        ground, stripe, design, _sheet = TOWELS[name]
        lying(canvas, partial(hanging_towel, ground=ground, stripe=stripe, design=design), x, 540, 1.02)


def _towel_pair(canvas: Canvas) -> None:
    backdrops.boards(canvas)
    lying(canvas, partial(folded_towel, ground=LINEN, stripe=PLUM), 430, 400, 1.35, -6)
    lying(canvas, partial(folded_towel, ground=CREAM, stripe=BLUEBERRY), 560, 690, 1.35, 5)
    kitchen.loose_berries(canvas, ((130, 760, 20), (190, 830, -50), (870, 230, 70)), 52)


def _mugs() -> tuple[Shot, ...]:
    fronts = tuple(
        Shot(
            name=f"jam-today-mug-{name.lower()}",
            alt=f"{name} stoneware mug that says jam today",
            ground=wall,
            draw=standing(mug_in(name), wall, CREAM, base=184, width=290, scale=1.3, x=478, disc=disc),
            choice=name,
        )
        for name, (_glaze, wall, disc) in MUG_COLOURS.items()
    )
    return (
        *fronts,
        Shot(
            name="jam-today-mug-breakfast",
            alt="The cream mug full of tea, with biscuits and a pile of books",
            ground=MIST,
            draw=_breakfast,
        ),
        Shot(name="jam-today-mug-sizes", alt="The small and the large mug side by side", ground=BLUSH, draw=_two_sizes),
        Shot(name="jam-today-mug-shelf", alt="All four glazes on two kitchen shelves", ground=MINT, draw=_mug_shelf),
    )


def _jams() -> tuple[Shot, ...]:
    fronts = tuple(
        Shot(
            name=f"kitchen-garden-jam-{name.lower()}",
            alt=f"A jar of {name.lower()} jam with a gingham bonnet",
            ground=wall,
            draw=standing(jar_of(name), wall, CREAM, base=198, width=260, scale=1.3, disc=disc),
            choice=name,
        )
        for name, (_fruit, _cloth, _design, wall, disc) in FLAVOURS.items()
    )
    return (
        *fronts,
        Shot(name="kitchen-garden-jam-toast", alt="Raspberry jam on toast, seen from above", ground=BIRCH, draw=_toast),
        Shot(
            name="kitchen-garden-jam-larder",
            alt="Two larder shelves of jam and a bowl of raspberries",
            ground=LINEN,
            draw=_larder,
        ),
        Shot(name="kitchen-garden-jam-sizes", alt="The three sizes of jar side by side", ground=LILAC, draw=_jam_sizes),
    )


MUG = _mugs()
JAM = _jams()
TOWEL = (
    *(
        Shot(
            name=f"currant-tea-towel-{name.lower()}",
            alt=f"Linen tea towel with {name.lower()}s and woven stripes, laid flat",
            ground=sheet,
            draw=flat(towel_in(name), scale=1.24, turn=turn),
            choice=name,
        )
        for (name, (_ground, _stripe, _design, sheet)), turn in zip(TOWELS.items(), (-2, 2), strict=True)
    ),
    Shot(name="currant-tea-towel-rail", alt="Both tea towels hanging over a rail", ground=PAPER, draw=_oven_rail),
    Shot(name="currant-tea-towel-folded", alt="A pair of tea towels folded on a table", ground=OAK, draw=_towel_pair),
)
