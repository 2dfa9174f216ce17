"""Small things: stickers, enamel pins, the gift card and its envelope."""

from collections.abc import Callable

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BLUSH,
    BRASS,
    CREAM,
    HONEY,
    INK,
    MILK,
    MINT,
    NIGHT,
    PLUM,
    RASPBERRY,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import Path, box, ellipse, smooth, svg
from berrypod.demo.drawing.texture import grain_tile
from berrypod.demo.motifs.berries import BLACK, blueberry, gooseberry, raspberry, strawberry
from berrypod.demo.motifs.foliage import bee, blossom
from berrypod.demo.motifs.prints import Design, pod, sprig

_BERRY_RIM = svg(
    "M 0 -1.0 C 0.3 -1.36 0.44 -1.1 0.6 -0.98 C 1.0 -0.86 1.1 -0.4 0.98 0.1 C 0.84 0.66 0.42 1.16 0 "
    "1.18 C -0.42 1.16 -0.84 0.66 -0.98 0.1 C -1.1 -0.4 -1.0 -0.86 -0.6 -0.98 C -0.44 -1.1 -0.3 -1.3 "
    "0 -1.0 Z"
)
_ROUND_RIM = ellipse(0, 0, 1.12)


def sticker(canvas: Canvas, design: Design, rim: Path = _BERRY_RIM, *, lift: float = 0.05) -> None:
    """One die-cut sticker, about two units across, with its white edge."""
    canvas.fill([(x + lift, y + lift * 1.6) for x, y in rim], NIGHT, alpha=0.3, soft=lift)
    canvas.fill(rim, MILK)
    with canvas.placed(0, 0.04, 0.9):
        design(canvas)
    with canvas.clipped(rim):
        canvas.fill([(-1.4, -0.2), (-0.2, -1.6), (0.2, -1.6), (-1.4, 0.3)], MILK, alpha=0.22)


def _words(text: str, ground: Colour, ink: Colour) -> Design:
    def draw(canvas: Canvas) -> None:
        canvas.fill(box(-1.32, -0.4, 1.32, 0.4, round_by=0.4), ground)
        write(canvas, text, 0, 0.1, 0.23, ink, weight=0.22)

    return draw


def _on_disc(design: Design, ground: Colour) -> Design:
    def draw(canvas: Canvas) -> None:
        canvas.fill(ellipse(0, -0.04, 1.08), ground)
        with canvas.placed(0, 0, 0.84):
            design(canvas)

    return draw


WORDS_RIM: Path = tuple(box(-1.5, -0.56, 1.5, 0.56, round_by=0.56))
ROUND_RIM: Path = tuple(_ROUND_RIM)
STICKERS: tuple[tuple[Design, Path], ...] = (
    (raspberry, _BERRY_RIM),
    (blueberry, ROUND_RIM),
    (strawberry, _BERRY_RIM),
    (_words("jam today", RASPBERRY, CREAM), WORDS_RIM),
    (gooseberry, tuple(ellipse(0, -0.1, 1.02, 1.42))),
    (_on_disc(bee, MINT), ROUND_RIM),
    (lambda canvas: raspberry(canvas, BLACK), _BERRY_RIM),
    (_on_disc(blossom, ROSE), ROUND_RIM),
    (_words("berry well", MINT, PLUM), WORDS_RIM),
)


def sticker_sheet(canvas: Canvas, paper: Colour = BLUSH) -> None:
    """The whole sheet, about 480 by 640."""
    sheet = box(-240, -320, 240, 320, round_by=18)
    canvas.shadow(sheet, 10, 16, soft=16, alpha=0.36)
    canvas.fill(sheet, paper)
    canvas.weave(sheet, grain_tile())
    write(canvas, "a punnet of stickers", 0, -266, 17, PLUM, weight=0.2)
    for index, (design, rim) in enumerate(STICKERS):
        with canvas.placed(-152 + index % 3 * 152, -158 + index // 3 * 168, 56, (index * 37) % 20 - 10):
            sticker(canvas, design, rim, lift=0.03)
    write(canvas, "berrypod", 0, 296, 10, PLUM, weight=0.22)


def pin(canvas: Canvas, draw: Callable[[Canvas], None], rim: Path = _BERRY_RIM) -> None:
    """One enamel pin, about two units across: gold edge, glossy face."""
    canvas.fill([(x + 0.07, y + 0.12) for x, y in rim], NIGHT, alpha=0.42, soft=0.08)
    canvas.fill(rim, BRASS.deeper(0.2))
    canvas.fill([(x * 0.985 - 0.015, y * 0.985 - 0.02) for x, y in rim], BRASS.paler(0.6))
    canvas.fill([(x * 0.95, y * 0.95) for x, y in rim], BRASS)
    with canvas.placed(0, 0.03, 0.87):
        draw(canvas)
    with canvas.clipped(rim):
        canvas.fill(ellipse(-0.42, -0.46, 0.36, 0.16, turn=-40), MILK, alpha=0.6, soft=0.04)
        canvas.fill(ellipse(0.5, 0.5, 0.3, 0.08, turn=-48), MILK, alpha=0.25, soft=0.03)


BERRY_RIM: Path = tuple(_BERRY_RIM)
GOOSEBERRY_RIM: Path = tuple(ellipse(0, -0.08, 0.98, 1.36))


def pin_card(canvas: Canvas, name: str, ground: Colour, draw: Callable[[Canvas], None], rim: Path) -> None:
    """A pin on its backing card, about 380 by 500."""
    card = box(-190, -250, 190, 250, round_by=16)
    canvas.shadow(card, 10, 16, soft=16, alpha=0.38)
    canvas.fill(card, ground)
    canvas.weave(card, grain_tile())
    canvas.fill(ellipse(0, -218, 13), NIGHT, alpha=0.5)
    canvas.fill(ellipse(0, -36, 132), MILK, alpha=0.38)
    with canvas.placed(0, -34, 92):
        pin(canvas, draw, rim)
    ink = CREAM if ground.dark else PLUM
    write(canvas, name, 0, 168, 22, ink, weight=0.2)
    write(canvas, "berrypod · hard enamel", 0, 202, 9, ink, weight=0.18)


def gift_card(canvas: Canvas, value: str | None = None, ground: Colour = PLUM) -> None:
    """The card, about 560 by 360: pressed deep into thick paper."""
    card = box(-280, -180, 280, 180, round_by=20)
    canvas.shadow(card, 8, 14, soft=14, alpha=0.4)
    canvas.fill([(x + 2, y + 5) for x, y in card], ground.deeper(0.4))
    canvas.fill(card, ground)
    canvas.weave(card, grain_tile(), strength=1.0)
    canvas.fill(card, MILK, alpha=0.18, fade=(-280, -180, 120, 140))
    ink = CREAM if ground.dark else PLUM
    canvas.line(box(-258, -158, 258, 158, round_by=12), ink, 2.4, alpha=0.65, closed=True)
    with canvas.placed(158, 0, 92):
        sprig(canvas)
    write(canvas, "a small", -232, -66, 27, ink, weight=0.2, align=0.0)
    write(canvas, "pot of joy", -232, -10, 27, ink, weight=0.2, align=0.0)
    write(
        canvas,
        f"€ {value}" if value else "from berrypod",
        -232,
        122,
        30 if value else 15,
        HONEY if ground.dark else RASPBERRY,
        weight=0.2,
        align=0.0,
    )


def gift_card_back(canvas: Canvas) -> None:
    """The back: whom it is for, and a line to write on."""
    card = box(-280, -180, 280, 180, round_by=20)
    canvas.shadow(card, 8, 14, soft=14, alpha=0.4)
    canvas.fill(card, CREAM)
    canvas.weave(card, grain_tile(), strength=1.0)
    with canvas.placed(-190, -96, 42):
        pod(canvas)
    write(canvas, "berrypod", -120, -84, 20, PLUM, weight=0.23, align=0.0)
    for index, text in enumerate(("for", "from", "code")):
        y = -12 + index * 58
        write(canvas, text, -240, y, 13, PLUM, weight=0.18, align=0.0)
        canvas.line([(-160, y + 6), (240, y + 6)], INK, 1.6, alpha=0.4)


def envelope(canvas: Canvas, colour: Colour = ROSE, *, open_flap: bool = False) -> None:
    """An envelope from behind, about 600 by 400; with the flap up there is room for a card."""
    body = box(-300, -200, 300, 200, round_by=10)
    if open_flap:
        flap = [(-298.0, -196.0), *smooth([(-40, -392), (0, -404), (40, -392)], closed=False), (298.0, -196.0)]
        canvas.shadow(flap, 8, 14, soft=14, alpha=0.3)
        canvas.fill(flap, colour.deeper(0.2))
    canvas.shadow(body, 8, 16, soft=16, alpha=0.4)
    canvas.fill(body, colour.deeper(0.3) if open_flap else colour)
    canvas.weave(body, grain_tile())


def envelope_front(canvas: Canvas, colour: Colour = ROSE, *, shut: bool = False) -> None:
    """The pocket of the envelope, drawn over the card that is in it; ``shut`` adds flap and seal."""
    for side in (-1, 1):
        wing = [(-300.0 * side, -196.0), (10.0 * side, 40.0), (-300.0 * side, 200.0)]
        canvas.fill(wing, colour.deeper(0.06))
        canvas.weave(wing, grain_tile())
    pocket = [(-300.0, 200.0), *smooth([(-30, 14), (0, 0), (30, 14)], closed=False), (300.0, 200.0)]
    canvas.fill([(x, y - 4) for x, y in pocket], NIGHT, alpha=0.2, soft=5)
    canvas.fill(pocket, colour)
    canvas.weave(pocket, grain_tile())
    if shut:
        flap = [(-300.0, -200.0), *smooth([(-34, 40), (0, 56), (34, 40)], closed=False), (300.0, -200.0)]
        canvas.shadow(flap, 0, 8, soft=8, alpha=0.3)
        canvas.fill(flap, colour.paler(0.08))
        canvas.weave(flap, grain_tile())
        with canvas.placed(0, 34, 46):
            sticker(canvas, raspberry, lift=0.06)
