"""How cloth and round things take the light: shared by all goods. The light comes from the upper left."""

import math
from collections.abc import Sequence

from PIL import Image

from berrypod.demo.drawing.canvas import Canvas, Warp
from berrypod.demo.drawing.palette import MILK, NIGHT, Colour
from berrypod.demo.drawing.paths import Path, smooth


def cloth(canvas: Canvas, outline: Path, colour: Colour, tile: Image.Image, *, strength: float = 0.8) -> None:
    """An outline of woven stuff, a little paler towards the light."""
    canvas.fill(outline, colour)
    with canvas.clipped(outline):
        canvas.glow(-120, -140, 330, 330, MILK, 0.16 if colour.dark else 0.3)
    canvas.weave(outline, tile, strength=strength)


def folds(canvas: Canvas, lines: Sequence[Path], colour: Colour, *, width: float = 26.0, alpha: float = 0.5) -> None:
    """Soft creases: a dark valley with a pale ridge above it."""
    valley, ridge = colour.deeper(0.42), colour.paler(0.35)
    alpha *= 1.0 if colour.dark else 0.66
    for points in lines:
        soft = smooth(points, closed=False)
        x0, y0 = points[0]
        x1, y1 = points[-1]
        reach = (x0, y0, x0 + (x1 - x0) * 1.15, y0 + (y1 - y0) * 1.15)
        canvas.line(soft, valley, width, alpha=alpha, soft=width * 0.42, fade=reach)
        above = [(x - width * 0.34, y - width * 0.42) for x, y in soft]
        canvas.line(above, ridge, width * 0.5, alpha=alpha * 0.62, soft=width * 0.3, fade=reach)


def stitches(
    canvas: Canvas, line: Path, colour: Colour, *, gap: float = 7.0, width: float = 1.6, alpha: float = 0.6
) -> None:
    """A dashed seam along a line."""
    dashes: list[Path] = []
    walked, start = 0.0, line[0]
    drawing = True
    for end in line[1:]:
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        while length > 0:
            step = min(gap - walked, length)
            share = step / length
            stop = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
            if drawing:
                dashes.append([start, stop])
            walked += step
            start, length = stop, length - step
            if walked >= gap - 1e-6:
                walked, drawing = 0.0, not drawing
        start = end
    if dashes:
        canvas.lines(dashes, colour, width, alpha=alpha)


def rounded_body(canvas: Canvas, outline: Path, left: float, right: float, *, gloss: float = 0.5) -> None:
    """Shade a standing cylinder between two edges: dark to the right, a bright stripe on the left."""
    width = right - left
    top, bottom = -1000.0, 1000.0
    with canvas.clipped(outline):
        shade = [(left + width * 0.45, top), (right, top), (right, bottom), (left + width * 0.45, bottom)]
        canvas.fill(shade, NIGHT, alpha=0.3, fade=(right, 0, left + width * 0.45, 0))
        edge = [(left, top), (left + width * 0.16, top), (left + width * 0.16, bottom), (left, bottom)]
        canvas.fill(edge, NIGHT, alpha=0.14, fade=(left, 0, left + width * 0.16, 0))
        stripe = [
            (left + width * 0.15, top),
            (left + width * 0.26, top),
            (left + width * 0.26, bottom),
            (left + width * 0.15, bottom),
        ]
        canvas.fill(stripe, MILK, alpha=gloss, soft=width * 0.03)


def on_cylinder(radius: float, sag: float) -> Warp:
    """Bends a flat print round a standing cylinder; its front dips by ``sag``, being seen from a little above."""

    def warp(x: float, y: float) -> tuple[float, float]:
        angle = max(-1.5, min(1.5, x / radius))
        return radius * math.sin(angle), y + sag * math.cos(angle)

    return warp
