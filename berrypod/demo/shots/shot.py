"""What a picture is before it is drawn, and the ways most of them are set up."""

from collections.abc import Callable
from dataclasses import dataclass

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import Colour
from berrypod.demo.scenes import backdrops

Draw = Callable[[Canvas], None]


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture to be taken: on which ground, how large (units; ``density`` pixels each), and who draws it.

    ``choice`` is the option value that the picture shows (a colour, a flavour), if it shows one in particular.
    """

    name: str
    alt: str
    ground: Colour
    draw: Draw
    choice: str | None = None
    width: int = 1000
    height: int = 1000
    density: float = 0.8


def flat(
    thing: Draw, *, scale: float = 1.2, turn: float = 0.0, x: float = 500, y: float = 500, leaves: int | None = None
) -> Draw:
    """The thing lying on a tinted sheet, seen from above."""

    def draw(canvas: Canvas) -> None:
        backdrops.sheet(canvas, leaf_shade=leaves)
        with canvas.placed(x, y, scale, turn):
            thing(canvas)

    return draw


def standing(
    thing: Draw,
    wall: Colour,
    table: Colour,
    *,
    base: float,
    width: float,
    scale: float = 1.2,
    x: float = 500,
    floor: float = 790,
    disc: Colour | None = None,
) -> Draw:
    """The thing on a table before a wall: ``base`` is the y of its own foot, ``width`` that of its foot."""

    def draw(canvas: Canvas) -> None:
        backdrops.studio(canvas, wall, table, horizon=floor - 80, disc=disc)
        stand(canvas, thing, x, floor, base=base, width=width, scale=scale)

    return draw


def stand(
    canvas: Canvas, thing: Draw, x: float, floor: float, *, base: float, width: float, scale: float = 1.0
) -> None:
    """Put a thing on a table, with the shade under it."""
    backdrops.contact(canvas, x, floor - 4 * scale, width * scale)
    with canvas.placed(x, floor - base * scale, scale):
        thing(canvas)


def lying(canvas: Canvas, thing: Draw, x: float, y: float, scale: float = 1.0, turn: float = 0.0) -> None:
    """Put a thing somewhere, as it is."""
    with canvas.placed(x, y, scale, turn):
        thing(canvas)
