"""Grain, weaves and fades: grey images that the canvas lays over what is painted. All of them are seeded."""

import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageFilter, ImageOps

from berrypod.demo.drawing.pixels import mapped, resized

_TILE = 256
_FADE_ROWS = 256
_COARSE = 5
_FADE_PADDING = 12  # how many lengths of a fade lie before and after it in the source image


def _noise(seed: int, size: tuple[int, int] = (_TILE, _TILE)) -> Image.Image:
    # Pillow's own effect_noise can't be seeded.
    return Image.frombytes("L", size, random.Random(seed).randbytes(size[0] * size[1]))


def _centred(image: Image.Image, spread: int) -> Image.Image:
    """The image stretched to mid grey plus or minus ``spread``."""
    stretched = ImageOps.autocontrast(image, cutoff=1)
    return mapped(stretched, [round(128 + (value - 127.5) / 127.5 * spread) for value in range(256)])


def _tile(grey: Image.Image) -> Image.Image:
    """In three channels, as the blending functions want it."""
    return Image.merge("RGB", (grey, grey, grey))


def _seamless(image: Image.Image, radius: float) -> Image.Image:
    """Blur an image as if it went on for ever, so that its tiles meet without a seam."""
    wide = Image.new("L", (image.width * 3, image.height * 3))
    for column in range(3):
        for row in range(3):
            wide.paste(image, (column * image.width, row * image.height))
    area = (image.width, image.height, image.width * 2, image.height * 2)
    return wide.filter(ImageFilter.GaussianBlur(radius)).crop(area)


def _streaks(seed: int, changes: int) -> Image.Image:
    """Level threads that change tone so many times on half a tile; the other half mirrors it, so no seam shows."""
    half = resized(_noise(seed, (changes, _TILE)), (_TILE // 2, _TILE))
    whole = Image.new("L", (_TILE, _TILE))
    whole.paste(half, (0, 0))
    whole.paste(ImageOps.mirror(half), (_TILE // 2, 0))
    return whole


@lru_cache(maxsize=1)
def grain_tile() -> Image.Image:
    """Paper: fine grain with a little tooth."""
    fine = _centred(_seamless(_noise(11), 0.7), 17)
    tooth = _centred(_seamless(_noise(12), 2.4), 8)
    return _tile(ImageChops.add(fine, tooth, scale=2.0))


@lru_cache(maxsize=1)
def jersey_tile() -> Image.Image:
    """T-shirt cotton: faint upright ribs with some slub."""
    ribs = resized(_noise(21, (_TILE, 1)), (_TILE, _TILE))
    slub = _centred(_seamless(_noise(22), 1.1), 16)
    return _tile(ImageChops.add(_centred(ribs.filter(ImageFilter.GaussianBlur(0.8)), 18), slub, scale=2.0))


@lru_cache(maxsize=1)
def linen_tile() -> Image.Image:
    """Linen and canvas: threads both ways, of uneven thickness."""
    across, down = _streaks(31, 6), _streaks(32, 6).transpose(Image.Transpose.ROTATE_90)
    threads = ImageChops.add(_centred(across, 44), _centred(down, 44), scale=2.0)
    slubs = ImageChops.add(
        _centred(_streaks(33, 16), 12), _centred(_streaks(34, 16).transpose(Image.Transpose.ROTATE_90), 12), scale=2.0
    )
    return _tile(ImageChops.add(threads, slubs, scale=2.0).filter(ImageFilter.GaussianBlur(0.6)))


@lru_cache(maxsize=1)
def wood_tile() -> Image.Image:
    """Long horizontal figure."""
    return _tile(_centred(_streaks(41, 3), 40).filter(ImageFilter.GaussianBlur(0.7)))


@lru_cache(maxsize=1)
def _fade_source() -> Image.Image:
    height = _FADE_ROWS * (2 * _FADE_PADDING + 1)
    before = _FADE_ROWS * _FADE_PADDING
    values = bytearray([255] * before + [0] * (height - before))
    for row in range(_FADE_ROWS):
        t = 1 - row / (_FADE_ROWS - 1)
        # Eased at both ends: a straight ramp shows a line where it starts.
        values[before + row] = round(255 * t * t * (3 - 2 * t))
    return resized(Image.frombytes("L", (1, height), bytes(values)), (3, height), smooth=False)


def tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    """An area of ``size`` pixels covered with a tile."""
    result = Image.new("RGB", size)
    for x in range(0, size[0], tile.width):
        for y in range(0, size[1], tile.height):
            result.paste(tile, (x, y))
    return result


def faded(size: tuple[int, int], ends: tuple[float, float, float, float]) -> Image.Image:
    """A mask of ``size`` pixels: full at the first point and before it, empty at the second and beyond."""
    if min(size) > 4 * _COARSE:
        # A fade has no detail: a fifth of the pixels each way, enlarged, looks the same and costs a fifth.
        small = (-(-size[0] // _COARSE), -(-size[1] // _COARSE))
        x0, y0, x1, y1 = (end / _COARSE for end in ends)
        extent = (0.0, 0.0, size[0] / _COARSE, size[1] / _COARSE)
        return resized(_faded(small, (x0, y0, x1, y1)), size, extent=extent)
    return _faded(size, ends)


def _faded(size: tuple[int, int], ends: tuple[float, float, float, float]) -> Image.Image:
    x0, y0, x1, y1 = ends
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy or 1.0
    across, down = dx / length * _FADE_ROWS, dy / length * _FADE_ROWS
    start = -(x0 * across + y0 * down) + _FADE_ROWS * _FADE_PADDING
    return _fade_source().transform(
        size, Image.Transform.AFFINE, (0.0, 0.0, 1.5, across, down, start), Image.Resampling.BILINEAR
    )
