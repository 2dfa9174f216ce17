"""The house lettering: round, lower case, one line thick, like piping on a cake.

Drawn rather than set in a font, so that the shop looks the same on a machine that has no fonts, and so that words bend
round a mug like everything else.
"""

from collections.abc import Sequence
from functools import lru_cache

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import Colour
from berrypod.demo.drawing.paths import Path, Point, arc, svg

Glyph = tuple[float, tuple[tuple[Point, ...], ...]]

# On a grid where a small letter is 100 high and stands on y = 0 (up is negative): the width, then SVG path data of
# each stroke. A dot is a stroke of no length.
_STROKES: dict[str, tuple[float, tuple[str, ...]]] = {
    "a": (96, ("O 48 -50 48 50", "M 96 -100 V 0")),
    "b": (96, ("O 48 -50 48 50", "M 0 -158 V 0")),
    "c": (84, ("A 48 -50 48 50 -46 -314",)),
    "d": (96, ("O 48 -50 48 50", "M 96 -158 V 0")),
    "e": (94, ("M 2 -50 H 94", "A 48 -50 47 50 0 -308")),
    "f": (58, ("M 62 -152 C 30 -168 20 -142 20 -116 V 0", "M 0 -96 H 54")),
    "g": (96, ("O 48 -50 48 50", "M 96 -100 V 10 C 96 62 28 68 8 40")),
    "h": (86, ("M 0 -158 V 0", "M 0 -52 C 0 -116 86 -116 86 -52 V 0")),
    "i": (0, ("M 0 -100 V 0", "M 0 -142 L 0.5 -142")),
    "j": (22, ("M 22 -100 V 14 C 22 40 8 50 -8 46", "M 22 -142 L 22.5 -142")),
    "k": (76, ("M 0 -158 V 0", "M 70 -98 L 2 -42", "M 26 -62 L 76 0")),
    "l": (0, ("M 0 -158 V 0",)),
    "m": (136, ("M 0 -100 V 0", "M 0 -54 C 0 -114 68 -114 68 -54 V 0", "M 68 -54 C 68 -114 136 -114 136 -54 V 0")),
    "n": (86, ("M 0 -100 V 0", "M 0 -52 C 0 -116 86 -116 86 -52 V 0")),
    "o": (100, ("O 50 -50 50 50",)),
    "p": (96, ("O 48 -50 48 50", "M 0 -100 V 56")),
    "q": (96, ("O 48 -50 48 50", "M 96 -100 V 56")),
    "r": (50, ("M 0 -100 V 0", "M 0 -50 C 2 -88 26 -106 50 -98")),
    "s": (
        70,
        ("M 66 -84 C 58 -104 8 -108 6 -76 C 4 -46 68 -58 68 -26 C 68 8 12 6 2 -18",),
    ),
    "t": (58, ("M 20 -140 V -34 C 20 0 40 4 58 -4", "M 0 -98 H 54")),
    "u": (86, ("M 86 -100 V 0", "M 86 -48 C 86 16 0 16 0 -48 V -100")),
    "v": (84, ("M 0 -100 L 42 0 L 84 -100",)),
    "w": (132, ("M 0 -100 L 34 0 L 66 -88 L 98 0 L 132 -100",)),
    "x": (80, ("M 0 -100 L 80 0", "M 80 -100 L 0 0")),
    "y": (86, ("M 86 -100 V 10 C 86 62 22 66 4 40", "M 86 -48 C 86 16 0 16 0 -48 V -100")),
    "z": (76, ("M 2 -100 H 74 L 2 0 H 76",)),
    "0": (96, ("O 48 -72 48 72",)),
    "1": (40, ("M 4 -116 L 40 -144 V 0",)),
    "2": (88, ("M 4 -108 C 10 -156 86 -156 86 -104 C 86 -66 30 -38 4 0 H 88",)),
    "3": (
        86,
        ("M 4 -118 C 20 -156 82 -150 82 -110 C 82 -84 56 -76 40 -76 C 60 -76 86 -66 86 -38 C 86 10 14 12 0 -30",),
    ),
    "4": (98, ("M 74 0 V -144 L 0 -42 H 98",)),
    "5": (86, ("M 80 -144 H 16 L 8 -82 C 34 -104 86 -96 86 -46 C 86 10 14 12 0 -26",)),
    "6": (94, ("O 47 -46 47 46", "M 74 -144 C 40 -126 6 -92 2 -54")),
    "7": (84, ("M 0 -144 H 84 L 28 0",)),
    "8": (90, ("O 45 -110 37 34", "O 45 -38 45 38")),
    "9": (94, ("O 47 -98 47 46", "M 20 0 C 54 -18 88 -52 92 -90")),
    "&": (
        110,
        (
            (
                "M 104 -62 C 96 -20 66 2 40 2 C -10 2 -12 -54 30 -76 C 66 -94 76 -104 70 -124 C 62 -148 "
                "22 -146 22 -114 C 22 -92 60 -50 106 0"
            ),
        ),
    ),
    "-": (50, ("M 0 -52 H 50",)),
    ".": (0, ("M 0 -2 L 0.5 -2",)),
    ",": (6, ("M 6 -4 L 0 22",)),
    ":": (0, ("M 0 -2 L 0.5 -2", "M 0 -84 L 0.5 -84")),
    "·": (0, ("M 0 -52 L 0.5 -52",)),
    "'": (0, ("M 0 -150 V -124",)),
    "!": (0, ("M 0 -150 V -44", "M 0 -2 L 0.5 -2")),
    "€": (96, ("A 56 -72 50 72 -50 -310", "M -10 -88 H 66", "M -10 -56 H 60")),
    "é": (94, ("M 2 -50 H 94", "A 48 -50 47 50 0 -308", "M 44 -132 L 66 -156")),
}
_SPACE = 58.0


@lru_cache(maxsize=128)
def _glyph(letter: str) -> Glyph:
    width, strokes = _STROKES[letter]
    return width, tuple(_stroke(data) for data in strokes)


def _stroke(data: str) -> tuple[Point, ...]:
    kind, *rest = data.split()
    if kind == "O":
        x, y, rx, ry = map(float, rest)
        return tuple(arc(x, y, rx, ry, 0, 360, steps=60))
    if kind == "A":
        x, y, rx, ry, start, end = map(float, rest)
        return tuple(arc(x, y, rx, ry, start, end, steps=50))
    return svg(data)


def strokes(text: str, *, spacing: float = 42.0) -> tuple[float, list[Path]]:
    """The lines of a word on the letters' own grid (small letters 100 high), and its width."""
    x, lines = 0.0, list[Path]()
    for letter in text:
        if letter == " ":
            x += _SPACE
            continue
        width, glyph = _glyph(letter)
        lines.extend([(px + x, py) for px, py in stroke] for stroke in glyph)
        x += width + spacing
    return max(0.0, x - spacing), lines


def write(
    canvas: Canvas,
    text: str,
    x: float,
    y: float,
    height: float,
    colour: Colour,
    *,
    weight: float = 0.2,
    spacing: float = 42.0,
    alpha: float = 1.0,
    align: float = 0.5,
) -> None:
    """Write on the baseline ``y``; ``height`` is that of a small letter, ``weight`` a share of it.

    ``align`` says what of the word is at ``x``: 0 its left end, 1 its right end.
    """
    width, lines = strokes(text, spacing=spacing)
    scale = height / 100
    left = x - width * scale * align
    moved: Sequence[Path] = [[(left + px * scale, y + py * scale) for px, py in line] for line in lines]
    canvas.lines(moved, colour, height * weight, alpha=alpha)


def wide(text: str, height: float, *, spacing: float = 42.0) -> float:
    """How wide a word of that height is."""
    return strokes(text, spacing=spacing)[0] * height / 100
