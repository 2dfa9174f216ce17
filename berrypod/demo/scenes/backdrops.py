"""Where the goods are photographed: a tinted sheet, a table before a wall, a wooden table, a wall with pegs."""

import random

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import BIRCH, MILK, NIGHT, OAK, Colour
from berrypod.demo.drawing.paths import box, ellipse
from berrypod.demo.drawing.texture import wood_tile
from berrypod.demo.motifs.foliage import PLAIN_LEAF


def sheet(canvas: Canvas, *, leaf_shade: int | None = None) -> None:
    """Light from the upper left over the whole ground; with a seed, leaves throw their shade across a corner."""
    wide, high = canvas.width, canvas.height
    whole = box(0, 0, wide, high)
    canvas.fill(whole, MILK, alpha=0.45, fade=(0, 0, wide * 0.7, high * 0.7))
    canvas.fill(whole, NIGHT, alpha=0.1, fade=(wide, high, wide * 0.35, high * 0.35))
    if leaf_shade is not None:
        _leaf_shade(canvas, random.Random(leaf_shade))


def _leaf_shade(canvas: Canvas, rng: random.Random) -> None:
    towards = rng.choice((-1, 1))
    x0 = canvas.width / 2 - towards * (canvas.width / 2 + 60)
    for stem in range(2):
        y0 = rng.uniform(-40, 20) + stem * 130
        for step in range(7):
            x, y = x0 + towards * step * 58, y0 + step * step * 5
            with canvas.placed(
                x, y, rng.uniform(70, 96), towards * (60 + (70 if step % 2 else -20)) + rng.uniform(-8, 8)
            ):
                canvas.fill(PLAIN_LEAF, NIGHT, alpha=0.07, soft=0.06)


def studio(canvas: Canvas, wall: Colour, table: Colour, *, horizon: float = 640.0, disc: Colour | None = None) -> None:
    """A wall and a table edge; ``disc`` puts a big round of colour behind the thing."""
    wide, high = canvas.width, canvas.height
    canvas.fill(box(0, 0, wide, high), wall)
    canvas.fill(box(0, 0, wide, high), MILK, alpha=0.4, fade=(0, 0, wide * 0.6, high * 0.6))
    if disc is not None:
        canvas.fill(ellipse(wide / 2, horizon - 190, 330), disc)
    canvas.fill(box(0, horizon - 60, wide, horizon), NIGHT, alpha=0.08, fade=(0, horizon, 0, horizon - 60))
    canvas.fill(box(0, horizon, wide, high), table)
    canvas.fill(box(0, horizon, wide, high), MILK, alpha=0.35, fade=(0, horizon, 0, horizon + 160))
    canvas.fill(box(0, horizon, wide, high), NIGHT, alpha=0.12, fade=(wide, high, wide * 0.4, horizon))


def boards(canvas: Canvas, wood: Colour = BIRCH, *, planks: int = 5, seed: int = 3, top: float = 0.0) -> None:
    """Planks across the picture from ``top`` down."""
    rng = random.Random(seed)
    height = (canvas.height - top) / planks
    for index in range(planks):
        y = top + index * height
        plank = box(0, y, canvas.width, y + height)
        canvas.fill(plank, wood.mixed(OAK, rng.uniform(0.0, 0.28)))
        canvas.weave(plank, wood_tile(), strength=rng.uniform(0.5, 0.9))
        canvas.line([(0, y), (canvas.width, y)], NIGHT, 2.5, alpha=0.28)
        canvas.line([(0, y + 3), (canvas.width, y + 3)], MILK, 2, alpha=0.25)
        joint = rng.uniform(0.1, 0.9) * canvas.width
        canvas.line([(joint, y), (joint, y + height)], NIGHT, 2, alpha=0.22)
    canvas.fill(
        box(0, top, canvas.width, canvas.height),
        MILK,
        alpha=0.22,
        fade=(0, top, canvas.width * 0.7, canvas.height * 0.7),
    )
    canvas.fill(
        box(0, top, canvas.width, canvas.height),
        NIGHT,
        alpha=0.14,
        fade=(canvas.width, canvas.height, canvas.width * 0.4, canvas.height * 0.4),
    )


def contact(canvas: Canvas, x: float, y: float, width: float, *, depth: float = 0.16, alpha: float = 0.4) -> None:
    """The shade under a thing that stands on a table, and what it throws to the right."""
    canvas.fill(ellipse(x + width * 0.12, y, width * 0.62, width * depth), NIGHT, alpha=alpha * 0.55, soft=width * 0.08)
    canvas.fill(ellipse(x + width * 0.02, y, width * 0.5, width * depth * 0.6), NIGHT, alpha=alpha, soft=width * 0.035)
