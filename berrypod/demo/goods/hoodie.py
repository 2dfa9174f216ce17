"""The hoodie: laid flat, front and back."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import CREAM, TIN, Colour
from berrypod.demo.drawing.paths import Path, box, ellipse, mirrored, smooth, svg, symmetric
from berrypod.demo.drawing.texture import jersey_tile
from berrypod.demo.goods.shading import cloth, folds, stitches
from berrypod.demo.motifs.prints import Design

_BODY = symmetric(
    svg(
        "M 0 -206 C 60 -206 96 -224 112 -246 L 196 -222 C 236 -206 256 -176 270 -130 L 336 206 C 338 "
        "218 332 226 322 228 "
        "L 262 236 C 250 237 244 231 241 220 L 204 -24 C 204 90 206 180 208 262 L 208 318 C 208 328 "
        "202 334 192 334 L 0 336"
    )
)
_HOOD = symmetric(svg("M 0 -338 C 74 -340 132 -304 140 -246 C 142 -214 118 -196 84 -186 C 52 -176 24 -160 0 -140"))
_OPENING = symmetric(svg("M 0 -292 C 50 -292 88 -270 90 -232 C 86 -206 46 -196 0 -150"))
_POCKET = symmetric(svg("M 0 110 L 96 110 L 142 214 C 144 222 142 226 142 232 L 142 256 L 0 256"))
_HEM = symmetric(svg("M 0 280 L 208 276 L 208 318 C 208 328 202 334 192 334 L 0 336"))
_CUFF = svg("M 326 164 L 336 206 C 338 218 332 226 322 228 L 262 236 C 250 237 244 231 241 220 L 235 178 Z")

_FOLDS: tuple[Path, ...] = (
    ((204, -24), (150, 20), (100, 30)),
    ((-204, -24), (-160, 30), (-110, 48)),
    ((206, 100), (160, 96), (120, 70)),
    ((-206, 150), (-170, 110), (-140, 30)),
    ((300, 60), (262, 40), (226, 60)),
    ((-312, 120), (-268, 96), (-228, 118)),
    ((286, -30), (250, -60), (216, -50)),
    ((-282, -40), (-248, -70), (-214, -58)),
)


def hoodie(canvas: Canvas, colour: Colour, design: Design | None = None, *, back: bool = False) -> None:
    """About 680 wide and high; the design sits on the chest, or large on the back."""
    canvas.shadow(_BODY, 12, 20, soft=22, alpha=0.34)
    canvas.shadow(_HOOD, 10, 16, soft=20, alpha=0.26)
    cloth(canvas, _BODY, colour, jersey_tile(), strength=0.8)
    with canvas.clipped(_BODY):
        folds(canvas, _FOLDS, colour, width=30)
        canvas.fill(
            svg("M 204 -24 C 204 90 206 180 208 262 L 240 250 L 232 120 Z"), colour.deeper(0.5), alpha=0.5, soft=7
        )
    for side in (1, -1):
        seam = [(x * side, y) for x, y in svg("M 196 -222 C 186 -160 190 -90 204 -24")]
        canvas.line(seam, colour.deeper(0.5), 2.6, alpha=0.55)
        _ribbed(canvas, [(x * side, y) for x, y in _CUFF], colour, (238 * side, 330 * side), (160, 238))
    _ribbed(canvas, _HEM, colour, (-210, 210), (276, 338))
    if not back:
        _pocket(canvas, colour)
    if design is not None:
        with canvas.placed(0, 64 if back else 14, 148 if back else 66):
            design(canvas)
    _hood(canvas, colour, back=back)


def _ribbed(
    canvas: Canvas, outline: Path, colour: Colour, across: tuple[float, float], down: tuple[float, float]
) -> None:
    canvas.fill(outline, colour.deeper(0.1))
    with canvas.clipped(outline):
        left, right = sorted(across)
        count = round((right - left) / 7)
        ribs = [[(left + step * 7.0, down[0]), (left + step * 7.0, down[1])] for step in range(count + 1)]
        canvas.lines(ribs, colour.deeper(0.5), 2.4, alpha=0.42)
    canvas.line(outline, colour.deeper(0.45), 2, alpha=0.4, closed=True)


def _pocket(canvas: Canvas, colour: Colour) -> None:
    canvas.shadow(_POCKET, 2, 4, soft=6, alpha=0.3)
    cloth(canvas, _POCKET, colour.paler(0.03), jersey_tile(), strength=0.8)
    for side in (1, -1):
        slit = [(96 * side, 112), (141 * side, 214)]
        canvas.line(slit, colour.deeper(0.6), 7, alpha=0.55, soft=2)
        stitches(canvas, [(86 * side, 116), (131 * side, 218)], colour.deeper(0.5), gap=5)
    stitches(canvas, [(-92, 117), (92, 117)], colour.deeper(0.5), gap=5)


def _hood(canvas: Canvas, colour: Colour, *, back: bool) -> None:
    canvas.shadow(_HOOD, 2, 10, soft=10, alpha=0.3)
    cloth(canvas, _HOOD, colour, jersey_tile(), strength=0.8)
    if back:
        canvas.line([(0, -336), (0, -144)], colour.deeper(0.5), 2.6, alpha=0.6)
        stitches(canvas, [(6, -332), (6, -150)], colour.deeper(0.5), gap=5)
        with canvas.clipped(_HOOD):
            folds(canvas, [((-130, -230), (-60, -190), (0, -200)), ((120, -270), (70, -220), (20, -230))], colour)
        return
    canvas.fill(_OPENING, colour.deeper(0.42))
    with canvas.clipped(_OPENING):
        canvas.fill(ellipse(10, -300, 120, 60), colour.deeper(0.75), alpha=0.7, soft=16)
        canvas.fill(ellipse(0, -172, 70, 40), colour.deeper(0.1), alpha=0.6, soft=14)
        canvas.fill(box(-24, -224, 24, -196, round_by=2), CREAM)
    canvas.line(_OPENING, colour.deeper(0.5), 3, alpha=0.5, closed=True)
    rim = svg("M 98 -228 C 94 -198 50 -186 6 -146")
    for line in (rim, mirrored(rim)):
        stitches(canvas, line, colour.deeper(0.5), gap=5)
    for x, sway, length in ((-34, -8, 74), (36, 7, 62)):
        canvas.fill(ellipse(x, -152, 6), TIN)
        cord = smooth([(x, -152), (x + sway, -152 + length * 0.5), (x + sway * 0.4, -152 + length)], closed=False)
        canvas.line([(px + 4, py + 6) for px, py in cord], colour.deeper(0.7), 7, alpha=0.4, soft=3)
        canvas.line(cord, CREAM, 7)
        canvas.line(cord[-4:], TIN, 8)


def folded_hoodie(canvas: Canvas, colour: Colour, design: Design) -> None:
    """Folded to the width of its hood, as it lies on a shelf: about 420 wide and 520 high."""
    body = box(-196, -190, 196, 250, round_by=26)
    canvas.shadow(body, 12, 20, soft=20, alpha=0.42)
    cloth(canvas, body, colour, jersey_tile(), strength=0.8)
    with canvas.clipped(body):
        for side in (1, -1):
            edge = smooth([(196 * side, -190), (150 * side, -60), (168 * side, 110), (150 * side, 260)], closed=False)
            canvas.line(edge, colour.deeper(0.55), 16, alpha=0.5, soft=6)
            canvas.line([(x - 12 * side, y) for x, y in edge], colour.paler(0.4), 7, alpha=0.35, soft=4)
        _ribbed(canvas, box(-200, 206, 200, 260), colour, (-200, 200), (206, 256))
        with canvas.placed(0, 62, 70):
            design(canvas)
    with canvas.placed(0, 46, 1.0):
        _hood(canvas, colour, back=False)
