"""The tote bag: flat, and hanging full."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import Colour
from berrypod.demo.drawing.paths import Path, smooth, svg, symmetric
from berrypod.demo.drawing.texture import linen_tile
from berrypod.demo.goods.shading import cloth, folds, stitches
from berrypod.demo.motifs.prints import Design

_FLAT = symmetric(svg("M 0 -130 L 214 -130 C 218 40 222 200 226 316 C 226 326 220 330 212 330 L 0 334"))
_FULL = symmetric(svg("M 0 -120 L 196 -130 C 226 40 250 170 236 282 C 230 322 196 336 150 338 L 0 342"))
_FOLDS: tuple[Path, ...] = (
    ((-216, -40), (-150, 20), (-130, 110)),
    ((220, 30), (170, 90), (150, 190)),
    ((-220, 240), (-150, 250), (-60, 300)),
    ((210, 318), (150, 270), (160, 210)),
)
_FULL_FOLDS: tuple[Path, ...] = (
    ((-110, -120), (-130, 20), (-180, 160)),
    ((108, -120), (130, 20), (190, 150)),
    ((-220, 280), (-120, 230), (-30, 250)),
    ((226, 260), (140, 220), (60, 244)),
)


def tote(canvas: Canvas, colour: Colour, design: Design, *, full: bool = False) -> None:
    """About 460 wide; the handles reach to 330 above the middle, and when full meet at the hook at (0, -330)."""
    outline = _FULL if full else _FLAT
    _handle(canvas, colour.deeper(0.16), full=full, behind=True)
    canvas.shadow(outline, 12, 20, soft=22, alpha=0.34)
    cloth(canvas, outline, colour, linen_tile(), strength=0.9)
    with canvas.placed(0, 110, 148):
        design(canvas)
    with canvas.clipped(outline):
        folds(canvas, _FULL_FOLDS if full else _FOLDS, colour, width=34 if full else 26)
        canvas.line([(222, -130), (232, 330)], colour.deeper(0.5), 36, alpha=0.3, soft=16)
    stitches(canvas, [(-206, -98), (206, -98)], colour.deeper(0.45), gap=6)
    _handle(canvas, colour, full=full, behind=False)


def _handle(canvas: Canvas, colour: Colour, *, full: bool, behind: bool) -> None:
    reach = -344 if behind else -330
    if full:
        half = [(108, -86), (96, -150), (60, -262), (10, reach)]
        line = smooth([*half, *[(-x, y) for x, y in reversed(half)]], closed=False)
    else:
        half = [(108, -86), (106, -190), (82, -286), (24, reach)]
        line = smooth([*half, *[(-x, y) for x, y in reversed(half)]], closed=False)
    if not behind:
        canvas.line([(x + 7, y + 12) for x, y in line], colour.deeper(0.8), 30, alpha=0.22, soft=8)
    canvas.line(line, colour.deeper(0.12), 32)
    canvas.line(line, colour, 27)
    stitches(canvas, [(x * 0.9, y) for x, y in line], colour.deeper(0.4), gap=6, alpha=0.4)
    if not behind:
        for x in (-108, 108):
            patch = [(x - 16, -108), (x + 16, -108), (x + 16, -68), (x - 16, -68)]
            canvas.fill(patch, colour)
            canvas.lines(
                [[*patch, patch[0]], [patch[0], patch[2]], [patch[1], patch[3]]], colour.deeper(0.45), 1.8, alpha=0.6
            )
