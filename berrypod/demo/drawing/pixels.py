"""The calls of Pillow whose types name numpy, which the shop does without: their gaps are closed here, once."""

from collections.abc import Sequence

from PIL import Image

Size = tuple[int, int]
Extent = tuple[float, float, float, float]


def resized(image: Image.Image, size: Size, *, smooth: bool = True, extent: Extent | None = None) -> Image.Image:
    """The image, or the ``extent`` of it, in another size; not ``smooth`` repeats pixels as they are."""
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return image.resize(size, method, box=extent)  # pyright: ignore[reportUnknownMemberType]


def mapped(image: Image.Image, table: Sequence[int]) -> Image.Image:
    """A grey image with each value replaced by that of the table (256 entries)."""
    return image.point(table)  # pyright: ignore[reportUnknownMemberType]
