"""Things of kitchen and table, for the pictures of goods in use."""

import random

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import (
    APRICOT,
    BIRCH,
    CREAM,
    GOOSEBERRY,
    LEAF,
    MILK,
    MINT,
    NIGHT,
    OAK,
    RASPBERRY,
    TIN,
    WALNUT,
    Colour,
)
from berrypod.demo.drawing.paths import arc, box, cubic, ellipse, smooth, svg
from berrypod.demo.drawing.texture import grain_tile, linen_tile, wood_tile
from berrypod.demo.motifs.berries import raspberry
from berrypod.demo.motifs.foliage import leaf

_TOAST = svg(
    "M -96 -40 C -128 -60 -120 -118 -70 -118 C -40 -126 40 -126 70 -118 C 120 -118 128 -60 96 -40 L "
    "100 96 C 100 108 94 114 82 114 "
    "L -82 114 C -94 114 -100 108 -100 96 Z"
)


_SPREAD = (
    *((-78.0, -82.0), (-40.0, -106.0), (8.0, -94.0), (56.0, -108.0), (92.0, -80.0), (80.0, -34.0), (70.0, 8.0)),
    *(
        (86.0, 52.0),
        (70.0, 92.0),
        (26.0, 84.0),
        (-14.0, 98.0),
        (-58.0, 84.0),
        (-86.0, 62.0),
        (-72.0, 8.0),
        (-84.0, -40.0),
    ),
)


def plate(canvas: Canvas, radius: float, colour: Colour = CREAM) -> None:
    """A plate from above."""
    canvas.shadow(ellipse(0, 0, radius), 10, 18, soft=18, alpha=0.4)
    canvas.fill(ellipse(0, 0, radius), colour)
    canvas.fill(ellipse(0, 0, radius), MILK, alpha=0.5, fade=(-radius, -radius, radius * 0.4, radius * 0.4))
    canvas.fill(ellipse(3, 4, radius * 0.74), colour.deeper(0.14))
    canvas.fill(ellipse(0, 0, radius * 0.73), colour.paler(0.3))
    canvas.line(ellipse(0, 0, radius * 0.95), RASPBERRY, radius * 0.016, alpha=0.7, closed=True)


def toast(canvas: Canvas, jam: Colour | None, *, seed: int = 1) -> None:
    """A slice from above, about 220 across, with jam to its edges or bare."""
    canvas.shadow(_TOAST, 4, 9, soft=8, alpha=0.4)
    canvas.fill(_TOAST, OAK.deeper(0.15))
    inner = [(x * 0.91, y * 0.91 - 1) for x, y in _TOAST]
    canvas.fill(inner, APRICOT.mixed(BIRCH, 0.5))
    canvas.weave(inner, grain_tile())
    if jam is None:
        return
    rng = random.Random(seed)
    spread = smooth([(x * rng.uniform(0.84, 0.98), y * rng.uniform(0.84, 0.98)) for x, y in _SPREAD])
    canvas.fill([(x + 2, y + 4) for x, y in spread], NIGHT, alpha=0.3, soft=3)
    canvas.fill(spread, jam)
    with canvas.clipped(spread):
        for _ in range(16):
            x, y, size = rng.uniform(-70, 70), rng.uniform(-86, 80), rng.uniform(7, 15)
            canvas.fill(ellipse(x, y, size), jam.deeper(0.3), alpha=0.6)
            canvas.fill(ellipse(x - 3, y - 4, size * 0.4, size * 0.25), MILK, alpha=0.55)


def knife(canvas: Canvas) -> None:
    """A butter knife from above, pointing up, about 420 long."""
    blade = svg("M -13 30 L -13 -170 C -13 -196 14 -190 18 -160 C 20 -100 16 -20 12 30 Z")
    canvas.shadow(blade, 5, 10, soft=7, alpha=0.4)
    canvas.fill(blade, TIN)
    canvas.fill(svg("M -13 30 L -13 -170 C -13 -190 0 -190 4 -176 L -2 30 Z"), MILK, alpha=0.6)
    canvas.fill(box(-14, 26, 14, 210, round_by=12), WALNUT)
    canvas.fill(box(-14, 26, -6, 210, round_by=4), MILK, alpha=0.2)


def biscuit(canvas: Canvas, filling: Colour = RASPBERRY) -> None:
    """A round jam biscuit from above, about 120 across."""
    rim = smooth(
        [
            (x * (1 + 0.06 * (index % 2)), y * (1 + 0.06 * (index % 2)))
            for index, (x, y) in enumerate(ellipse(0, 0, 56)[::2])
        ]
    )
    canvas.shadow(rim, 4, 8, soft=7, alpha=0.4)
    canvas.fill(rim, BIRCH)
    canvas.weave(rim, grain_tile())
    canvas.fill(rim, NIGHT, alpha=0.14, fade=(50, 50, -20, -20))
    canvas.fill(ellipse(0, 0, 29), OAK)
    canvas.fill(ellipse(0, 1, 26), filling)
    canvas.fill(ellipse(-8, -9, 9, 5, turn=-30), MILK, alpha=0.7)


def jar_lid(canvas: Canvas, cloth: Colour) -> None:
    """A jam jar from above: only its bonnet shows, about 260 across."""
    edge = smooth(
        [
            (x * (1.0 + 0.06 * (index % 2)), y * (1.0 + 0.06 * (index % 2)))
            for index, (x, y) in enumerate(ellipse(0, 0, 128)[::3])
        ]
    )
    canvas.shadow(edge, 12, 22, soft=16, alpha=0.45)
    canvas.fill(edge, cloth)
    with canvas.clipped(edge):
        canvas.lines([[(x, -150), (x, 150)] for x in range(-126, 150, 36)], MILK, 16, alpha=0.5)
        canvas.lines([[(-150, y), (150, y)] for y in range(-126, 150, 36)], MILK, 16, alpha=0.5)
    canvas.weave(edge, linen_tile())
    canvas.line(ellipse(0, 0, 92), NIGHT, 8, alpha=0.3, soft=4, closed=True)
    canvas.line(ellipse(0, 0, 92), APRICOT.deeper(0.1), 6, closed=True)
    canvas.glow(-30, -36, 80, 70, MILK, 0.35)


def loose_berries(canvas: Canvas, places: tuple[tuple[float, float, float], ...], size: float = 46.0) -> None:
    """Raspberries that rolled out, each with its shade: x, y, turn."""
    for index, (x, y, turn) in enumerate(places):
        canvas.fill(ellipse(x + size * 0.2, y + size * 0.4, size * 0.8), NIGHT, alpha=0.34, soft=size * 0.2)
        with canvas.placed(x, y, size, turn):
            raspberry(canvas, seed=index + 20)


def shelf(canvas: Canvas, y: float, left: float, right: float, wood: Colour = OAK) -> None:
    """A board on the wall, its top edge at y."""
    top, front = box(left, y - 16, right, y), box(left, y, right, y + 24)
    canvas.fill(
        [(left + 10, y + 20), (right + 26, y + 20), (right + 30, y + 84), (left + 40, y + 84)],
        NIGHT,
        alpha=0.26,
        soft=20,
    )
    for x in (left + (right - left) * 0.14, left + (right - left) * 0.86):
        canvas.fill([(x - 8, y + 24), (x + 8, y + 24), (x + 8, y + 84), (x - 8, y + 70)], wood.deeper(0.4))
    canvas.fill(top, wood.paler(0.3))
    canvas.fill(front, wood)
    canvas.weave(front, wood_tile())
    canvas.line([(left, y + 24), (right, y + 24)], NIGHT, 3, alpha=0.3)


def rail(canvas: Canvas, y: float, left: float, right: float) -> None:
    """A metal rail across the picture."""
    bar = box(left, y - 11, right, y + 11, round_by=11)
    canvas.shadow(bar, 6, 20, soft=10, alpha=0.3)
    canvas.fill(bar, TIN)
    canvas.fill(box(left, y - 8, right, y - 2), MILK, alpha=0.8)
    canvas.fill(box(left, y + 3, right, y + 11), NIGHT, alpha=0.25)


def groceries(canvas: Canvas) -> None:
    """What looks out of a full bag: leeks, a loaf and a frond, standing on y = 0."""
    for x, turn in ((-92, -14), (-60, -5)):
        with canvas.placed(x, 40, 1.0, turn):
            canvas.fill(box(-17, -150, 17, 60), MINT)
            canvas.fill(box(2, -150, 17, 60), NIGHT, alpha=0.1)
            for sway, colour in ((-70, LEAF), (62, LEAF), (-30, GOOSEBERRY.deeper(0.2)), (24, GOOSEBERRY.deeper(0.1))):
                tip = (float(sway), -300.0 + abs(sway) * 0.9)
                edge = [*cubic((-16, -130), (-24, -190), (sway - 34, tip[1] + 60), tip)]
                edge += cubic(tip, (sway + 26, tip[1] + 70), (26, -190), (16, -130))
                canvas.fill(edge, colour)
                canvas.line([(0, -140), (sway * 0.8, tip[1] + 50)], colour.paler(0.35), 3, alpha=0.5)
    with canvas.placed(70, 60, 1.0, 13):
        loaf = svg("M -44 40 L -46 -240 C -44 -320 44 -320 46 -240 L 44 40 Z")
        canvas.fill(loaf, OAK)
        canvas.weave(loaf, grain_tile())
        canvas.fill(loaf, NIGHT, alpha=0.26, fade=(46, 0, -16, 0))
        for y in (-230, -160, -90):
            canvas.line(smooth([(-30, y + 26), (0, y), (34, y - 26)], closed=False), APRICOT.paler(0.3), 15, alpha=0.85)
    for turn, size in ((-8, 92), (10, 84), (26, 70)):
        with canvas.placed(6, 20, size, turn):
            leaf(canvas, LEAF)


def bowl(canvas: Canvas, colour: Colour) -> None:
    """A bowl heaped with raspberries, from the side: about 300 wide, standing on y = 120."""
    for index, (x, y) in enumerate(
        ((-90, -20), (90, -22), (-46, -48), (46, -50), (0, -30), (0, -76), (-94, 6), (96, 4))
    ):
        with canvas.placed(x, y, 44, (index * 67) % 90 - 45 + 180):
            raspberry(canvas, seed=index)
    body = svg("M -150 0 C -146 70 -90 118 -40 120 L 40 120 C 90 118 146 70 150 0 C 80 26 -80 26 -150 0 Z")
    canvas.fill(body, colour)
    canvas.fill(body, MILK, alpha=0.35, fade=(-150, 0, -20, 60))
    canvas.fill(body, NIGHT, alpha=0.3, fade=(150, 60, 0, 40))
    canvas.line(arc(0, -6, 150, 24, 12, 168), colour.paler(0.5), 5)
