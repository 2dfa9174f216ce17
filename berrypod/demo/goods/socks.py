"""Socks: a pair laid flat, and worn."""

from collections.abc import Sequence

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import CREAM, MILK, PLUM, Colour
from berrypod.demo.drawing.paths import Path, box, svg
from berrypod.demo.drawing.texture import grain_tile, jersey_tile
from berrypod.demo.goods.shading import cloth, folds
from berrypod.demo.motifs.prints import Design

SOCK = svg(
    "M -76 -290 C -40 -298 40 -298 76 -290 C 74 -190 70 -80 74 10 C 76 60 110 100 160 132 C 214 166 238 200 226 242 "
    "C 214 282 166 292 118 282 C 60 270 -10 232 -52 176 C -86 130 -84 60 -80 -20 C -78 -110 -74 -200 -76 -290 Z"
)
_HEEL = svg("M -84 60 C -40 74 -16 110 -20 150 C -24 186 -44 190 -52 176 C -86 130 -86 90 -84 60 Z")
_TOE = svg("M 160 132 C 130 170 116 240 126 300 L 260 300 L 260 120 Z")
_FOLDS: tuple[Path, ...] = (
    ((78, 30), (30, 40), (-10, 70)),
    ((80, -10), (40, 0), (10, 10)),
    ((-80, 20), (-50, 40), (-36, 70)),
)


def sock(
    canvas: Canvas, colour: Colour, trim: Colour, pips: Sequence[tuple[float, float, float]], design: Design
) -> None:
    """One sock pointing right, about 320 by 580; ``pips`` are where the little berries go, and their turns."""
    canvas.shadow(SOCK, 10, 16, soft=16, alpha=0.34)
    cloth(canvas, SOCK, colour, jersey_tile(), strength=1.0)
    with canvas.clipped(SOCK):
        for x, y, turn in pips:
            with canvas.placed(x, y, 19, turn):
                design(canvas)
        for part in (_HEEL, _TOE):
            canvas.fill(part, trim)
            canvas.weave(part, jersey_tile())
        canvas.fill(box(-100, -310, 100, -236), trim)
        canvas.lines([[(x, -300), (x, -238)] for x in range(-84, 90, 9)], trim.deeper(0.5), 2.6, alpha=0.4)
        folds(canvas, _FOLDS, colour)
        canvas.line(
            svg("M 76 -290 C 74 -190 70 -80 74 10 C 76 60 110 100 160 132"), colour.deeper(0.5), 22, alpha=0.3, soft=10
        )
        canvas.line(
            svg("M -52 176 C -10 232 60 270 118 282 C 166 292 214 282 226 242"),
            colour.deeper(0.5),
            26,
            alpha=0.36,
            soft=12,
        )


def pips(seed: int) -> list[tuple[float, float, float]]:
    """Places for the berries of one sock, in rows like a knitting chart."""
    places: list[tuple[float, float, float]] = []
    for row in range(9):
        y = -200 + row * 56.0
        start = -60 if (row + seed) % 2 else -32
        places.extend((start + column * 56.0, y, (row * 37 + column * 53 + seed * 11) % 40 - 20) for column in range(6))
    return places


def pair(canvas: Canvas, colour: Colour, trim: Colour, design: Design) -> None:
    """Two socks, one lying half over the other, about 460 wide."""
    with canvas.placed(-52, -14, 1.0, 8):
        sock(canvas, colour, trim, pips(1), design)
    with canvas.placed(70, 22, 1.0, -2):
        sock(canvas, colour, trim, pips(2), design)


def banded(canvas: Canvas, colour: Colour, trim: Colour, design: Design) -> None:
    """A folded pair in its paper band, about 300 by 330."""
    body = box(-140, -160, 140, 160, round_by=46)
    canvas.shadow(body, 10, 16, soft=16, alpha=0.38)
    cloth(canvas, body, colour, jersey_tile(), strength=1.0)
    with canvas.clipped(body):
        for index in range(30):
            with canvas.placed(
                -120 + (index % 6) * 50 + (25 if index // 6 % 2 else 0),
                -140 + index // 6 * 62,
                19,
                index * 29 % 40 - 20,
            ):
                design(canvas)
        canvas.fill(box(-150, -170, 150, -112), trim)
        canvas.lines([[(x, -166), (x, -114)] for x in range(-136, 140, 9)], trim.deeper(0.5), 2.6, alpha=0.4)
        canvas.glow(-60, -60, 140, 140, MILK, 0.2)
    band = box(-146, -38, 146, 84, round_by=4)
    canvas.shadow(band, 2, 5, soft=6, alpha=0.3)
    canvas.fill(band, CREAM)
    canvas.weave(band, grain_tile())
    write(canvas, "pip socks", 0, 26, 26, PLUM, weight=0.22)
    write(canvas, "for cold mornings", 0, 58, 11, PLUM, weight=0.18)
