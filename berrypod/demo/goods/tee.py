"""T-shirts, for grown-ups and children: laid flat, seen from above."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import CREAM, PLUM, Colour
from berrypod.demo.drawing.paths import Path, arc, box, mirrored, shifted, svg, symmetric
from berrypod.demo.drawing.texture import jersey_tile
from berrypod.demo.goods.shading import cloth, folds, stitches
from berrypod.demo.motifs.prints import Design

_FRONT_NECK = svg("M 0 -218 C 52 -218 90 -246 100 -290")
_SIDE = (
    "L 208 -256 C 244 -244 264 -222 282 -190 L 372 -52 C 376 -44 374 -36 366 -32 L 268 18 C 262 20 256 18 252 12 "
    "L 214 -58 C 216 60 216 180 222 296 C 222 310 214 318 202 320 C 130 329 60 332 0 332"
)
OUTLINE = symmetric([*_FRONT_NECK, *svg("M 100 -290 " + _SIDE)])
_BACK_OUTLINE = symmetric([*svg("M 0 -276 C 46 -276 78 -282 100 -290"), *svg("M 100 -290 " + _SIDE)])
_INSIDE = symmetric(svg("M 0 -276 C 46 -276 78 -282 100 -290 C 92 -244 52 -214 0 -214"))
_RIB = symmetric([*svg("M 0 -218 C 52 -218 90 -246 100 -290 L 122 -284 C 112 -226 62 -192 0 -192")])
_BACK_RIB = symmetric([*svg("M 0 -276 C 46 -276 78 -282 100 -290 L 122 -284 C 96 -268 50 -254 0 -254")])

_FOLDS: tuple[Path, ...] = (
    ((212, -60), (150, -20), (96, 8)),
    ((-212, -60), (-158, -10), (-110, 30)),
    ((216, 120), (150, 158), (70, 170)),
    ((-214, 210), (-140, 220), (-60, 262)),
    ((150, 326), (120, 262), (128, 190)),
    ((-196, -180), (-182, -110), (-206, -40)),
    ((200, -190), (186, -120), (206, -50)),
)


def tee(canvas: Canvas, colour: Colour, design: Design | None, *, back: bool = False) -> None:
    """About 740 wide and 620 high; the design sits on the chest, two of its units being 240."""
    outline = _BACK_OUTLINE if back else OUTLINE
    canvas.shadow(outline, 12, 20, soft=22, alpha=0.34)
    if not back:
        canvas.fill(_INSIDE, colour.deeper(0.45))
        canvas.line(arc(0, -291, 84, 22, 20, 160), colour.deeper(0.3), 13, alpha=0.8)
        _label(canvas)
    cloth(canvas, outline, colour, jersey_tile(), strength=0.7)
    if design is not None:
        with canvas.placed(0, -8 if back else 12, 122):
            design(canvas)
    with canvas.clipped(outline):
        folds(canvas, _FOLDS, colour)
        for edge in (svg("M 214 -58 C 216 60 216 180 222 296"), mirrored(svg("M 214 -58 C 216 60 216 180 222 296"))):
            canvas.line(edge, colour.deeper(0.5), 26, alpha=0.32, soft=12)
        _seams(canvas, colour)
    rib = _BACK_RIB if back else _RIB
    canvas.fill(rib, colour.deeper(0.06))
    canvas.weave(rib, jersey_tile())
    lower = svg("M 122 -284 C 96 -268 50 -254 0 -254") if back else svg("M 122 -284 C 112 -226 62 -192 0 -192")
    canvas.line([*lower, *mirrored(lower)], colour.deeper(0.5), 3, alpha=0.45)
    stitches(canvas, [*shifted(lower, 0, 7), *shifted(mirrored(lower), 0, 7)], colour.deeper(0.5), gap=5)


def _label(canvas: Canvas) -> None:
    canvas.fill(box(-27, -272, 27, -240, round_by=2), CREAM)
    write(canvas, "berrypod", 0, -253, 5.4, PLUM, weight=0.22, spacing=34)


def _seams(canvas: Canvas, colour: Colour) -> None:
    dark = colour.deeper(0.5)
    for side in (1, -1):
        shoulder = [(x * side, y) for x, y in svg("M 206 -254 C 190 -190 196 -120 215 -58")]
        canvas.line(shoulder, dark, 2.4, alpha=0.5)
        cuff = [(x * side, y) for x, y in svg("M 358 -58 L 258 -6")]
        stitches(canvas, cuff, dark, gap=5)
        stitches(canvas, [(x, y + 5) for x, y in cuff], dark, gap=5)
    hem = svg("M -218 300 C -130 311 -60 314 0 314 C 60 314 130 311 218 300")
    stitches(canvas, hem, dark, gap=5)
    stitches(canvas, shifted(hem, 0, 5), dark, gap=5)
