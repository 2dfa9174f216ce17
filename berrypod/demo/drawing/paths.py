"""Outlines as lists of points: SVG path data, circles, rounded boxes, smooth blobs.

Curves are flattened at once: everything downstream (placing, bending round a mug, filling) then only moves points.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache

Point = tuple[float, float]
Path = Sequence[Point]

_STEPS = 18
_TOKEN = re.compile(r"[MLHVCSQZmlhvcsqz]|-?\d*\.?\d+")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4}


@lru_cache(maxsize=512)
def svg(data: str) -> tuple[Point, ...]:
    """The one outline that SVG path data (``M L H V C S Q Z``, either case) describes."""
    return tuple(_Walker().walk(_TOKEN.findall(data)))


class _Walker:
    """Follows path data, leaving points behind."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.here: Point = (0.0, 0.0)
        self.handle: Point = (0.0, 0.0)

    def walk(self, tokens: Sequence[str]) -> list[Point]:
        index, command = 0, "M"
        while index < len(tokens):
            if tokens[index].isalpha():
                command = tokens[index]
                index += 1
                if command in "Zz":
                    continue
            count = _ARGUMENTS[command.upper()]
            self._step(command, [float(token) for token in tokens[index : index + count]])
            index += count
            command = {"M": "L", "m": "l"}.get(command, command)
        return self.points

    def _step(self, command: str, numbers: list[float]) -> None:
        x, y = self.here
        kind = command.upper()
        if kind in "HV":
            offset = (x if kind == "H" else y) if command.islower() else 0.0
            self._line((numbers[0] + offset, y) if kind == "H" else (x, numbers[0] + offset))
            return
        dx, dy = (x, y) if command.islower() else (0.0, 0.0)
        pairs = [(numbers[at] + dx, numbers[at + 1] + dy) for at in range(0, len(numbers), 2)]
        if kind in "ML":
            self._line(pairs[0])
        elif kind == "Q":
            control, end = pairs
            first = (x + (control[0] - x) * 2 / 3, y + (control[1] - y) * 2 / 3)
            second = (end[0] + (control[0] - end[0]) * 2 / 3, end[1] + (control[1] - end[1]) * 2 / 3)
            self._cubic(first, second, end)
        elif kind == "S":
            reflected = (2 * x - self.handle[0], 2 * y - self.handle[1])
            self._cubic(reflected, pairs[0], pairs[1])
        else:
            self._cubic(pairs[0], pairs[1], pairs[2])

    def _line(self, end: Point) -> None:
        self.points.append(end)
        self.here = self.handle = end

    def _cubic(self, first: Point, second: Point, end: Point) -> None:
        self.points.extend(cubic(self.here, first, second, end))
        self.here, self.handle = end, second


def cubic(start: Point, first: Point, second: Point, end: Point, *, steps: int = _STEPS) -> list[Point]:
    """Points along a Bezier curve, without its start."""
    points: list[Point] = []
    for step in range(1, steps + 1):
        t = step / steps
        u = 1 - t
        a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        points.append(
            (
                a * start[0] + b * first[0] + c * second[0] + d * end[0],
                a * start[1] + b * first[1] + c * second[1] + d * end[1],
            )
        )
    return points


@lru_cache(maxsize=64)
def _unit_circle(steps: int) -> tuple[Point, ...]:
    turn = math.tau / steps
    return tuple((math.cos(step * turn), math.sin(step * turn)) for step in range(steps))


def ellipse(x: float, y: float, rx: float, ry: float | None = None, *, turn: float = 0.0) -> list[Point]:
    """An ellipse, or a circle when ``ry`` is left out; ``turn`` in degrees."""
    ry = rx if ry is None else ry
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return [
        (x + c * rx * cosine - s * ry * sine, y + c * rx * sine + s * ry * cosine)
        for c, s in _unit_circle(144 if max(rx, ry) > 120 else 60)
    ]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, *, steps: int = 24) -> list[Point]:
    """An open arc from ``start`` to ``end`` degrees (0 is to the right, 90 is down)."""
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def box(left: float, top: float, right: float, bottom: float, *, round_by: float = 0.0) -> list[Point]:
    """A rectangle, with its corners rounded by a radius."""
    radius = min(round_by, (right - left) / 2, (bottom - top) / 2)
    if radius <= 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    corners = (
        (right - radius, top + radius, 270.0),
        (right - radius, bottom - radius, 0.0),
        (left + radius, bottom - radius, 90.0),
        (left + radius, top + radius, 180.0),
    )
    return [point for x, y, angle in corners for point in arc(x, y, radius, radius, angle, angle + 90, steps=8)]


def smooth(points: Path, *, closed: bool = True, steps: int = 8) -> list[Point]:
    """A soft line through the points (Catmull-Rom)."""
    count = len(points)
    last = count if closed else count - 1
    result: list[Point] = [] if closed else [points[0]]
    for index in range(last):
        if closed:
            before, start, end, after = (points[(index + offset) % count] for offset in (-1, 0, 1, 2))
        else:
            before, start = points[max(index - 1, 0)], points[index]
            end, after = points[index + 1], points[min(index + 2, count - 1)]
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        result.extend(cubic(start, first, second, end, steps=steps))
    return result


def mirrored(path: Path) -> list[Point]:
    """The path on the other side of x = 0, walked the other way."""
    return [(-x, y) for x, y in reversed(path)]


def symmetric(half: Path) -> list[Point]:
    """A closed outline from its right half, which starts and ends on x = 0."""
    return [*half, *mirrored(half)]


def shifted(path: Path, dx: float, dy: float) -> list[Point]:
    """The path, moved."""
    return [(x + dx, y + dy) for x, y in path]


def bounds(paths: Sequence[Path]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of everything; raises ValueError when there is nothing."""
    xs = [point[0] for path in paths for point in path]
    ys = [point[1] for path in paths for point in path]
    return min(xs), min(ys), max(xs), max(ys)


def dense(path: Path, *, closed: bool, pieces: int = 24) -> list[Point]:
    """The path with long edges cut, so that bending it bends its straight lines too."""
    left, top, right, bottom = bounds([path])
    longest = max(right - left, bottom - top) / pieces or 1.0
    result: list[Point] = []
    ends = [*path[1:], path[0]] if closed else list(path[1:])
    for (x0, y0), (x1, y1) in zip(path, ends, strict=False):
        cuts = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / longest))
        result.extend((x0 + (x1 - x0) * cut / cuts, y0 + (y1 - y0) * cut / cuts) for cut in range(cuts))
    if not closed:
        result.append(path[-1])
    return result
