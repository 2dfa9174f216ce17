"""A jar of jam with its cloth bonnet."""

import math
import random

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import wide, write
from berrypod.demo.drawing.palette import CREAM, INK, MILK, NIGHT, OAT, PLUM, Colour
from berrypod.demo.drawing.paths import box, ellipse, smooth, svg, symmetric
from berrypod.demo.drawing.texture import grain_tile, linen_tile
from berrypod.demo.goods.shading import on_cylinder, rounded_body
from berrypod.demo.motifs.prints import Design

_GLASS = symmetric(svg("M 0 -150 L 96 -150 C 100 -128 132 -116 136 -84 L 136 160 C 136 186 116 194 90 196 L 0 198"))
_JAM = symmetric(svg("M 0 -104 L 116 -104 C 126 -96 128 -88 128 -78 L 128 156 C 128 178 110 186 86 188 L 0 190"))


def jar(canvas: Canvas, name: str, fruit: Colour, cloth: Colour, design: Design) -> None:
    """About 290 wide and 430 high; stands on y = 198."""
    canvas.fill(_GLASS, MILK, alpha=0.55)
    canvas.fill(_JAM, fruit)
    with canvas.clipped(_JAM):
        _pieces(canvas, fruit)
        canvas.fill(box(-140, -104, 140, -84), fruit.paler(0.3), alpha=0.5)
    rounded_body(canvas, _GLASS, -136, 136, gloss=0.42)
    _label(canvas, name, design)
    canvas.line(_GLASS, MILK, 3, alpha=0.5, closed=True)
    canvas.line([(-118, -92), (-118, 150)], MILK, 9, alpha=0.55, soft=3)
    _bonnet(canvas, cloth)


def _pieces(canvas: Canvas, fruit: Colour) -> None:
    rng = random.Random(_seed_of(fruit))
    for _ in range(26):
        x, y, size = rng.uniform(-126, 126), rng.uniform(-90, 186), rng.uniform(9, 20)
        canvas.fill(ellipse(x, y, size, size * 0.8, turn=rng.uniform(0, 90)), fruit.deeper(0.3), alpha=0.5)
        canvas.fill(ellipse(x - 3, y - 4, size * 0.5, size * 0.35), fruit.paler(0.35), alpha=0.35)


def _seed_of(fruit: Colour) -> int:
    """The same fruit always has the same pieces in it."""
    return fruit.red * 65536 + fruit.green * 256 + fruit.blue


def _label(canvas: Canvas, name: str, design: Design) -> None:
    with canvas.bent(on_cylinder(136, 10)):
        outline = box(-104, -54, 104, 132, round_by=10)
        canvas.fill([(x + 2, y + 4) for x, y in outline], NIGHT, alpha=0.25)
        canvas.fill(outline, CREAM)
        canvas.weave(outline, grain_tile())
        canvas.line(box(-96, -46, 96, 124, round_by=6), PLUM, 2, alpha=0.7, closed=True)
        with canvas.placed(0, 8, 42):
            design(canvas)
        write(canvas, name, 0, 88, min(20.0, 168 / wide(name, 1.0)), INK, weight=0.2)
        write(canvas, "berrypod kitchen", 0, 111, 7.5, PLUM, weight=0.18)
    right = box(60, -60, 112, 140)
    with canvas.clipped(_GLASS):
        canvas.fill(right, NIGHT, alpha=0.22, fade=(116, 0, 50, 0))


def _bonnet(canvas: Canvas, cloth: Colour) -> None:
    skirt: list[tuple[float, float]] = [(-112, -176)]
    for step in range(13):
        x = -132 + step * 22
        skirt.append((x, -112 + (10 if step % 2 else -6) + 8 * math.cos(step)))
    skirt.append((112, -176))
    edge = smooth(skirt[1:-1], closed=False)
    outline = [(-104, -182), *edge, (104, -182)]
    canvas.shadow(outline, 2, 9, soft=8, alpha=0.36)
    canvas.fill(outline, cloth.deeper(0.1))
    top = ellipse(0, -186, 112, 34)
    for x in range(-108, 120, 24):
        canvas.line([(x * 0.86, -178), (x * 1.16, -112)], cloth.deeper(0.45), 9, alpha=0.4, soft=4)
    canvas.weave(outline, linen_tile())
    canvas.fill(top, cloth)
    _gingham(canvas, top, cloth)
    canvas.weave(top, linen_tile())
    canvas.glow(-40, -200, 70, 20, MILK, 0.4)
    string = smooth([(-114, -168), (-60, -150), (0, -146), (60, -150), (114, -168)], closed=False)
    canvas.line([(x, y + 3) for x, y in string], NIGHT, 6, alpha=0.3)
    canvas.line(string, OAT, 5)
    for turn in (-1, 1):
        canvas.line(
            smooth([(58, -150), (58 + 26 * turn, -172), (58 + 34 * turn, -146), (58, -150)], closed=False), OAT, 4
        )
        canvas.line(smooth([(58, -150), (58 + 14 * turn, -126), (58 + 18 * turn, -104)], closed=False), OAT, 4)


def _gingham(canvas: Canvas, top: list[tuple[float, float]], cloth: Colour) -> None:
    with canvas.clipped(top):
        canvas.lines([[(x, -230), (x, -140)] for x in range(-110, 120, 28)], MILK, 11, alpha=0.5)
        canvas.lines([[(-130, y), (130, y)] for y in range(-222, -150, 15)], MILK, 6, alpha=0.5)
