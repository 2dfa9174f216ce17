"""The cloth-bound notebook: shut, and open."""

from typing import Literal

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import CREAM, GOLD, HONEY, MILK, MIST, NIGHT, PAPER, RASPBERRY, Colour
from berrypod.demo.drawing.paths import Path, box, smooth, svg
from berrypod.demo.drawing.texture import grain_tile, linen_tile
from berrypod.demo.motifs.berries import mono, raspberry
from berrypod.demo.motifs.foliage import leaf

Ruling = Literal["plain", "lined", "dotted"]


def notebook(canvas: Canvas, cloth: Colour, *, ribbon: Colour = RASPBERRY) -> None:
    """Shut, seen from above, about 440 by 600: gold pressed into cloth."""
    cover = box(-214, -296, 214, 296, round_by=14)
    canvas.line(smooth([(60, 280), (66, 330), (50, 356)], closed=False), ribbon.deeper(0.1), 14)
    canvas.shadow(cover, 14, 20, soft=18, alpha=0.42)
    canvas.fill(box(-206, -288, 222, 302, round_by=8), PAPER.deeper(0.14))
    for offset in (2, 4, 6):
        canvas.line([(-200, 294 + offset), (216 + offset / 2, 294 + offset)], PAPER, 1, alpha=0.7)
    canvas.fill(cover, cloth)
    canvas.weave(cover, linen_tile())
    with canvas.clipped(cover):
        canvas.glow(-120, -200, 300, 260, MILK, 0.22)
        canvas.fill(box(-214, -296, -168, 296), NIGHT, alpha=0.16)
        canvas.line([(-167, -296), (-167, 296)], NIGHT, 3, alpha=0.4)
        canvas.line([(-163, -296), (-163, 296)], MILK, 2, alpha=0.3)
    gold = mono(GOLD.paler(0.2), cloth)
    with canvas.placed(24, -46, 92):
        for turn in (-56, 56):
            with canvas.placed(0, -0.72, 0.66, turn):
                leaf(canvas, gold.skin, veins=cloth)
        raspberry(canvas, gold)
    write(canvas, "notes from", 24, 128, 17, gold.skin, weight=0.18)
    write(canvas, "the hedge", 24, 166, 17, gold.skin, weight=0.18)


def open_book(canvas: Canvas, cloth: Colour, ruling: Ruling = "dotted", *, written: bool = False) -> None:
    """Open flat, about 760 by 520."""
    canvas.shadow(box(-386, -262, 386, 262, round_by=12), 10, 18, soft=18, alpha=0.42)
    canvas.fill(box(-386, -262, 386, 262, round_by=12), cloth)
    for side in (-1, 1):
        page = [
            (x * side, y) for x, y in svg("M 0 -240 C 60 -262 300 -262 372 -250 L 372 248 C 300 240 60 240 0 254 Z")
        ]
        canvas.fill([(x + 3 * side, y + 4) for x, y in page], PAPER.deeper(0.2))
        canvas.fill(page, CREAM.paler(0.3))
        canvas.weave(page, grain_tile())
        with canvas.clipped(page):
            _rule(canvas, ruling, side)
            canvas.fill(box(-90, -270, 90, 270), NIGHT, alpha=0.3, fade=(0, 0, 84 * side, 0))
    if written:
        _notes(canvas)
    canvas.line(smooth([(4, -246), (10, 0), (26, 180), (18, 290)], closed=False), RASPBERRY, 11)


def _rule(canvas: Canvas, ruling: Ruling, side: int) -> None:
    if ruling == "lined":
        lines: list[Path] = [[(34 * side, y), (346 * side, y)] for y in range(-190, 230, 28)]
        canvas.lines(lines, MIST.deeper(0.2), 1.8)
    elif ruling == "dotted":
        places = [(float(x * side), float(y)) for y in range(-200, 230, 26) for x in range(36, 350, 26)]
        canvas.dots(places, MIST.deeper(0.35), 3)


def _notes(canvas: Canvas) -> None:
    """Someone has begun: a list, and a berry from memory."""
    ink = NIGHT
    for index, text in enumerate(("jam, today:", "- 1 kg raspberries", "- 700 g sugar", "- one lemon", "- patience")):
        write(canvas, text, -330, -150 + index * 52, 16, ink, weight=0.13, align=0.0, alpha=0.85)
    with canvas.placed(190, -70, 84, 8):
        raspberry(canvas, mono(RASPBERRY, CREAM), seed=6)
    write(canvas, "picked by the gate", 192, 84, 13, ink, weight=0.13, alpha=0.8)
    canvas.line(smooth([(110, 104), (170, 98), (230, 106), (280, 100)], closed=False), RASPBERRY, 3, alpha=0.7)


def pencil(canvas: Canvas, colour: Colour = HONEY) -> None:
    """A pencil pointing right, about 420 long."""
    body = box(-210, -13, 150, 13)
    canvas.shadow(body, 5, 12, soft=8, alpha=0.36)
    canvas.fill(body, colour)
    canvas.fill(box(-210, -13, 150, -5), MILK, alpha=0.35)
    canvas.fill(box(-210, 5, 150, 13), NIGHT, alpha=0.2)
    canvas.fill([(150, -13), (206, 0), (150, 13)], PAPER.deeper(0.1))
    canvas.fill([(188, -4.2), (208, 0), (188, 4.2)], NIGHT)
    canvas.fill(box(-214, -13, -192, 13, round_by=4), RASPBERRY)
