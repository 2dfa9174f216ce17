"""Pictures of the socks, the tote bag and the apron."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BIRCH,
    BLUSH,
    CLAY,
    CREAM,
    GOOSEBERRY,
    LILAC,
    LINEN,
    MINT,
    MIST,
    MOSS,
    NIGHT,
    OAT,
    PAPER,
    PLUM,
    RASPBERRY,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import box, svg
from berrypod.demo.drawing.texture import jersey_tile
from berrypod.demo.goods import socks
from berrypod.demo.goods.apron import apron
from berrypod.demo.goods.shading import cloth
from berrypod.demo.goods.tote import tote
from berrypod.demo.motifs.berries import raspberry
from berrypod.demo.motifs.prints import Design, soft_fruit, wordmark
from berrypod.demo.scenes import backdrops, home, kitchen
from berrypod.demo.shots.shot import Draw, Shot, flat, lying

SOCKS: dict[str, tuple[Colour, Colour, Design, Colour]] = {
    "Plum": (PLUM, RASPBERRY, raspberry, BLUSH),
    "Gooseberry": (GOOSEBERRY, MOSS, raspberry, MIST),
    "Blush": (BLUSH.mixed(ROSE, 0.25), PLUM, raspberry, MINT),
}
TOTES: dict[str, tuple[Colour, Colour]] = {
    "Natural": (PAPER, LILAC),
    "Plum": (PLUM, BLUSH),
    "Gooseberry": (GOOSEBERRY.paler(0.15), PAPER),
}
APRONS: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    "Plum": (PLUM, OAT, CREAM, MINT),
    "Linen": (LINEN, CLAY, PLUM, MIST),
}


def tote_in(name: str, *, full: bool = False) -> Draw:
    """The bag in one of its colours."""
    colour = TOTES[name][0]
    return partial(tote, colour=colour, design=partial(soft_fruit, ink=CREAM if colour.dark else PLUM), full=full)


def apron_in(name: str, *, filled: bool = False) -> Draw:
    """The apron in one of its colours."""
    colour, strap, ink, _sheet = APRONS[name]
    return partial(apron, colour=colour, strap=strap, design=partial(wordmark, ink=ink, size=0.56), filled=filled)


def sock_pair(name: str) -> Draw:
    """A pair in one of its colours."""
    colour, trim, design, _sheet = SOCKS[name]
    return partial(socks.pair, colour=colour, trim=trim, design=design)


def _feet_up(canvas: Canvas) -> None:
    home.wall(canvas, LILAC.mixed(LINEN, 0.4))
    home.window_light(canvas, 620, 90, 1.2)
    canvas.fill(box(0, 880, 1000, 1000), BIRCH)
    canvas.fill(box(0, 880, 1000, 1000), NIGHT, alpha=0.12, fade=(0, 880, 0, 940))
    backdrops.contact(canvas, 640, 960, 380)
    lying(canvas, partial(home.stool, colour=MINT), 640, 640)
    colour, trim, design, _sheet = SOCKS["Plum"]
    for x, y, turn in ((480, 484, -97), (560, 561, -84)):
        with canvas.placed(x, y, 0.92, turn):
            leg = svg("M -90 -840 L 92 -840 L 84 -262 L -84 -262 Z")
            canvas.shadow(leg, 8, 14, soft=16, alpha=0.3)
            cloth(canvas, leg, MIST.mixed(PLUM, 0.5), jersey_tile())
            socks.sock(canvas, colour, trim, socks.pips(round(x)), design)
            canvas.fill(box(-98, -330, 98, -262, round_by=12), MIST.mixed(PLUM, 0.42))


def _banded_pairs(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    for (colour, trim, design, _sheet), x, y, turn in zip(
        SOCKS.values(), (270, 690, 490), (330, 350, 730), (-7, 6, -2), strict=True
    ):
        lying(canvas, partial(socks.banded, colour=colour, trim=trim, design=design), x, y, 1.16, turn)


def _sock_detail(canvas: Canvas) -> None:
    colour, trim, design, _sheet = SOCKS["Blush"]
    backdrops.sheet(canvas)
    with canvas.placed(330, 240, 2.3, 4):
        socks.sock(canvas, colour, trim, socks.pips(3), design)


def _market(canvas: Canvas) -> None:
    home.wall(canvas, MINT.mixed(LINEN, 0.3), panelled=True)
    home.pegs(canvas, 130, 140, 860, (260, 500, 740))
    with canvas.placed(500, 530, 1.14):
        lying(canvas, kitchen.groceries, 0, -96, 0.9)
        tote_in("Natural", full=True)(canvas)
    canvas.shadow(box(490, 122, 510, 166, round_by=9), 4, 8, soft=5, alpha=0.3)
    canvas.fill(box(486, 118, 514, 168, round_by=14), BIRCH.deeper(0.2))


def _tote_detail(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, 1000, 1000), PLUM)
    lying(canvas, tote_in("Plum"), 330, 560, 2.5, 3)


def _on_peg(canvas: Canvas) -> None:
    home.wall(canvas, MIST.mixed(LINEN, 0.4), panelled=True)
    home.window_light(canvas, 90, 420, 1.1)
    home.pegs(canvas, 140, 100, 900, (250, 500, 750))
    lying(canvas, apron_in("Plum", filled=True), 500, 560, 1.18, 1.5)
    canvas.shadow(box(488, 132, 512, 168, round_by=10), 4, 8, soft=5, alpha=0.3)
    canvas.fill(box(486, 126, 514, 170, round_by=14), BIRCH.deeper(0.2))


def _apron_pocket(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, 1000, 1000), LINEN)
    lying(canvas, apron_in("Linen", filled=True), 500, 300, 2.4, -2)


def _apron_sizes(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    lying(canvas, apron_in("Plum"), 330, 460, 1.06, -2)
    lying(canvas, apron_in("Linen"), 745, 575, 0.72, 3)
    for x, text in ((330, "adult"), (745, "child")):
        write(canvas, text, x, 925, 30, PLUM, weight=0.18)


SOCK = (
    *(
        Shot(
            name=f"pip-socks-{name.lower()}",
            alt=f"A pair of {name.lower()} socks with little raspberries",
            ground=ground,
            draw=flat(sock_pair(name), scale=1.28, y=505),
            choice=name,
        )
        for name, (_colour, _trim, _design, ground) in SOCKS.items()
    ),
    Shot(name="pip-socks-worn", alt="Two feet in plum socks, up on a stool", ground=LILAC, draw=_feet_up),
    Shot(name="pip-socks-banded", alt="All three pairs folded in their paper bands", ground=LINEN, draw=_banded_pairs),
    Shot(
        name="pip-socks-detail", alt="The knitted berries and the ribbed cuff close up", ground=MIST, draw=_sock_detail
    ),
)
TOTE = (
    *(
        Shot(
            name=f"soft-fruit-tote-{name.lower()}",
            alt=f"{name} canvas bag that says soft fruit, handle with care",
            ground=ground,
            draw=flat(tote_in(name), scale=1.24, y=500, turn=turn),
            choice=name,
        )
        for (name, (_colour, ground)), turn in zip(TOTES.items(), (-2, 2, 0), strict=True)
    ),
    Shot(
        name="soft-fruit-tote-market",
        alt="The natural bag on a peg, full of leeks and bread",
        ground=MINT,
        draw=_market,
    ),
    Shot(
        name="soft-fruit-tote-detail", alt="The stitched handle and the print close up", ground=PLUM, draw=_tote_detail
    ),
)
APRON = (
    *(
        Shot(
            name=f"picking-apron-{name.lower()}",
            alt=f"{name} apron with a wide pocket, laid flat",
            ground=sheet,
            draw=flat(apron_in(name), scale=1.24, y=520),
            choice=name,
        )
        for name, (_colour, _strap, _ink, sheet) in APRONS.items()
    ),
    Shot(
        name="picking-apron-peg", alt="The plum apron on a peg, a wooden spoon in its pocket", ground=MIST, draw=_on_peg
    ),
    Shot(
        name="picking-apron-pocket", alt="The pocket close up, with spoon and cloth", ground=LINEN, draw=_apron_pocket
    ),
    Shot(
        name="picking-apron-sizes",
        alt="The adult's and the child's apron side by side",
        ground=BLUSH,
        draw=_apron_sizes,
    ),
)
