"""The mug: standing, with its saying bent round it."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import CREAM, MILK, NIGHT, WALNUT, Colour
from berrypod.demo.drawing.paths import arc, ellipse, smooth, svg
from berrypod.demo.goods.shading import on_cylinder, rounded_body
from berrypod.demo.motifs.prints import Design

_HALF = 150.0
_RIM = 34.0
_BODY = svg(
    "M -150 -150 L -146 120 C -144 158 -120 176 -80 182 C -30 188 30 188 80 182 C 120 176 144 158 146 120 L 150 -150 "
    "C 150 -132 83 -116 0 -116 C -83 -116 -150 -132 -150 -150 Z"
)


def mug(canvas: Canvas, glaze: Colour, design: Design, *, drink: Colour | None = None, steam: bool = False) -> None:
    """About 420 wide with its handle and 360 high; stands on y = 184."""
    _handle(canvas, glaze)
    canvas.fill(_BODY, glaze)
    with canvas.bent(on_cylinder(_HALF, 26)), canvas.placed(-4, -6, 98):
        design(canvas)
    rounded_body(canvas, _BODY, -_HALF, _HALF, gloss=0.34)
    with canvas.clipped(_BODY):
        canvas.fill(ellipse(0, 190, 150, 26), NIGHT, alpha=0.3, soft=10)
    rim = ellipse(0, -150, _HALF, _RIM)
    canvas.fill(rim, glaze.paler(0.35))
    inner = ellipse(0, -149, _HALF - 10, _RIM - 6)
    canvas.fill(inner, CREAM.deeper(0.12))
    with canvas.clipped(inner):
        canvas.fill(ellipse(-60, -166, 130, 26), NIGHT, alpha=0.3, soft=9)
        canvas.fill(ellipse(70, -134, 80, 18), MILK, alpha=0.6, soft=8)
        if drink is not None:
            canvas.fill(ellipse(0, -132, _HALF - 16, _RIM - 8), drink)
            canvas.line(arc(0, -132, _HALF - 20, _RIM - 11, 20, 150), drink.paler(0.4), 3, alpha=0.7)
            canvas.fill(ellipse(-40, -140, 50, 8), MILK, alpha=0.25, soft=4)
    if steam:
        _steam(canvas)


def _handle(canvas: Canvas, glaze: Colour) -> None:
    loop = smooth([(140, -96), (206, -100), (242, -50), (232, 30), (190, 84), (138, 98)], closed=False)
    canvas.line([(x + 3, y + 5) for x, y in loop], glaze.deeper(0.5), 36)
    canvas.line(loop, glaze, 34)
    canvas.line([(x - 3, y - 6) for x, y in loop], glaze.paler(0.45), 8, alpha=0.7, soft=3)
    canvas.line([(x + 4, y + 9) for x, y in loop], NIGHT, 10, alpha=0.18, soft=4)


def _steam(canvas: Canvas) -> None:
    for x, lean, height in ((-56, 1, 150), (4, -1, 200), (62, 1, 140)):
        line = [
            (x, -176),
            (x + 16 * lean, -176 - height * 0.3),
            (x - 14 * lean, -176 - height * 0.66),
            (x + 8 * lean, -176 - height),
        ]
        canvas.line(smooth(line, closed=False), MILK, 13, alpha=0.6, soft=7, fade=(x, -190, x, -190 - height))


TEA = WALNUT
