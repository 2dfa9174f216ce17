"""The picking apron: flat, or hanging."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import GOLD, MIST, NIGHT, OAK, RASPBERRY, Colour
from berrypod.demo.drawing.paths import Path, box, ellipse, smooth, svg, symmetric
from berrypod.demo.drawing.texture import linen_tile
from berrypod.demo.goods.shading import cloth, folds, stitches
from berrypod.demo.motifs.prints import Design

_BODY = symmetric(
    svg("M 0 -250 L 96 -252 C 108 -180 140 -110 206 -78 L 214 300 C 214 314 206 322 194 323 C 120 328 60 330 0 330")
)
_POCKET = symmetric(svg("M 0 70 L 132 66 L 130 196 C 128 214 118 220 104 220 L 0 222"))
_FOLDS: tuple[Path, ...] = (
    ((-190, -70), (-130, 0), (-150, 120)),
    ((196, -60), (150, 10), (164, 130)),
    ((-120, 326), (-136, 260), (-120, 190)),
    ((150, 326), (140, 270), (160, 200)),
)


def apron(canvas: Canvas, colour: Colour, strap: Colour, design: Design, *, filled: bool = False) -> None:
    """About 430 wide and 660 high with its straps; hangs from (0, -356)."""
    loop = smooth([(-84, -244), (-74, -320), (0, -356), (74, -320), (84, -244)], closed=False)
    canvas.line([(x + 6, y + 12) for x, y in loop], NIGHT, 18, alpha=0.22, soft=8)
    canvas.line(loop, strap, 18)
    stitches(canvas, loop, strap.deeper(0.5), gap=5, alpha=0.5)
    for side in (1, -1):
        tie = smooth(
            [(204 * side, -70), (244 * side, -20), (250 * side, 90), (226 * side, 190), (248 * side, 262)], closed=False
        )
        canvas.line([(x + 6, y + 10) for x, y in tie], NIGHT, 14, alpha=0.2, soft=7)
        canvas.line(tie, strap, 14)
    canvas.shadow(_BODY, 12, 20, soft=20, alpha=0.34)
    cloth(canvas, _BODY, colour, linen_tile(), strength=0.9)
    with canvas.placed(0, -118, 78):
        design(canvas)
    with canvas.clipped(_BODY):
        folds(canvas, _FOLDS, colour, width=30)
    _edges(canvas, colour)
    if filled:
        _tools(canvas)
    pocket(canvas, colour)


def _edges(canvas: Canvas, colour: Colour) -> None:
    dark = colour.deeper(0.5)
    for side in (1, -1):
        curve = [(x * side, y) for x, y in svg("M 88 -246 C 100 -176 132 -104 198 -72 L 205 312")]
        stitches(canvas, curve, dark, gap=5)
        canvas.fill(ellipse(84 * side, -236, 7), GOLD)
        canvas.fill(ellipse(84 * side, -236, 3), NIGHT, alpha=0.6)
    stitches(canvas, [(-88, -240), (88, -240)], dark, gap=5)
    stitches(canvas, [(-204, 312), (204, 314)], dark, gap=5)


def pocket(canvas: Canvas, colour: Colour) -> None:
    """The wide front pocket in two compartments."""
    canvas.shadow(_POCKET, 3, 6, soft=6, alpha=0.32)
    cloth(canvas, _POCKET, colour.paler(0.06), linen_tile(), strength=0.9)
    dark = colour.deeper(0.5)
    stitches(canvas, [(x * 0.96, 144 + (y - 144) * 0.95) for x, y in _POCKET], dark, gap=5)
    stitches(canvas, [(26, 70), (26, 220)], dark, gap=5)
    canvas.fill(box(-132, 66, 132, 74), dark, alpha=0.3)
    for x in (-130, 130):
        canvas.fill(ellipse(x * 0.97, 74, 5), GOLD)


def _tools(canvas: Canvas) -> None:
    """A wooden spoon and a folded cloth, standing in the pocket."""
    with canvas.placed(-66, 112, 0.86, -8):
        canvas.fill(box(-8, -90, 8, 60, round_by=7), OAK)
        canvas.fill(ellipse(0, -120, 27, 40), OAK)
        canvas.fill(ellipse(-2, -122, 18, 29), OAK.deeper(0.18))
    with canvas.placed(80, 76, 1.0, 6):
        fold = box(-34, -58, 34, 60, round_by=8)
        canvas.shadow(fold, 2, 4, soft=4, alpha=0.3)
        canvas.fill(fold, MIST)
        canvas.fill(box(-34, -46, 34, -36), RASPBERRY)
        canvas.line([(2, -54), (2, 60)], NIGHT, 3, alpha=0.18)
