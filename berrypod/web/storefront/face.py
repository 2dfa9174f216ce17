"""What the shop says of itself on every page, out of its settings, and its categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from berrypod.shop.catalogue_records import CategoryCount, PictureRef

# The number of a picture; it is not declared, as no picture is there by default.
HERO_IMAGE: Final = "storefront.hero_image"

# Setting, address and title of the pages of plain words; each is there when its setting is not empty.
_TEXTS: Final = (
    ("shop.about", "/about", "About us"),
    ("orders.shipping_note", "/shipping", "Shipping"),
    ("legal.terms", "/terms", "Terms"),
    ("legal.privacy", "/privacy", "Privacy"),
    ("legal.imprint", "/imprint", "Imprint"),
)

TEXT_PATHS: Final = [path for _, path, _ in _TEXTS]
_IN_HEADER: Final = frozenset({"/about", "/shipping"})


@dataclass(frozen=True, slots=True)
class TextPage:
    path: str
    title: str
    text: str

    @property
    def in_header(self) -> bool:
        return self.path in _IN_HEADER


@dataclass(frozen=True, slots=True)
class Face:
    name: str
    tagline: str
    intro: str
    announcement: str
    email: str
    phone: str
    address: str
    invitation: str
    payment_terms: str
    shipping_note: str
    currency: str
    open: bool
    closed_message: str
    countries: tuple[str, ...]
    products_per_page: int
    pages: tuple[TextPage, ...]
    categories: Mapping[str, CategoryCount]
    hero: PictureRef | None

    @classmethod
    def of(cls, values: Mapping[str, Any], categories: Sequence[CategoryCount], hero: PictureRef | None = None) -> Face:
        """From the shop's settings, defaults included. `hero`: the picture at the head of the first page."""
        return cls(
            name=values["shop.name"],
            tagline=values["shop.tagline"],
            intro=values["shop.description"],
            announcement=values["storefront.announcement"],
            email=values["shop.email"],
            phone=values["shop.phone"],
            address=values["shop.address"],
            invitation=values["newsletter.invitation"],
            payment_terms=values["orders.payment_terms"],
            shipping_note=values["orders.shipping_note"],
            currency=values["shop.currency"],
            open=values["orders.open"],
            closed_message=values["orders.closed_message"] or "The shop takes no orders at the moment.",
            countries=tuple(values["orders.countries"]),
            products_per_page=values["storefront.products_per_page"],
            pages=tuple(_texts(values)),
            categories={category.name: category for category in categories},
            hero=hero,
        )

    def page(self, path: str) -> TextPage | None:
        return next((page for page in self.pages if page.path == path), None)


def _texts(values: Mapping[str, Any]) -> list[TextPage]:
    found = ((path, title, values.get(key)) for key, path, title in _TEXTS)
    return [TextPage(path, title, text) for path, title, text in found if isinstance(text, str) and text.strip()]
