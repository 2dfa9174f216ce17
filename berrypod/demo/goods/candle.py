"""The candle in its tumbler, cold or lit, and its box."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import wide, write
from berrypod.demo.drawing.palette import APRICOT, CREAM, HONEY, INK, MILK, NIGHT, PLUM, Colour
from berrypod.demo.drawing.paths import box, ellipse, svg, symmetric
from berrypod.demo.drawing.texture import grain_tile
from berrypod.demo.goods.shading import on_cylinder, rounded_body
from berrypod.demo.motifs.prints import Design

_GLASS = symmetric(svg("M 0 -130 C 60 -130 122 -140 130 -160 L 122 150 C 121 172 96 184 60 187 L 0 190"))
_FLAME = symmetric(svg("M 0 -86 C 14 -58 30 -38 30 -14 C 30 10 16 22 0 22"))


def candle(canvas: Canvas, name: str, glass: Colour, design: Design, *, lit: bool = False) -> None:
    """About 260 wide and 350 high; stands on y = 188."""
    back = ellipse(0, -160, 130, 26)
    canvas.fill(back, glass.deeper(0.3))
    wax = ellipse(0, -124, 124, 22)
    canvas.fill(box(-124, -140, 124, -124), glass.deeper(0.15))
    canvas.fill(wax, CREAM)
    if lit:
        canvas.fill(ellipse(0, -124, 74, 14), HONEY, alpha=0.75, soft=6)
    canvas.line([(0, -124), (2, -156)], INK, 5)
    canvas.fill(_GLASS, glass)
    canvas.fill(
        [*symmetric(svg("M 0 -100 C 60 -100 120 -108 126 -122 L 121 150 C 120 170 96 182 60 185 L 0 188"))],
        glass.deeper(0.08),
    )
    with canvas.bent(on_cylinder(126, 12)):
        label = box(-82, -62, 82, 112, round_by=82)
        canvas.fill([(x + 2, y + 3) for x, y in label], NIGHT, alpha=0.3)
        canvas.fill(label, CREAM)
        canvas.weave(label, grain_tile())
        canvas.line(box(-74, -54, 74, 104, round_by=74), PLUM, 1.8, alpha=0.7, closed=True)
        with canvas.placed(0, -6, 34):
            design(canvas)
        first, second = name.split(" ", 1)
        write(canvas, first, 0, 58, min(13.0, 118 / wide(first, 1.0)), INK, weight=0.18)
        write(canvas, second, 0, 80, 8.5, PLUM, weight=0.18)
    rounded_body(canvas, _GLASS, -130, 130, gloss=0.4)
    canvas.line(symmetric(svg("M 0 -134 C 70 -134 126 -142 129 -160")), MILK, 3, alpha=0.55)
    if lit:
        flame(canvas)


def flame(canvas: Canvas) -> None:
    """The flame, and its light on everything near."""
    with canvas.placed(2, -160):
        canvas.glow(0, -30, 300, 300, APRICOT, 0.3)
        canvas.glow(0, -30, 110, 130, HONEY, 0.5)
        canvas.fill(_FLAME, HONEY, soft=2)
        with canvas.placed(0, 2, 0.62):
            canvas.fill(_FLAME, MILK, soft=2)


def carton(canvas: Canvas, colour: Colour, design: Design) -> None:
    """The candle's box, about 260 wide and 380 high, standing on y = 190."""
    front, side = box(-130, -170, 90, 190), [(90.0, -170.0), (146.0, -186.0), (146.0, 164.0), (90.0, 190.0)]
    lid = [(-130.0, -170.0), (-70.0, -188.0), (146.0, -186.0), (90.0, -170.0)]
    canvas.fill(side, colour.deeper(0.42))
    canvas.fill(lid, colour.paler(0.25))
    canvas.fill(front, colour)
    canvas.weave(front, grain_tile())
    canvas.fill(front, MILK, alpha=0.2, fade=(-130, -170, 60, 120))
    with canvas.placed(-20, -30, 70):
        design(canvas)
    write(canvas, "evening hedge", -20, 88, 13, CREAM, weight=0.2)
    write(canvas, "soy & rapeseed wax", -20, 112, 8, CREAM, weight=0.18)
