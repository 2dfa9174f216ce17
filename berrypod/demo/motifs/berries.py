"""The berries. Each is drawn about (0, 0), about two units high, hanging from its stalk."""

import math
import random
from dataclasses import dataclass

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import (
    GOOSEBERRY,
    HONEY,
    LEAF,
    MILK,
    MOSS,
    OAT,
    RASPBERRY,
    Colour,
    from_hex,
)
from berrypod.demo.drawing.paths import Point, arc, ellipse, smooth, svg, symmetric


@dataclass(frozen=True)
class Flesh:
    """What a berry is coloured with: its skin, its shaded side, its gleam, and its leaves."""

    skin: Colour
    shade: Colour
    gleam: Colour
    leaf: Colour = LEAF
    leaf_shade: Colour = MOSS


RED = Flesh(RASPBERRY, from_hex("95214C"), from_hex("F29AA9"))
BLACK = Flesh(from_hex("50284F"), from_hex("2E1636"), from_hex("A67AA8"))
GREEN = Flesh(GOOSEBERRY, from_hex("7C8E41"), from_hex("E9F0C4"))
BLUE = Flesh(from_hex("5465A6"), from_hex("333F74"), from_hex("B9C6EA"))
SCARLET = Flesh(from_hex("D53F4C"), from_hex("9F2440"), from_hex("F7B1A8"))

_SEPAL = svg("M -0.08 0.04 C -0.24 -0.14 -0.16 -0.4 0 -0.66 C 0.16 -0.4 0.24 -0.14 0.08 0.04 Z")
_DRUPE = symmetric(svg("M 0 -0.7 C 0.34 -0.78 0.72 -0.66 0.78 -0.26 C 0.84 0.2 0.46 0.98 0 1"))
_HEART = symmetric(svg("M 0 -0.66 C 0.3 -0.82 0.84 -0.72 0.86 -0.26 C 0.88 0.28 0.36 0.86 0 1"))


def crown(canvas: Canvas, flesh: Flesh, *, size: float = 1.0, spread: float = 82.0) -> None:
    """Five small leaves and a stalk on top of a berry."""
    canvas.line([(0, -0.02), (0.02, -0.24 * size), (0.1, -0.5 * size)], flesh.leaf_shade, 0.085 * size)
    for turn in (-spread, spread, -spread / 2.1, spread / 2.1, 0.0):
        with canvas.placed(0, 0.0, size, 180 + turn, tall=0.86):
            canvas.fill(_SEPAL, flesh.leaf_shade if abs(turn) > spread * 0.8 else flesh.leaf)
            canvas.line([(0, -0.08), (0, -0.42)], flesh.leaf_shade, 0.03, alpha=0.7)


def _packed() -> list[Point]:
    """Where the drupelets sit: rows set like bricks, drawn in to the berry's outline."""
    places: list[Point] = []
    for row in range(8):
        y = -0.56 + row * 0.212
        half = _half_width(y)
        count = (3, 4, 5, 4, 5, 4, 3, 2)[row]
        places.extend((half * (2 * index / (count - 1) - 1), y) for index in range(count))
    return [*places, (0.0, 0.92)]


def _half_width(y: float) -> float:
    """Of the ring on which the middles of the drupelets lie."""
    if y < -0.2:
        return 0.64 - 0.9 * (y + 0.2) ** 2
    return 0.64 * math.sqrt(max(0.0, 1 - ((y + 0.2) / 1.22) ** 2)) - 0.05 * (y + 0.2)


_DRUPELETS = tuple(_packed())
_TINY = 34.0  # pixels per unit


def raspberry(canvas: Canvas, flesh: Flesh = RED, *, seed: int = 1) -> None:
    """Rows of drupelets, each with a gleam; blackberries are the same in another colour."""
    if canvas.scale < _TINY:
        _tiny_raspberry(canvas, flesh)
        return
    rng = random.Random(seed)
    canvas.fill(_DRUPE, flesh.shade)
    for x, y in _DRUPELETS:
        _drupelet(canvas, flesh, x + rng.uniform(-0.01, 0.01), y - 0.05 * (1 - 2 * x * x), 0.186, rng.random())
    with canvas.clipped(_DRUPE):
        canvas.fill(ellipse(0.66, 0.3, 0.28, 0.8, turn=16), flesh.shade, alpha=0.34, soft=0.12)
    with canvas.placed(0, -0.68, 0.8):
        crown(canvas, flesh)


def _tiny_raspberry(canvas: Canvas, flesh: Flesh) -> None:
    """The same berry where it is some 50 pixels high: all drupelets in three strokes of dots."""
    canvas.fill(_DRUPE, flesh.shade)
    for dx, dy, colour, size in (
        (0.0, 0.0, flesh.shade, 0.38),
        (-0.02, -0.04, flesh.skin, 0.31),
        (-0.06, -0.09, flesh.gleam, 0.1),
    ):
        canvas.dots([(x + dx, y + dy) for x, y in _DRUPELETS], colour, size)
    with canvas.placed(0, -0.68, 0.8):
        for turn in (-70, -32, 0, 32, 70):
            with canvas.placed(0, 0.0, 1.0, 180 + turn, tall=0.86):
                canvas.fill(_SEPAL, flesh.leaf_shade if abs(turn) > 50 else flesh.leaf)
        canvas.line([(0, -0.02), (0.08, -0.4)], flesh.leaf_shade, 0.09)


def _drupelet(canvas: Canvas, flesh: Flesh, x: float, y: float, radius: float, tone: float) -> None:
    canvas.fill(ellipse(x, y + radius * 0.1, radius), flesh.shade)
    canvas.fill(
        ellipse(x - radius * 0.06, y - radius * 0.02, radius * 0.88), flesh.skin.mixed(flesh.gleam, tone * 0.16)
    )
    canvas.fill(
        ellipse(x - radius * 0.3, y - radius * 0.34, radius * 0.3, radius * 0.2, turn=-35), flesh.gleam, alpha=0.85
    )


def strawberry(canvas: Canvas, flesh: Flesh = SCARLET) -> None:
    """A wild strawberry with seeds."""
    canvas.fill(_HEART, flesh.skin)
    with canvas.clipped(_HEART):
        canvas.fill(ellipse(0.62, 0.4, 0.42, 1.0, turn=28), flesh.shade, alpha=0.5, soft=0.14)
        canvas.fill(ellipse(-0.4, -0.3, 0.18, 0.36, turn=28), flesh.gleam, alpha=0.55, soft=0.08)
    for row, (y, count) in enumerate(((-0.36, 4), (-0.06, 5), (0.24, 4), (0.52, 3), (0.76, 1))):
        half = (0.56, 0.62, 0.48, 0.28, 0.0)[row]
        for index in range(count):
            x = 0.0 if count == 1 else -half + index * 2 * half / (count - 1)
            canvas.fill(ellipse(x, y, 0.035, 0.06), HONEY.paler(0.35))
    with canvas.placed(0, -0.64, 1.02):
        crown(canvas, flesh, spread=96)


def blueberry(canvas: Canvas, flesh: Flesh = BLUE, *, turn: float = 0.0) -> None:
    """Round, with bloom on its skin and the little star of its flower end."""
    skin = ellipse(0, 0, 0.92)
    canvas.fill(skin, flesh.skin)
    with canvas.clipped(skin):
        canvas.fill(ellipse(0.46, 0.5, 0.86), flesh.shade, alpha=0.75, soft=0.2)
        canvas.fill(ellipse(-0.34, -0.34, 0.5, 0.42, turn=-40), flesh.gleam, alpha=0.55, soft=0.18)
        canvas.line(arc(0, 0, 0.78, 0.78, 20, 90), flesh.gleam, 0.06, alpha=0.22, soft=0.05)
    with canvas.placed(0.12, -0.08, 0.42, turn, tall=0.86):
        star = [_polar(index * 36 - 90, 1.0 if index % 2 == 0 else 0.56) for index in range(10)]
        canvas.fill(smooth(star, steps=4), flesh.shade)
        canvas.fill(ellipse(0, 0, 0.5), flesh.shade.deeper(0.45))
        canvas.line(arc(0, 0, 0.44, 0.44, 30, 150), flesh.gleam, 0.08, alpha=0.45)


def gooseberry(canvas: Canvas, flesh: Flesh = GREEN) -> None:
    """Translucent, striped from stalk to the dry flower at its end."""
    skin = ellipse(0, 0.02, 0.8, 0.96)
    canvas.line([(0, -0.9), (0.03, -1.2), (0.14, -1.44)], flesh.leaf_shade, 0.09)
    canvas.fill(skin, flesh.skin)
    with canvas.clipped(skin):
        canvas.fill(ellipse(0.5, 0.5, 0.7, 0.9), flesh.shade, alpha=0.7, soft=0.2)
        canvas.fill(ellipse(-0.24, -0.2, 0.42, 0.62, turn=12), flesh.gleam, alpha=0.5, soft=0.2)
        for bulge in (-0.62, -0.36, -0.12, 0.14, 0.38, 0.62):
            canvas.line(arc(0, 0.02, abs(bulge), 0.96, -90, 90 if bulge > 0 else -270), flesh.gleam, 0.035, alpha=0.7)
        canvas.fill(ellipse(-0.38, -0.42, 0.14, 0.22, turn=24), MILK, alpha=0.75, soft=0.03)
    for turn in (-34, 0, 34):
        with canvas.placed(0, 0.94, 0.32, turn):
            canvas.fill(svg("M -0.16 0 C -0.3 0.3 -0.18 0.7 0 1 C 0.18 0.7 0.3 0.3 0.16 0 Z"), from_hex("8A6A45"))


def currant(canvas: Canvas, flesh: Flesh = BLACK) -> None:
    """One currant of a bunch: a bead with a dry tip."""
    skin = ellipse(0, 0, 0.92)
    canvas.fill(svg("M -0.14 0.8 L -0.22 1.2 L 0 1.06 L 0.22 1.2 L 0.14 0.8 Z"), OAT.deeper(0.4))
    canvas.fill(skin, flesh.skin)
    with canvas.clipped(skin):
        canvas.fill(ellipse(0.4, 0.46, 0.8), flesh.shade, alpha=0.8, soft=0.2)
    canvas.fill(ellipse(-0.34, -0.38, 0.24, 0.15, turn=-38), flesh.gleam, alpha=0.9)
    canvas.fill(ellipse(0.36, 0.42, 0.1, 0.06, turn=-38), flesh.gleam, alpha=0.4)


def currants(canvas: Canvas, flesh: Flesh = BLACK) -> None:
    """A bunch of currants on its string, two units high."""
    canvas.line(smooth([(0.1, -1.3), (0.02, -0.8), (-0.02, -0.1), (0.04, 0.6)], closed=False), flesh.leaf, 0.06)
    beads = [(-0.36, -0.5), (0.4, -0.56), (0.02, -0.3), (-0.42, -0.02), (0.38, -0.06), (-0.06, 0.2), (0.3, 0.42)]
    for x, y in [*beads, (-0.26, 0.56), (0.08, 0.86)]:
        with canvas.placed(x, y, 0.3, x * 20):
            currant(canvas, flesh)


def _polar(degrees: float, radius: float) -> Point:
    angle = math.radians(degrees)
    return (radius * math.cos(angle), radius * math.sin(angle))


def mono(ink: Colour, ground: Colour) -> Flesh:
    """A one-colour print: gleams and leaves are lighter and darker inks of the same pot."""
    return Flesh(ink, ink.mixed(ground, 0.32), ink.mixed(ground, 0.75), ink, ink.mixed(ground, 0.35))
