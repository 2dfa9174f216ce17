"""What is for sale, as customers and their programs see it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from berrypod.shop.fields import described

# From this number on customers are told "in stock" and no more: how much a shop sells is its own affair.
FEW_LEFT: Final = 10

Slug = Annotated[str, described("Name of the product in addresses; unique", "raspberry-jam")]
Sku = Annotated[str, described("Article number of the variant; unique", "JAM-RASP-250")]
Title = Annotated[str, described("Name of the product", "Raspberry Jam")]
Summary = Annotated[str, described("One or two sentences", "Whole berries, little sugar.")]
Category = Annotated[str, described("Group in the catalogue; may be empty", "Pantry")]
Currency = Annotated[str, described("ISO 4217 code of all amounts beside it", "EUR")]
PriceMinor = Annotated[int, described("Price in minor units (cents)", 690)]
Options = Annotated[
    dict[str, str], described("What tells the variant from its siblings", {"Size": "250 g", "Lid": "Gold"})
]
Alt = Annotated[str, described("Description for who cannot see the picture", "A jar of raspberry jam")]


class PictureRef(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a product: where its bytes are, and how large it is before they are there."""

    id: Annotated[int, described("Number of the picture", 12)]
    url: Annotated[str, described("Address of the bytes; it changes when they do", "/api/images/12?v=3f9a1c20")]
    alt: Alt
    width: Annotated[int, described("Pixels, as displayed", 1200)]
    height: Annotated[int, described("Pixels, as displayed", 1200)]
    variant_sku: Annotated[str | None, described("The variant that it shows; null for all", "JAM-RASP-250")] = None


class ProductSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list."""

    slug: Slug
    title: Title
    summary: Summary
    category: Category
    currency: Currency
    price_from_minor: Annotated[int | None, described("Lowest price, minor units; null without variants", 690)]
    price_to_minor: Annotated[int | None, described("Highest price, minor units; null without variants", 1290)]
    in_stock: Annotated[bool, described("Any variant can be ordered", True)]
    variant_count: Annotated[int, described("Number of variants", 4)]
    cover: Annotated[PictureRef | None, described("First picture")]


class VariantOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that can be ordered, by its `sku`."""

    sku: Sku
    title: Annotated[str, described("Name of the variant; empty when there is one only", "250 g")]
    options: Options
    price_minor: PriceMinor
    in_stock: Annotated[bool, described("It can be ordered", True)]
    left: Annotated[int | None, described("How many are left, told when fewer than ten are", 3)]


class ProductDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A product with all that its page shows."""

    slug: Slug
    title: Title
    summary: Summary
    description: Annotated[str, described("Plain text; paragraphs are parted by an empty line", "Picked in July.")]
    category: Category
    currency: Currency
    price_from_minor: Annotated[int | None, described("Lowest price, minor units; null without variants", 690)]
    price_to_minor: Annotated[int | None, described("Highest price, minor units; null without variants", 1290)]
    in_stock: Annotated[bool, described("Any variant can be ordered", True)]
    variants: list[VariantOffer]
    pictures: list[PictureRef]


class CategoryCount(msgspec.Struct, frozen=True, kw_only=True):
    """A category that has products for sale."""

    name: Category
    products: Annotated[int, described("Number of active products in it", 5)]


class ProductFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which products are wanted. `q`: all of its words occur in title, summary, category or description."""

    category: str | None = None
    q: str | None = None
    in_stock: bool = False
