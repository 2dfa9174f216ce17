"""The country that the shop imagines itself in."""

import random

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import APRICOT, BLUSH, CREAM, GOOSEBERRY, HONEY, LEAF, MILK, MINT, MIST, MOSS, Colour
from berrypod.demo.drawing.paths import Path, box, ellipse, smooth
from berrypod.demo.motifs.berries import BLACK, GREEN, RED, raspberry
from berrypod.demo.motifs.foliage import bee, blossom, leaf_spray


def hedgerow(canvas: Canvas) -> None:
    """Sun, hills, a field path, and brambles in front."""
    wide, high = canvas.width, canvas.height
    canvas.fill(box(0, 0, wide, high), MIST.paler(0.1))
    canvas.fill(box(0, 0, wide, high), BLUSH, fade=(0, high * 0.62, 0, high * 0.1))
    canvas.glow(wide * 0.7, high * 0.3, 420, 420, APRICOT, 0.6)
    canvas.fill(ellipse(wide * 0.7, high * 0.32, 84), HONEY.paler(0.45))
    for x, y, size in ((220, 130, 1.0), (620, 90, 0.7), (1380, 170, 0.85)):
        _cloud(canvas, x, y, size)
    ranges: tuple[tuple[float, float, Colour, int], ...] = (
        (0.5, 60, MINT.mixed(MIST, 0.55), 1),
        (0.58, 70, MINT.deeper(0.06), 2),
        (0.68, 56, GOOSEBERRY.paler(0.25), 3),
        (0.8, 36, GOOSEBERRY.deeper(0.08), 4),
    )
    for level, swell, colour, seed in ranges:
        _hill(canvas, high * level, swell, colour, seed)
    _hedge_lines(canvas, high)
    _foreground(canvas, wide, high)


def hills(canvas: Canvas, level: float) -> None:
    """Three simple ranges for the background of other pictures; ``level`` is where they begin, 0-1 from the top."""
    for step, colour in enumerate((MINT.mixed(MIST, 0.5), MINT.deeper(0.06), GOOSEBERRY.paler(0.25))):
        _hill(canvas, canvas.height * (level + step * 0.1), 40, colour, step + 5)


def _cloud(canvas: Canvas, x: float, y: float, size: float) -> None:
    with canvas.placed(x, y, size):
        for dx, dy, radius in ((-70, 8, 40), (-20, -16, 56), (44, -4, 46), (90, 14, 28)):
            canvas.fill(ellipse(dx, dy, radius, radius * 0.8), MILK, alpha=0.85)
        canvas.fill(box(-108, 8, 116, 40, round_by=18), MILK, alpha=0.85)


def _hill(canvas: Canvas, y: float, swell: float, colour: Colour, seed: int) -> None:
    rng = random.Random(seed)
    wide = canvas.width
    crest = [(wide * step / 6, y + rng.uniform(-swell, swell)) for step in range(-1, 8)]
    line = smooth(crest, closed=False, steps=14)
    outline: Path = [*line, (wide * 1.4, canvas.height + 20), (-wide * 0.4, canvas.height + 20)]
    canvas.fill(outline, colour)
    canvas.fill(outline, CREAM, alpha=0.35, fade=(0, y - swell, 0, y + 90))


def _hedge_lines(canvas: Canvas, high: float) -> None:
    rng = random.Random(8)
    for y, size, colour in ((0.6, 13, LEAF.paler(0.3)), (0.715, 20, LEAF.paler(0.1))):
        for step in range(64):
            x = step * canvas.width / 62 + rng.uniform(-8, 8)
            sag = 16 * ((step % 21) / 21 - 0.5)
            canvas.fill(ellipse(x, high * y + sag + rng.uniform(-5, 5), size * rng.uniform(0.8, 1.5), size), colour)


def _foreground(canvas: Canvas, wide: float, high: float) -> None:
    rng = random.Random(15)
    for step in range(46):
        x = step * wide / 44 + rng.uniform(-20, 20)
        with canvas.placed(x, high + rng.uniform(-20, 30), rng.uniform(60, 104), rng.uniform(-34, 34)):
            leaf_spray(canvas, MOSS.mixed(LEAF, rng.uniform(0, 0.9)))
    for step in range(17):
        x = step * wide / 16 + rng.uniform(-30, 30)
        y = high - rng.uniform(40, 120)
        if step % 5 == 3:
            with canvas.placed(x, y, 30, rng.uniform(0, 60)):
                blossom(canvas)
            continue
        with canvas.placed(x, y, rng.uniform(34, 48), rng.uniform(-24, 24)):
            raspberry(canvas, (RED, BLACK, RED, GREEN)[step % 4], seed=step)
    for x, y, size, turn in ((300, 420, 30, -12), (980, 360, 24, 8), (1240, 500, 34, -6)):
        with canvas.placed(x, y, size, turn):
            bee(canvas)
