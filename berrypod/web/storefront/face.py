"""What the shop says of itself on every page, out of its settings, and its categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from berrypod.shop.catalogue_records import CategoryCount
from berrypod.web.storefront.decoration import Decoration

# Setting, address and title of the pages of plain words; each is there when its setting is not empty.
_TEXTS: Final = (
    ("shop.about", "/about", "About us"),
    ("orders.shipping_note", "/shipping", "Shipping"),
    ("legal.terms", "/terms", "Terms"),
    ("legal.privacy", "/privacy", "Privacy"),
    ("legal.imprint", "/imprint", "Imprint"),
)

TEXT_PATHS: Final = [path for _, path, _ in _TEXTS]
_SOCIAL: Final = "social."
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
    letters: str
    invitation: str
    payment_terms: str
    shipping_note: str
    tax_included: bool
    search_description: str
    indexing: bool
    currency: str
    open: bool
    closed_message: str
    countries: tuple[str, ...]
    products_per_page: int
    pages: tuple[TextPage, ...]
    categories: Mapping[str, CategoryCount]
    elsewhere: tuple[tuple[str, str], ...]
    decoration: Decoration

    @classmethod
    def of(cls, values: Mapping[str, Any], categories: Sequence[CategoryCount], decoration: Decoration) -> Face:
        """From the shop's settings, defaults included."""
        return cls(
            name=values["shop.name"],
            tagline=values["shop.tagline"],
            intro=values["shop.description"],
            announcement=values["storefront.announcement"],
            email=values["shop.email"],
            phone=values["shop.phone"],
            address=values["shop.address"],
            letters=values["newsletter.title"] or f"Letters from {values['shop.name']}",
            invitation=values["newsletter.invitation"],
            payment_terms=values["orders.payment_terms"],
            shipping_note=values["orders.shipping_note"],
            tax_included=values["tax.included"],
            search_description=values["seo.description"] or values["shop.description"],
            indexing=values["seo.indexing"],
            currency=values["shop.currency"],
            open=values["orders.open"],
            closed_message=values["orders.closed_message"] or "The shop takes no orders at the moment.",
            countries=tuple(values["orders.countries"]),
            products_per_page=values["storefront.products_per_page"],
            pages=tuple(_texts(values)),
            categories={category.name: category for category in categories},
            elsewhere=tuple(_elsewhere(values)),
            decoration=decoration,
        )

    def page(self, path: str) -> TextPage | None:
        return next((page for page in self.pages if page.path == path), None)


def _texts(values: Mapping[str, Any]) -> list[TextPage]:
    found = ((path, title, values.get(key)) for key, path, title in _TEXTS)
    return [TextPage(path, title, text) for path, title, text in found if isinstance(text, str) and text.strip()]


def _elsewhere(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and address of the shop's other places: `social.mastodon` and the like. Only https."""
    return [
        (key.removeprefix(_SOCIAL).replace("_", " ").title(), value)
        for key, value in values.items()
        if key.startswith(_SOCIAL) and isinstance(value, str) and value.startswith("https://")
    ]
