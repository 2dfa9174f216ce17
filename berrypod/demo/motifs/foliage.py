"""Leaves, blossom, sprigs and a bee: what grows round the berries."""

import math
import random
from functools import lru_cache

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import HONEY, INK, LEAF, MILK, MOSS, Colour
from berrypod.demo.drawing.paths import Point, ellipse, smooth, svg, symmetric

PLAIN_LEAF = symmetric(svg("M 0 0 C 0.34 -0.1 0.5 -0.44 0.42 -0.8 C 0.36 -1.1 0.16 -1.3 0 -1.46"))
_TOOTH = 9


def _serrated() -> list[Point]:
    half: list[Point] = [(0.0, 0.0)]
    for step in range(_TOOTH):
        t = (step + 0.5) / _TOOTH
        width = 0.5 * math.sin(math.pi * t**0.82) + 0.02
        half.append((width + 0.045, -1.46 * t - 0.05))
        half.append((width - 0.02, -1.46 * t - 0.075))
    half.append((0.0, -1.5))
    return symmetric(half)


_SERRATED = _serrated()


def leaf(canvas: Canvas, colour: Colour = LEAF, *, veins: Colour | None = None, toothed: bool = False) -> None:
    """One leaf from (0, 0) upwards, about 1.5 units long, one half in shade."""
    outline = _SERRATED if toothed else PLAIN_LEAF
    canvas.fill(outline, colour)
    with canvas.clipped(outline):
        canvas.fill([(0, 0.1), (1, 0.1), (1, -1.7), (0, -1.7)], colour.deeper(0.24), alpha=0.7)
    line = veins or colour.paler(0.42)
    canvas.line([(0, 0.02), (0, -1.3)], line, 0.035)
    for y in (-0.3, -0.58, -0.86, -1.1):
        reach = 0.3 * (1 - abs(y + 0.7) * 0.5)
        canvas.lines([[(0, y), (reach, y - 0.16)], [(0, y), (-reach, y - 0.16)]], line, 0.024, alpha=0.75)


def leaf_spray(canvas: Canvas, colour: Colour = LEAF, *, toothed: bool = True) -> None:
    """Three leaves from one stalk, as a bramble has them."""
    for turn, size in ((-58, 0.8), (58, 0.8), (0, 1.0)):
        with canvas.placed(0, 0, size, turn):
            leaf(canvas, colour, toothed=toothed)


def blossom(canvas: Canvas, petal: Colour = MILK, heart: Colour = HONEY) -> None:
    """A five-petalled flower, about two units across."""
    for index in range(5):
        with canvas.placed(turn=index * 72):
            outline = svg(
                "M 0 -0.12 C -0.5 -0.3 -0.5 -0.94 -0.12 -0.98 Q 0 -0.88 0.12 -0.98 C 0.5 -0.94 0.5 -0.3 0 -0.12 Z"
            )
            canvas.fill(outline, petal)
            canvas.line([(0, -0.26), (0, -0.6)], petal.deeper(0.2), 0.03, alpha=0.5)
    canvas.fill(ellipse(0, 0, 0.24), heart.deeper(0.1))
    for index in range(9):
        angle = index * math.tau / 9
        canvas.fill(ellipse(0.26 * math.cos(angle), 0.26 * math.sin(angle), 0.055), heart)
    canvas.fill(ellipse(-0.03, -0.03, 0.15), heart.paler(0.3))


def bee(canvas: Canvas) -> None:
    """A round bumblebee, about two units long, flying to the right."""
    for turn in (-30, 12):
        with canvas.placed(-0.06, -0.3, 1.0, turn):
            canvas.fill(ellipse(0, -0.42, 0.24, 0.46), MILK, alpha=0.8)
            canvas.line(ellipse(0, -0.42, 0.24, 0.46), INK, 0.025, alpha=0.5)
    body = ellipse(0, 0, 0.78, 0.52)
    canvas.fill(body, HONEY)
    with canvas.clipped(body):
        for x in (-0.46, -0.04):
            canvas.fill(
                smooth([(x, -0.6), (x + 0.2, -0.6), (x + 0.24, 0), (x + 0.2, 0.6), (x, 0.6), (x + 0.04, 0)]), INK
            )
        canvas.fill(ellipse(0.72, 0, 0.34, 0.6), INK)
        canvas.fill(ellipse(-0.1, -0.34, 0.6, 0.16), MILK, alpha=0.35, soft=0.08)
    canvas.fill(ellipse(0.62, -0.1, 0.05), MILK)
    canvas.lines([smooth([(0.68, -0.3), (0.82, -0.5), (0.98, -0.54)], closed=False)], INK, 0.04)


def twig(canvas: Canvas, points: list[Point], colour: Colour = MOSS, *, width: float = 0.05) -> None:
    """A stalk through the points."""
    canvas.line(smooth(points, closed=False), colour, width)


@lru_cache(maxsize=16)
def scatter(
    width: float, height: float, distance: float, *, seed: int, tries: int = 900
) -> tuple[tuple[float, float, float], ...]:
    """Places and turns (degrees) for motifs that keep their distance and wrap round, like a printed repeat."""
    rng = random.Random(seed)
    found: list[tuple[float, float, float]] = []
    for _ in range(tries):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if all(
            min(abs(x - ox), width - abs(x - ox)) ** 2 + min(abs(y - oy), height - abs(y - oy)) ** 2 > distance**2
            for ox, oy, _turn in found
        ):
            found.append((x, y, rng.uniform(-40, 40)))
    return tuple(found)
