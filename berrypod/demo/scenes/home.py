"""Furniture, cloth and hooks for the pictures of goods in use."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import (
    BIRCH,
    BLUEBERRY,
    BLUSH,
    CLAY,
    CREAM,
    DUSK,
    HONEY,
    LEAF,
    MILK,
    MOSS,
    NIGHT,
    OAK,
    TIN,
    WALNUT,
    Colour,
)
from berrypod.demo.drawing.paths import Path, box, ellipse, smooth, svg, symmetric
from berrypod.demo.drawing.texture import grain_tile, jersey_tile, linen_tile, wood_tile
from berrypod.demo.goods.shading import cloth, stitches
from berrypod.demo.motifs.foliage import leaf


def wall(canvas: Canvas, colour: Colour, *, panelled: bool = False) -> None:
    """A painted wall over the whole picture, light from the upper left; panelled with upright boards if asked."""
    whole = box(0, 0, canvas.width, canvas.height)
    canvas.fill(whole, colour)
    if panelled:
        seams: list[Path] = [[(x, 0), (x, canvas.height)] for x in range(60, round(canvas.width), 120)]
        canvas.lines(seams, colour.deeper(0.4), 3, alpha=0.4)
        canvas.lines([[(x + 4, y) for x, y in seam] for seam in seams], MILK, 2, alpha=0.35)
    canvas.fill(whole, MILK, alpha=0.38, fade=(0, 0, canvas.width * 0.7, canvas.height * 0.7))
    canvas.fill(whole, NIGHT, alpha=0.14, fade=(canvas.width, canvas.height, canvas.width * 0.3, canvas.height * 0.3))


def window_light(canvas: Canvas, x: float, y: float, size: float = 1.0) -> None:
    """The light of a four-paned window, slanting over a wall."""
    with canvas.placed(x, y, size):
        for column in range(2):
            for row in range(2):
                left, top = column * 150.0, row * 200.0 + column * 26
                pane = [(left, top), (left + 130, top + 22), (left + 110, top + 202), (left - 20, top + 180)]
                canvas.fill(pane, MILK, alpha=0.34, soft=5)


def pegs(canvas: Canvas, y: float, left: float, right: float, xs: tuple[float, ...]) -> None:
    """A wooden rail with round pegs."""
    bar = box(left, y - 34, right, y + 34, round_by=6)
    canvas.shadow(bar, 4, 12, soft=10, alpha=0.28)
    canvas.fill(bar, BIRCH)
    canvas.weave(bar, wood_tile())
    for x in xs:
        canvas.shadow(ellipse(x, y, 18), 6, 16, soft=8, alpha=0.4)
        canvas.fill(ellipse(x, y, 18), OAK)
        canvas.fill(ellipse(x - 4, y - 5, 9), MILK, alpha=0.4, soft=3)


def hanger(canvas: Canvas) -> None:
    """A wooden hanger with its hook at (0, -96); the shoulders of what hangs lie on it."""
    canvas.line(smooth([(0, -16), (0, -44), (22, -62), (16, -94), (-14, -96)], closed=False), TIN.deeper(0.2), 7)
    yoke = symmetric(svg("M 0 -22 C 40 -20 120 10 208 44 C 220 50 214 64 202 62 C 120 40 50 22 0 20"))
    canvas.fill(yoke, OAK)
    canvas.weave(yoke, wood_tile())


def washing_line(canvas: Canvas, y: float) -> None:
    """A line across the picture, sagging a little."""
    line = smooth(
        [(-20, y - 20), (canvas.width * 0.3, y + 4), (canvas.width * 0.7, y + 4), (canvas.width + 20, y - 20)],
        closed=False,
    )
    canvas.line(line, CREAM.deeper(0.3), 6)


def clothes_peg(canvas: Canvas, x: float, y: float, colour: Colour = BIRCH) -> None:
    """A wooden peg on the line."""
    body = box(x - 9, y - 26, x + 9, y + 34, round_by=6)
    canvas.shadow(body, 3, 5, soft=4, alpha=0.3)
    canvas.fill(body, colour)
    canvas.line([(x, y - 20), (x, y + 30)], NIGHT, 2, alpha=0.35)
    canvas.fill(box(x - 11, y - 2, x + 11, y + 6), TIN)


def armchair(canvas: Canvas, colour: Colour) -> None:
    """From the front, about 760 wide and 640 high, standing on y = 330."""
    for x in (-270, 270):
        canvas.fill([(x - 16, 250), (x + 16, 250), (x + 10, 330), (x - 10, 330)], WALNUT)
    back = svg("M -270 180 L -280 -220 C -278 -300 -200 -320 0 -322 C 200 -320 278 -300 280 -220 L 270 180 Z")
    cloth(canvas, back, colour, linen_tile())
    for x in (-100, 100):
        canvas.line(
            smooth([(x, -300), (x * 0.9, -60), (x, 100)], closed=False), colour.deeper(0.45), 14, alpha=0.34, soft=6
        )
    seat = box(-262, 70, 262, 200, round_by=50)
    canvas.shadow(seat, 0, -14, soft=14, alpha=0.36)
    cloth(canvas, seat, colour.paler(0.08), linen_tile())
    canvas.line([(-240, 196), (240, 196)], colour.deeper(0.5), 10, alpha=0.4, soft=4)
    base = box(-280, 190, 280, 280, round_by=20)
    cloth(canvas, base, colour.deeper(0.08), linen_tile())
    for side in (1, -1):
        arm = [
            (x * side, y)
            for x, y in svg(
                "M 236 -60 C 240 -110 372 -112 378 -50 L 374 250 C 372 276 362 284 340 284 L 262 284 "
                "C 246 284 240 276 240 260 Z"
            )
        ]
        canvas.shadow(arm, -8 * side, 10, soft=14, alpha=0.3)
        cloth(canvas, arm, colour, linen_tile())
        canvas.line(
            smooth([(250 * side, -44), (306 * side, -92), (366 * side, -44)], closed=False),
            colour.paler(0.4),
            6,
            alpha=0.5,
        )
        stitches(canvas, [(252 * side, -30), (254 * side, 270)], colour.deeper(0.5), gap=7)


def sideboard(canvas: Canvas, y: float, wood: Colour = OAK) -> None:
    """A low sideboard across the picture, its top at y."""
    top, front = (
        box(90, y, canvas.width - 90, y + 30, round_by=6),
        box(110, y + 30, canvas.width - 110, canvas.height + 20),
    )
    canvas.fill(front, wood.deeper(0.1))
    canvas.weave(front, wood_tile())
    for index in range(3):
        width = (canvas.width - 220) / 3
        x = 110 + index * width
        canvas.line(
            box(x + 12, y + 50, x + width - 12, canvas.height + 40, round_by=6), NIGHT, 3, alpha=0.32, closed=True
        )
        canvas.fill(ellipse(x + width / 2, y + 84, 9), HONEY.deeper(0.2))
    canvas.fill(front, NIGHT, alpha=0.3, fade=(0, y + 30, 0, y + 90))
    canvas.fill(top, wood.paler(0.12))
    canvas.weave(top, wood_tile())


def vase(canvas: Canvas, colour: Colour = CLAY) -> None:
    """A vase with leafy stems, about 360 high, standing on y = 0."""
    for turn, size in ((-34, 1.0), (-12, 1.25), (14, 1.15), (34, 0.9)):
        with canvas.placed(0, -130, size, turn):
            canvas.line([(0, 20), (0, -170)], MOSS, 5)
            for y, side in ((-40, 1), (-70, -1), (-100, 1), (-130, -1), (-160, 0)):
                with canvas.placed(0, y, 44, side * 56):
                    leaf(canvas, LEAF)
    body = symmetric(svg("M 0 -150 L 30 -150 C 26 -120 74 -100 74 -50 C 74 -10 50 0 30 0 L 0 0"))
    canvas.fill(body, colour)
    canvas.weave(body, grain_tile())
    canvas.fill(body, MILK, alpha=0.4, fade=(-74, -60, -10, -50))
    canvas.fill(body, NIGHT, alpha=0.3, fade=(74, -40, 0, -40))


def laptop(canvas: Canvas, colour: Colour = TIN) -> None:
    """The lid of a shut laptop from above, about 760 by 520."""
    lid = box(-380, -260, 380, 260, round_by=30)
    canvas.shadow(lid, 12, 22, soft=20, alpha=0.45)
    canvas.fill([(x, y + 7) for x, y in lid], colour.deeper(0.45))
    canvas.fill(lid, colour)
    canvas.fill(lid, MILK, alpha=0.5, fade=(-380, -260, 120, 140))


def denim(canvas: Canvas) -> None:
    """Jacket cloth close up, over the whole picture: two panels, a flap pocket, orange seams."""
    whole = box(0, 0, canvas.width, canvas.height)
    canvas.fill(whole, BLUEBERRY.mixed(DUSK, 0.35))
    canvas.weave(whole, linen_tile())
    canvas.weave(whole, jersey_tile())
    canvas.glow(300, 260, 560, 520, MILK, 0.22)
    seam: Path = [(690, -20), (668, 1020)]
    canvas.line([(x + 10, y) for x, y in seam], NIGHT, 22, alpha=0.4, soft=9)
    for offset in (-10, 6):
        stitches(canvas, [(x + offset, y) for x, y in seam], HONEY, gap=13, width=4, alpha=0.9)
    pocket: Path = [(90, 640), (580, 640), (580, 720), (336, 800), (90, 720)]
    canvas.shadow(pocket, 4, 14, soft=12, alpha=0.45)
    canvas.fill(pocket, BLUEBERRY.mixed(DUSK, 0.22))
    canvas.weave(pocket, linen_tile())
    inner: Path = [(106, 652), (564, 652), (564, 710), (336, 784), (106, 710), (106, 652)]
    stitches(canvas, inner, HONEY, gap=13, width=4, alpha=0.9)
    canvas.shadow(ellipse(336, 744, 22), 3, 6, soft=5, alpha=0.5)
    canvas.fill(ellipse(336, 744, 22), HONEY.deeper(0.3))
    canvas.fill(ellipse(334, 741, 14), HONEY.deeper(0.1))


def twine_bow(canvas: Canvas, colour: Colour = OAK) -> None:
    """A bow of twine about (0, 0), about 160 across."""
    loops: list[Path] = []
    for side in (1, -1):
        loops.append(smooth([(0, 0), (54 * side, -44), (82 * side, -8), (40 * side, 12), (0, 0)], closed=False))
        loops.append(smooth([(0, 0), (34 * side, 44), (58 * side, 92)], closed=False))
    canvas.lines([[(x + 4, y + 7) for x, y in loop] for loop in loops], NIGHT, 7, alpha=0.34, soft=3)
    canvas.lines(loops, colour, 7)
    canvas.fill(ellipse(0, 0, 10), colour.deeper(0.15))


def parcel(canvas: Canvas, paper: Colour = BIRCH) -> None:
    """A wrapped parcel from above, about 520 by 400."""
    body = box(-260, -200, 260, 200, round_by=8)
    canvas.shadow(body, 14, 26, soft=22, alpha=0.45)
    canvas.fill(body, paper)
    canvas.weave(body, grain_tile(), strength=1.0)
    canvas.fill(body, MILK, alpha=0.3, fade=(-260, -200, 80, 60))
    for x in (-1, 1):
        canvas.line([(260 * x, 200), (196 * x, 0), (260 * x, -200)], paper.deeper(0.35), 2, alpha=0.4)
    canvas.lines([[(-260, 30), (260, 30)], [(-70, -200), (-70, 200)]], NIGHT, 9, alpha=0.24, soft=3)
    canvas.lines([[(-260, 26), (260, 26)], [(-74, -200), (-74, 200)]], CLAY.paler(0.2), 7)
    with canvas.placed(-74, 26):
        twine_bow(canvas, CLAY.paler(0.2))


def stool(canvas: Canvas, colour: Colour = BLUSH) -> None:
    """A round upholstered stool from the side, about 420 wide, its top at y = 0."""
    for x in (-140, 140):
        canvas.fill([(x - 14, 90), (x + 14, 90), (x * 1.16 + 8, 320), (x * 1.16 - 8, 320)], OAK)
    top = box(-210, 0, 210, 110, round_by=44)
    cloth(canvas, top, colour, linen_tile())
    canvas.line([(-196, 92), (196, 92)], colour.deeper(0.5), 12, alpha=0.4, soft=5)
