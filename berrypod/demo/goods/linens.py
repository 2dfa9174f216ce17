"""Woven things for the house: the tea towel and the cushion."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import CREAM, MILK, NIGHT, OAT, Colour
from berrypod.demo.drawing.paths import Path, box, ellipse, mirrored, smooth, svg
from berrypod.demo.drawing.texture import linen_tile
from berrypod.demo.goods.shading import cloth, folds, stitches
from berrypod.demo.motifs.prints import Design

_TOWEL = svg(
    "M -206 -300 C -80 -306 80 -296 206 -302 C 214 -100 206 120 212 298 C 80 306 -90 294 -210 302 C "
    "-204 100 -214 -100 -206 -300 Z"
)
_PILLOW = svg(
    "M -262 -262 C -140 -234 140 -234 262 -262 C 236 -140 236 140 262 262 C 140 236 -140 236 -262 262"
    " C -236 140 -236 -140 -262 -262 Z"
)


def stripes(canvas: Canvas, colour: Colour, left: float, right: float, ys: tuple[float, ...]) -> None:
    """Woven bands: one broad, two thin."""
    for y in ys:
        for offset, width in ((0.0, 20.0), (-21.0, 5.0), (21.0, 5.0)):
            canvas.line([(left, y + offset), (right, y + offset)], colour, width, alpha=0.9)


def towel(canvas: Canvas, ground: Colour, stripe: Colour, design: Design) -> None:
    """The towel laid flat, about 420 by 600, with a hanging loop."""
    canvas.line(smooth([(-14, -300), (-16, -336), (14, -336), (14, -300)], closed=False), OAT.deeper(0.1), 8)
    canvas.shadow(_TOWEL, 10, 16, soft=16, alpha=0.34)
    cloth(canvas, _TOWEL, ground, linen_tile(), strength=1.0)
    with canvas.clipped(_TOWEL):
        stripes(canvas, stripe, -240, 240, (-232, 232))
        canvas.weave(box(-240, -270, 240, 270), linen_tile(), strength=0.5)
        with canvas.placed(0, -4, 148):
            design(canvas)
        lines: tuple[Path, ...] = (((-210, -120), (-60, -150), (150, -130)), ((210, 130), (60, 150), (-120, 130)))
        folds(canvas, lines, ground, width=22, alpha=0.34)
        canvas.line([(0, -310), (2, 310)], ground.deeper(0.4), 9, alpha=0.22, soft=5)
        canvas.line([(-6, -310), (-4, 310)], MILK, 6, alpha=0.4, soft=4)
    for y in (-290, 290):
        stitches(canvas, [(-200, y), (202, y)], ground.deeper(0.5), gap=5)


def hanging_towel(canvas: Canvas, ground: Colour, stripe: Colour, design: Design) -> None:
    """The towel folded over a rail at y = -300, about 330 wide and 560 high."""
    back = box(-158, -308, 170, 150)
    canvas.fill(back, ground.deeper(0.3))
    front = svg(
        "M -166 -312 C -90 -320 90 -320 166 -312 C 172 -120 160 60 172 262 C 100 276 40 258 -20 270 C"
        " -80 280 -130 262 -170 268 C -160 60 -172 -120 -166 -312 Z"
    )
    canvas.shadow(front, 14, 20, soft=18, alpha=0.36)
    cloth(canvas, front, ground, linen_tile(), strength=1.0)
    with canvas.clipped(front):
        stripes(canvas, stripe, -200, 200, (206,))
        with canvas.placed(0, -20, 118):
            design(canvas)
        for x, sway in ((-96, 12), (-20, -10), (70, 14), (128, -8)):
            fold = smooth([(x, -316), (x + sway, -60), (x - sway, 270)], closed=False)
            canvas.line(fold, ground.deeper(0.5), 20, alpha=0.34, soft=9)
            canvas.line([(px - 17, py) for px, py in fold], MILK, 14, alpha=0.3, soft=7)
        canvas.fill(box(-200, -320, 200, -270), MILK, alpha=0.4, fade=(0, -318, 0, -272))


def folded_towel(canvas: Canvas, ground: Colour, stripe: Colour) -> None:
    """Folded small with its stripe showing, about 360 by 240."""
    for offset in (16, 8, 0):
        layer = box(-180, -120 + offset, 180, 120 + offset, round_by=16)
        if offset == 16:
            canvas.shadow(layer, 10, 14, soft=14, alpha=0.4)
        canvas.fill(layer, ground.deeper(0.05 + offset * 0.012))
        canvas.weave(layer, linen_tile())
        canvas.line([(-172, 120 + offset), (172, 120 + offset)], NIGHT, 2, alpha=0.2)
    top = box(-180, -120, 180, 120, round_by=16)
    with canvas.clipped(top):
        stripes(canvas, stripe, -200, 200, (66,))
        canvas.glow(-80, -80, 200, 120, MILK, 0.35)


def cushion(canvas: Canvas, ground: Colour, design: Design | None, *, piping: Colour = CREAM) -> None:
    """A plump square cushion, about 520 across; the design goes all over it."""
    canvas.shadow(_PILLOW, 14, 26, soft=26, alpha=0.4)
    cloth(canvas, _PILLOW, ground, linen_tile(), strength=0.9)
    with canvas.clipped(_PILLOW):
        if design is not None:
            with canvas.placed(0, 0, 250):
                design(canvas)
        plump(canvas, ground)
    canvas.line(_PILLOW, piping.deeper(0.2), 8, closed=True)
    canvas.line([(x - 1, y - 2) for x, y in _PILLOW], piping, 5, closed=True)


def plump(canvas: Canvas, ground: Colour) -> None:
    """The light and the corner creases of something stuffed, 520 across."""
    canvas.glow(-70, -80, 300, 260, MILK, 0.26)
    for edge in (box(150, -280, 280, 280), box(-280, 150, 280, 280)):
        end = (280, 0, 120, 0) if edge[0][0] > 0 else (0, 280, 0, 120)
        canvas.fill(edge, NIGHT, alpha=0.32, fade=end)
    corner: tuple[Path, ...] = (((256, -256), (200, -190), (170, -150)), ((262, 262), (196, 200), (160, 150)))
    folds(canvas, [*corner, *(mirrored(line)[::-1] for line in corner)], ground, width=22)


def cushion_back(canvas: Canvas, ground: Colour, *, piping: Colour = CREAM) -> None:
    """The plain side with its hidden buttons."""
    cushion(canvas, ground, None, piping=piping)
    canvas.line(smooth([(-244, 10), (0, 20), (244, 10)], closed=False), ground.deeper(0.6), 12, alpha=0.4, soft=4)
    stitches(canvas, smooth([(-240, -8), (0, 0), (240, -8)], closed=False), ground.deeper(0.5), gap=6)
    for x in (-130, 0, 130):
        canvas.fill(ellipse(x + 2, 50, 17), NIGHT, alpha=0.3, soft=3)
        canvas.fill(ellipse(x, 46, 16), OAT)
        canvas.fill(ellipse(x, 46, 10), OAT.deeper(0.15))
        for dx, dy in ((-3, -3), (3, -3), (-3, 3), (3, 3)):
            canvas.fill(ellipse(x + dx, 46 + dy, 1.8), NIGHT, alpha=0.7)
