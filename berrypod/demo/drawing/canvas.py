"""A canvas with smooth edges, soft shadows and placing, on top of Pillow.

Pillow's polygons have hard edges. Drawing whole pictures larger and shrinking them costs 9 to 16 times the pixels for
every shadow too; here each shape gets its own smooth mask, as small as the shape, and is put on the finished picture
through it. Berries with hundreds of parts cost milliseconds, and shadows are blurred small.
"""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from berrypod.demo.drawing.palette import MILK, NIGHT, Colour
from berrypod.demo.drawing.paths import Path, Point, bounds, dense, ellipse
from berrypod.demo.drawing.pixels import resized
from berrypod.demo.drawing.texture import faded, grain_tile, tiled

Box = tuple[int, int, int, int]
Drawn = tuple[Image.Image, Box]
Warp = Callable[[float, float], Point]
Fade = tuple[float, float, float, float]

_MANY_POINTS = 32
_SMALL = 60.0  # pixels across
_LARGE = 160_000  # pixels; above this three samples a side are smooth enough, and four cost too much


@dataclass(frozen=True)
class Placement:
    """How points of a drawing get to the picture: an affine map, then whatever bends the surface that it is on."""

    affine: tuple[float, float, float, float, float, float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    bend: Callable[[Path], list[Point]] | None = None
    scale: float = 1.0

    def moved(self, x: float, y: float, scale_x: float, scale_y: float, turn: float) -> "Placement":
        """This placement with a move, a scale and a turn (degrees) before it."""
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        a, b, c, d, e, f = self.affine
        la, lb, ld, le = cosine * scale_x, -sine * scale_y, sine * scale_x, cosine * scale_y
        affine = (
            a * la + b * ld,
            a * lb + b * le,
            a * x + b * y + c,
            d * la + e * ld,
            d * lb + e * le,
            d * x + e * y + f,
        )
        return Placement(affine, self.bend, self.scale * math.sqrt(abs(scale_x * scale_y)))

    def bent(self, warp: Warp) -> "Placement":
        """This placement with a bent surface before it."""
        return Placement(bend=lambda path: self.points([warp(x, y) for x, y in path]), scale=self.scale)

    def point(self, x: float, y: float) -> Point:
        """One point on the picture, in pixels."""
        if self.bend is None:
            a, b, c, d, e, f = self.affine
            return (a * x + b * y + c, d * x + e * y + f)
        return self.points([(x, y), (x, y)], closed=False)[0]

    def points(self, path: Path, *, closed: bool = True) -> list[Point]:
        """The path's points on the picture, in pixels."""
        a, b, c, d, e, f = self.affine
        if self.bend is None:
            return [(a * x + b * y + c, d * x + e * y + f) for x, y in path]
        return self.bend([(a * x + b * y + c, d * x + e * y + f) for x, y in dense(path, closed=closed)])


class Canvas:
    """A picture being drawn, in units of its own: ``pixels`` says how many pixels one unit has."""

    def __init__(self, width: float, height: float, colour: Colour, *, pixels: float = 1.0) -> None:
        self.width = width
        self.height = height
        self._image = Image.new("RGB", (round(width * pixels), round(height * pixels)), colour)
        self._place = Placement((pixels, 0.0, 0.0, 0.0, pixels, 0.0), scale=pixels)
        self._clip: Drawn | None = None

    @property
    def scale(self) -> float:
        """Pixels per unit here and now: drawings leave out what would be too small to see."""
        return self._place.scale

    @contextmanager
    def placed(
        self,
        x: float = 0.0,
        y: float = 0.0,
        scale: float = 1.0,
        turn: float = 0.0,
        *,
        tall: float = 1.0,
        flip: bool = False,
    ) -> Generator[None]:
        """Inside, drawings are moved, scaled and turned (degrees); ``tall`` stretches the height, ``flip`` mirrors."""
        before = self._place
        self._place = before.moved(x, y, -scale if flip else scale, scale * tall, turn)
        try:
            yield
        finally:
            self._place = before

    @contextmanager
    def bent(self, warp: Warp) -> Generator[None]:
        """Inside, every point goes through ``warp`` first: prints on round or hanging things."""
        before = self._place
        self._place = before.bent(warp)
        try:
            yield
        finally:
            self._place = before

    @contextmanager
    def clipped(self, path: Path) -> Generator[None]:
        """Inside, nothing is painted outside the path (nor outside the clips around this one)."""
        before = self._clip
        drawn = self._masked([self._place.points(path)], [])
        # A clip that lets nothing through still has to be one: a single empty pixel in the corner.
        self._clip = drawn or (Image.new("L", (1, 1)), (0, 0, 1, 1))
        try:
            yield
        finally:
            self._clip = before

    def fill(
        self,
        path: Path,
        colour: Colour,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        fade: Fade | None = None,
        holes: Sequence[Path] = (),
    ) -> None:
        """Paint an outline, with ``holes`` in it.

        ``soft`` blurs its edge (units); ``fade`` goes from full at (x0, y0) to nothing at (x1, y1).
        """
        polygons = [self._place.points(_coarser(each, self._place.scale)) for each in (path, *holes)]
        self._paint(self._masked(polygons, [], soft=soft * self._place.scale, alpha=alpha), colour, fade)

    def line(
        self,
        path: Path,
        colour: Colour,
        width: float,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        fade: Fade | None = None,
        closed: bool = False,
    ) -> None:
        """Paint a line with round ends, ``width`` units wide."""
        self.lines([[*path, path[0]] if closed else path], colour, width, alpha=alpha, soft=soft, fade=fade)

    def lines(
        self,
        paths: Sequence[Path],
        colour: Colour,
        width: float,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        fade: Fade | None = None,
    ) -> None:
        """Paint several lines at once: where they cross, a see-through colour doesn't double."""
        strokes = [self._place.points(path, closed=False) for path in paths]
        scale = self._place.scale
        self._paint(self._masked([], strokes, width=width * scale, soft=soft * scale, alpha=alpha), colour, fade)

    def dots(self, places: Path, colour: Colour, width: float, *, alpha: float = 1.0) -> None:
        """Paint round dots, ``width`` units across, all at once."""
        strokes = [[self._place.point(x, y)] for x, y in places]
        self._paint(self._masked([], strokes, width=width * self._place.scale, alpha=alpha), colour, None)

    def glow(self, x: float, y: float, rx: float, ry: float, colour: Colour = MILK, alpha: float = 0.5) -> None:
        """A pool of light (or, with a dark colour, of shade) that fades from its middle."""
        self.fill(ellipse(x, y, rx * 0.55, ry * 0.55), colour, alpha=alpha, soft=min(rx, ry) * 0.3)

    def shadow(
        self, path: Path, dx: float = 10.0, dy: float = 16.0, *, soft: float = 16.0, alpha: float = 0.28
    ) -> None:
        """The shade that a thing with this outline throws to the lower right."""
        self.fill([(x + dx, y + dy) for x, y in path], NIGHT, alpha=alpha, soft=soft)

    def weave(self, path: Path, tile: Image.Image, *, strength: float = 1.0) -> None:
        """Lay a grey texture tile over an outline: mid grey changes nothing."""
        drawn = self._masked([self._place.points(path)], [], alpha=strength)
        if drawn is None:
            return
        mask, area = drawn
        base = self._image.crop(area)
        self._image.paste(ImageChops.soft_light(base, tiled(tile, base.size)), area, mask)

    def finished(self, *, grain: bool = True) -> Image.Image:
        """The picture, with the fine paper grain that all pictures of the shop share."""
        return ImageChops.soft_light(self._image, tiled(grain_tile(), self._image.size)) if grain else self._image

    def _paint(self, drawn: Drawn | None, colour: Colour, fade: Fade | None) -> None:
        if drawn is None:
            return
        mask, area = drawn
        if fade is not None:
            (x0, y0), (x1, y1) = self._place.point(fade[0], fade[1]), self._place.point(fade[2], fade[3])
            ends = (x0 - area[0], y0 - area[1], x1 - area[0], y1 - area[1])
            mask = ImageChops.multiply(mask, faded(mask.size, ends))
        self._image.paste(colour, area, mask)

    def _masked(
        self,
        polygons: list[list[Point]],
        strokes: list[list[Point]],
        *,
        width: float = 0.0,
        soft: float = 0.0,
        alpha: float = 1.0,
    ) -> Drawn | None:
        """The shape as a smooth mask inside the clip, and where it goes (pixels); None when nothing of it shows."""
        limits = (0, 0, *self._image.size) if self._clip is None else self._clip[1]
        drawn = _mask(polygons, strokes, width, soft, round(255 * alpha), limits)
        if drawn is None or self._clip is None:
            return drawn
        mask, (left, top, right, bottom) = drawn
        clip, (x, y, _right, _bottom) = self._clip
        return ImageChops.multiply(mask, clip.crop((left - x, top - y, right - x, bottom - y))), drawn[1]


def _mask(
    polygons: list[list[Point]], strokes: list[list[Point]], width: float, soft: float, ink: int, limits: Box
) -> Drawn | None:
    left, top, right, bottom = bounds([*polygons, *strokes])
    margin = soft * 2.6 + width / 2 + 1
    area = (
        max(limits[0], math.floor(left - margin)),
        max(limits[1], math.floor(top - margin)),
        min(limits[2], math.ceil(right + margin)),
        min(limits[3], math.ceil(bottom + margin)),
    )
    wide, high = area[2] - area[0], area[3] - area[1]
    if wide <= 0 or high <= 0:
        return None
    if len(polygons) == 1 and soft <= 1 and _covers(polygons[0], area):
        return Image.new("L", (wide, high), ink), area
    # A blurred edge needs no fine mask: it is drawn as small as its blur allows, which makes shadows cheap.
    over = min(1.0, 3.0 / soft) if soft > 1 else (4.0 if wide * high < _LARGE else 3.0)
    pad = math.ceil(soft * 2.6 * over) if soft > 1 else 0
    size = (max(1, math.ceil(wide * over)) + 2 * pad, max(1, math.ceil(high * over)) + 2 * pad)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for index, polygon in enumerate(polygons):
        moved = [((x - area[0]) * over + pad, (y - area[1]) * over + pad) for x, y in polygon]
        draw.polygon(moved, fill=ink if index == 0 else 0)
    for stroke in strokes:
        _stroke(draw, [((x - area[0]) * over + pad, (y - area[1]) * over + pad) for x, y in stroke], width * over, ink)
    if soft > 1:
        mask = mask.filter(ImageFilter.GaussianBlur(soft * over))
        extent = (pad, pad, pad + wide * over, pad + high * over)
        return resized(mask, (wide, high), extent=extent), area
    return mask.reduce(int(over)), area


def _coarser(path: Path, scale: float) -> Path:
    """The outline without the points that can't be seen at this size: most of a picture's shapes are a few pixels."""
    count = len(path)
    if count < _MANY_POINTS:
        return path
    quarters = [path[count * step // 4] for step in range(4)]
    across = max(math.dist(quarters[0], quarters[2]), math.dist(quarters[1], quarters[3])) * scale
    if across > _SMALL:
        return path
    return path[:: 3 if across < _SMALL / 3 else 2]


def _covers(polygon: list[Point], area: Box) -> bool:
    """Whether it is an upright rectangle that leaves nothing of the area uncovered: half of all large fills are."""
    if len(polygon) != 4:
        return False
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = polygon
    upright = abs(y0 - y1) + abs(x1 - x2) + abs(y2 - y3) + abs(x3 - x0) < 0.01
    return upright and x0 <= area[0] and y0 <= area[1] and x2 >= area[2] and y2 >= area[3]


def _stroke(draw: ImageDraw.ImageDraw, points: list[Point], width: float, ink: int) -> None:
    whole = max(1, round(width))
    if len(points) == 1:
        (x, y), radius = points[0], max(width, 1.0) / 2
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
        return
    draw.line(points, fill=ink, width=whole)
    # Pillow leaves notches at bends; discs of exactly the line's width close them and round the ends. Of thin lines
    # only the ends need it.
    radius = (whole - 1) / 2
    if radius > 1:
        for x, y in points if radius > 3.5 else (points[0], points[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
