"""Pictures that belong to the shop's pages and to no gallery: banners, covers for lists, swatches of colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from berrypod.shop.catalogue_records import PictureRef

_BANNERS: Final = "storefront.banners"
_COVERS: Final = "storefront.covers"
_SWATCHES: Final = "storefront.swatches"

Pictures = Mapping[str, PictureRef]


@dataclass(frozen=True, slots=True)
class Decoration:
    """`banners` by place, `covers` by a product's slug, `swatches` by slug and value of an option."""

    banners: Pictures = field(default_factory=dict[str, PictureRef])
    covers: Pictures = field(default_factory=dict[str, PictureRef])
    swatches: Mapping[str, Pictures] = field(default_factory=dict[str, Pictures])

    @classmethod
    def of(cls, values: Mapping[str, Any], pictures: Mapping[int, PictureRef]) -> Decoration:
        """From the shop's settings and those of their pictures that exist: one that was deleted since is left out."""

        def found(numbers: Mapping[str, int]) -> Pictures:
            return {name: pictures[number] for name, number in numbers.items() if number in pictures}

        return cls(
            banners=found(values[_BANNERS]),
            covers=found(values[_COVERS]),
            swatches={slug: found(numbers) for slug, numbers in values[_SWATCHES].items()},
        )

    @property
    def front(self) -> PictureRef | None:
        """The first banner: that of the front page."""
        return next(iter(self.banners.values()), None)

    def category(self, name: str | None) -> PictureRef | None:
        return self.banners.get((name or "").casefold())


def picture_numbers(values: Mapping[str, Any]) -> Iterable[int]:
    """All pictures that the settings name."""
    yield from values[_BANNERS].values()
    yield from values[_COVERS].values()
    for numbers in values[_SWATCHES].values():
        yield from numbers.values()
