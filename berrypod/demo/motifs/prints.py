"""What is printed, stitched or pressed on the goods. Each design is about two units high, about (0, 0)."""

from collections.abc import Callable
from dataclasses import dataclass

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import CREAM, GOOSEBERRY, INK, LEAF, MILK, MOSS, PLUM, ROSE, Colour
from berrypod.demo.drawing.paths import arc, ellipse, smooth, svg, symmetric
from berrypod.demo.motifs.berries import (
    BLACK,
    GREEN,
    RED,
    Flesh,
    blueberry,
    currants,
    gooseberry,
    raspberry,
    strawberry,
)
from berrypod.demo.motifs.foliage import blossom, leaf, scatter, twig

Design = Callable[[Canvas], None]

_POD = symmetric(svg("M 0 -0.52 C 0.7 -0.52 1.2 -0.36 1.62 0.02 C 1.2 0.42 0.7 0.56 0 0.56"))
_MOUTH = symmetric(svg("M 0 -0.3 C 0.6 -0.34 1.0 -0.24 1.3 0 C 1.0 0.26 0.6 0.34 0 0.34"))


def pod(canvas: Canvas, *, shell: Colour = LEAF, inside: Colour = GOOSEBERRY) -> None:
    """The shop's mark: three berries in a pod."""
    with canvas.placed(turn=-24):
        twig(canvas, [(1.56, 0.02), (1.78, -0.12), (1.9, -0.4)], MOSS, width=0.1)
        canvas.fill(_POD, shell)
        canvas.fill(_MOUTH, inside.deeper(0.2))
        canvas.fill([(x, y * 0.86 + 0.06) for x, y in _MOUTH], inside)
        for x, draw in ((-0.72, blueberry), (0.0, raspberry), (0.74, gooseberry)):
            with canvas.placed(x, -0.08, 0.41, 24):
                draw(canvas)
        lip = symmetric(svg("M 0 0.2 C 0.6 0.22 1.1 0.18 1.62 0.02 C 1.2 0.42 0.7 0.56 0 0.56"))
        canvas.fill(lip, shell.paler(0.12))
        canvas.line(
            smooth([(-1.4, 0.06), (-0.7, 0.2), (0, 0.23), (0.7, 0.2), (1.4, 0.06)], closed=False),
            shell.paler(0.4),
            0.03,
        )


def sprig(canvas: Canvas) -> None:
    """Two raspberries and a bud on a leafy twig."""
    twig(canvas, [(-0.75, -1.0), (-0.3, -0.72), (0.1, -0.6), (0.62, -0.7)], MOSS, width=0.055)
    twig(canvas, [(0.02, -0.62), (0.16, -0.3), (0.14, -0.1)], MOSS)
    twig(canvas, [(-0.36, -0.74), (-0.42, -0.46), (-0.365, -0.24)], MOSS)
    twig(canvas, [(0.5, -0.68), (0.72, -0.5), (0.76, -0.36)], MOSS, width=0.04)
    for x, y, size, turn in (
        (-0.6, -0.88, 0.36, -128),
        (-0.08, -0.66, 0.42, -8),
        (0.6, -0.7, 0.4, 62),
        (0.28, -0.62, 0.3, 12),
    ):
        with canvas.placed(x, y, size, turn):
            leaf(canvas, LEAF, toothed=True)
    with canvas.placed(-0.44, 0.18, 0.4, 6):
        raspberry(canvas, seed=3)
    with canvas.placed(0.18, 0.42, 0.5, -6):
        raspberry(canvas, seed=4)
    with canvas.placed(0.78, -0.12, 0.24, -10):
        raspberry(canvas, GREEN, seed=5)


def bramble(canvas: Canvas) -> None:
    """Blackberries at every ripeness, and their flower."""
    twig(canvas, [(-0.95, 0.5), (-0.5, 0.05), (0.0, -0.2), (0.6, -0.62), (0.95, -0.7)], LEAF.paler(0.1), width=0.055)
    for x, y, size, turn in (
        (-0.62, 0.16, 0.46, -110),
        (0.0, -0.2, 0.5, -38),
        (0.62, -0.62, 0.36, 8),
        (-0.3, -0.06, 0.4, 150),
    ):
        with canvas.placed(x, y, size, turn):
            leaf(canvas, LEAF, toothed=True)
    for x, y, size, flesh, turn in (
        (0.16, 0.34, 0.44, BLACK, -8),
        (0.66, 0.02, 0.36, BLACK, -16),
        (0.92, -0.4, 0.2, RED, -24),
    ):
        twig(canvas, [(x - 0.06, y - size * 1.5), (x, y - size * 0.8)], LEAF.paler(0.1), width=0.04)
        with canvas.placed(x, y, size, turn):
            raspberry(canvas, flesh, seed=round(size * 100))
    with canvas.placed(-0.42, 0.62, 0.3):
        blossom(canvas)


def blueberries(canvas: Canvas) -> None:
    """A clutch of blueberries with plain leaves."""
    twig(canvas, [(0.1, -1.1), (0.0, -0.6), (0.0, -0.2)], MOSS)
    for turn, size in ((-70, 0.62), (64, 0.66), (-20, 0.56), (24, 0.5)):
        with canvas.placed(0.0, -0.4, size, turn):
            leaf(canvas, LEAF)
    for x, y, size, turn in (
        (-0.46, -0.06, 0.36, -30),
        (0.44, -0.1, 0.38, 40),
        (0.0, 0.08, 0.42, 0),
        (-0.26, 0.58, 0.34, 60),
        (0.4, 0.56, 0.32, 20),
    ):
        with canvas.placed(x, y, size):
            blueberry(canvas, turn=turn)


def gooseberries(canvas: Canvas) -> None:
    """Three gooseberries under a leaf."""
    twig(canvas, [(-0.9, -0.8), (-0.2, -0.86), (0.7, -0.74)], MOSS, width=0.06)
    for x, y, size, turn in ((-0.5, -0.82, 0.46, -60), (0.5, -0.78, 0.5, 50), (0.0, -0.84, 0.44, -6)):
        with canvas.placed(x, y, size, turn):
            leaf(canvas, LEAF, toothed=True)
    for x, y, size, turn in ((-0.46, 0.1, 0.4, 8), (0.46, 0.02, 0.38, -10), (0.02, 0.44, 0.46, 0)):
        with canvas.placed(x, y, size, turn):
            gooseberry(canvas)


def currant_branch(canvas: Canvas, flesh: Flesh = BLACK) -> None:
    """Two strings of currants."""
    twig(canvas, [(-0.9, -0.82), (0.0, -0.9), (0.9, -0.76)], MOSS, width=0.06)
    for x, size, turn in ((-0.62, 0.42, -50), (0.66, 0.44, 50), (0.06, 0.5, 6)):
        with canvas.placed(x, -0.84, size, turn):
            leaf(canvas, LEAF, toothed=True)
    for x, y, size, turn in ((-0.38, 0.04, 0.66, 6), (0.42, 0.1, 0.76, -6)):
        with canvas.placed(x, y, size, turn):
            currants(canvas, flesh)


@dataclass(frozen=True)
class Repeat:
    """An all-over print: berries and leaves strewn in a width and height, the same for the same seed."""

    berries: tuple[Design, ...]
    width: float
    height: float
    distance: float
    size: float
    seed: int = 5
    leaves: Colour | None = LEAF

    def __call__(self, canvas: Canvas) -> None:
        for index, (x, y, turn) in enumerate(scatter(self.width, self.height, self.distance, seed=self.seed)):
            with canvas.placed(x - self.width / 2, y - self.height / 2, self.size, turn):
                kind = index % (len(self.berries) + (1 if self.leaves else 0))
                if kind < len(self.berries):
                    self.berries[kind](canvas)
                elif self.leaves:
                    with canvas.placed(0, 0.5, 1.0):
                        leaf(canvas, self.leaves)


def wordmark(canvas: Canvas, ink: Colour = PLUM, *, size: float = 0.4) -> None:
    """The pod over the shop's name."""
    with canvas.placed(0, -size * 1.3, size * 0.9):
        pod(canvas)
    write(canvas, "berrypod", 0, size * 0.85, size * 0.6, ink, weight=0.24)


def jam_today(canvas: Canvas, ink: Colour = PLUM) -> None:
    """The saying of the mugs, with a raspberry for its full stop."""
    write(canvas, "jam", 0, -0.26, 0.5, ink, weight=0.24)
    write(canvas, "today", -0.16, 0.66, 0.38, ink, weight=0.24)
    with canvas.placed(1.13, 0.44, 0.22, 8):
        raspberry(canvas)


def soft_fruit(canvas: Canvas, ink: Colour = PLUM) -> None:
    """The bag's warning, under a clutch of berries."""
    with canvas.placed(0, -0.42, 0.74):
        sprig(canvas)
    write(canvas, "soft fruit", 0, 0.64, 0.22, ink, weight=0.23)
    write(canvas, "handle with care", 0, 1.0, 0.115, ink, weight=0.2)


def big_strawberry(canvas: Canvas, ink: Colour = INK) -> None:
    """One large strawberry with a small contented face, for small people."""
    with canvas.placed(0, 0, 1.0, -6):
        strawberry(canvas)
        for x in (-0.24, 0.24):
            canvas.fill(ellipse(x, 0.08, 0.06), ink)
            canvas.fill(ellipse(x - 0.02, 0.06, 0.02), MILK)
            canvas.fill(ellipse(x * 1.6, 0.2, 0.1, 0.06), ROSE, alpha=0.8)
        canvas.line(arc(0, 0.12, 0.12, 0.1, 20, 160), ink, 0.035)


def readable_on(ground: Colour) -> Colour:
    """The ink that the house prints on that ground."""
    return CREAM if ground.dark else PLUM
