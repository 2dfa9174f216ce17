"""What is for sale, as the admin's side sees and changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from berrypod.shop.catalogue_records import Alt, Category, Options, PictureRef, PriceMinor, Sku, Slug, Summary, Title
from berrypod.shop.fields import described

ProductStatus = Literal["active", "draft", "archived"]
Status = Annotated[ProductStatus, described("`active` is for sale; `draft` not yet; `archived` no longer", "active")]
Description = Annotated[
    str, described("Plain text; paragraphs are parted by an empty line", "Picked in July.", max_length=10_000)
]
VariantTitle = Annotated[str, described("Name of the variant; may be empty", "250 g", max_length=120)]
Stock = Annotated[int, described("Pieces in stock", 40, minimum=0)]
Position = Annotated[int, described("Place in the order of the list, ascending", 10)]


class VariantRecord(msgspec.Struct, frozen=True, kw_only=True):
    sku: Sku
    title: VariantTitle
    options: Options
    price_minor: PriceMinor
    stock: Stock
    position: Position


class ProductRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A product of any status, with exact stock."""

    slug: Slug
    title: Title
    summary: Summary
    description: Description
    category: Category
    status: Status
    position: Position
    variants: list[VariantRecord]
    pictures: list[PictureRef]
    created_at: datetime
    updated_at: datetime


class NewVariant(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    sku: Sku
    price_minor: PriceMinor
    title: VariantTitle = ""
    options: Options = {}
    stock: Stock = 0


class NewProduct(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A product to be. Without a `slug` it gets one that is made of the title."""

    title: Title
    slug: Annotated[str | None, described("Name in addresses; made of the title when missing", "raspberry-jam")] = None
    summary: Summary = ""
    description: Description = ""
    category: Category = ""
    status: Status = "draft"
    position: Position = 0
    variants: list[NewVariant] = []


class ProductChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a product; what is left out stays as it is."""

    title: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    summary: Summary | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    position: Position | UnsetType = UNSET


class VariantChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a variant; what is left out stays as it is.

    `stock` sets the number; `stock_change` adds to it, or takes away if negative, whatever was sold meanwhile.
    """

    sku: Sku | UnsetType = UNSET
    title: VariantTitle | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    price_minor: PriceMinor | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    stock: Stock | UnsetType = UNSET
    stock_change: Annotated[int | UnsetType, described("Pieces to add, or if negative to take away", 12)] = UNSET


class PictureUse(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A picture in the gallery of a product."""

    image_id: Annotated[int, described("Number of the picture", 12)]
    alt: Alt = ""
    variant_sku: Annotated[str | None, described("The variant that it shows; null for all", "JAM-RASP-250")] = None


class InventoryFilter(msgspec.Struct, frozen=True, kw_only=True):
    status: ProductStatus | None = None
    q: str | None = None
