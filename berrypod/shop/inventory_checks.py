"""What an admin's input on products must be like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from berrypod.shop.checking import Checks, slugify
from berrypod.shop.inventory_records import NewProduct, NewVariant, PictureUse, ProductChange, VariantChange

# Ten million in a currency with cents: fifty lines of 999 pieces still add up far below 2**63.
MAX_PRICE_MINOR: Final = 1_000_000_000
MAX_STOCK: Final = 1_000_000
MAX_POSITION: Final = 1_000_000
MAX_VARIANTS: Final = 200
MAX_GALLERY: Final = 50
_MAX_OPTIONS: Final = 10

_SKU_SIGNS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def check_product(new: NewProduct) -> dict[str, Any]:
    """The columns of a product to be.

    :raises Invalid: `fields` names everything that is wrong.
    """
    checks = Checks()
    values = _product_values(checks, {**msgspec.structs.asdict(new), "slug": new.slug or slugify(new.title)})
    if not new.slug and not values["slug"] and new.title:
        checks.fields.pop("slug", None)
        checks.refuse("slug", "The title has no letters for an address: give a slug.")
    if len(new.variants) > MAX_VARIANTS:
        checks.refuse("variants", f"At most {MAX_VARIANTS} variants.")
    values["variants"] = [
        _variant_values(checks, msgspec.structs.asdict(variant), f"variants[{index}].")
        for index, variant in enumerate(new.variants[:MAX_VARIANTS])
    ]
    skus = [variant["sku"] for variant in values["variants"]]
    for index, sku in enumerate(skus):
        if sku in skus[:index]:
            checks.refuse(f"variants[{index}].sku", "Another variant has this SKU.")
    checks.done("The product cannot be kept like this")
    return values


def check_product_change(change: ProductChange) -> dict[str, Any]:
    """The columns that change. :raises Invalid: see `check_product`."""
    checks = Checks()
    values = _product_values(checks, _given(change))
    checks.done("The product cannot be changed like this")
    return values


def check_variant(new: NewVariant) -> dict[str, Any]:
    """The columns of a variant to be. :raises Invalid: see `check_product`."""
    checks = Checks()
    values = _variant_values(checks, msgspec.structs.asdict(new), "")
    checks.done("The variant cannot be kept like this")
    return values


def check_variant_change(change: VariantChange) -> dict[str, Any]:
    """The columns that change, and `stock_change` if it is given. :raises Invalid: see `check_product`."""
    checks = Checks()
    values = _variant_values(checks, _given(change), "")
    if "stock" in values and "stock_change" in values:
        checks.refuse("stock_change", "Give the stock, or what to add to it, not both.")
    checks.done("The variant cannot be changed like this")
    return values


def check_gallery(pictures: list[PictureUse]) -> list[PictureUse]:
    """:raises Invalid: too many pictures, or a text that is too long."""
    checks = Checks()
    if len(pictures) > MAX_GALLERY:
        checks.refuse("pictures", f"At most {MAX_GALLERY} pictures.")
    cleaned = [
        msgspec.structs.replace(use, alt=checks.text(f"[{index}].alt", use.alt, longest=500, required=False))
        for index, use in enumerate(pictures[:MAX_GALLERY])
    ]
    checks.done("The gallery cannot be kept like this")
    return cleaned


def _given(change: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}


def _product_values(checks: Checks, given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        match name:
            case "title":
                values[name] = checks.text(name, value, longest=200)
            case "slug":
                values[name] = checks.slug(name, value)
            case "summary":
                values[name] = checks.text(name, value, longest=500, required=False)
            case "description":
                values[name] = checks.text(name, value, longest=10_000, required=False, lines=True)
            case "category":
                values[name] = checks.text(name, value, longest=100, required=False)
            case "position":
                values[name] = checks.number(name, value, least=-MAX_POSITION, most=MAX_POSITION)
            case "status":
                values[name] = value
            case _:
                pass
    return values


def _variant_values(checks: Checks, given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        field = prefix + name
        match name:
            case "sku":
                values[name] = _sku(checks, field, value)
            case "title":
                values[name] = checks.text(field, value, longest=120, required=False)
            case "options":
                values[name] = _options(checks, field, value)
            case "price_minor":
                values[name] = checks.number(field, value, least=0, most=MAX_PRICE_MINOR)
            case "stock":
                values[name] = checks.number(field, value, least=0, most=MAX_STOCK)
            case "stock_change":
                values[name] = checks.number(field, value, least=-MAX_STOCK, most=MAX_STOCK)
            case "position":
                values[name] = checks.number(field, value, least=-MAX_POSITION, most=MAX_POSITION)
            case _:
                pass
    return values


def _sku(checks: Checks, field: str, value: str) -> str:
    if not 1 <= len(value) <= 64 or not set(value) <= _SKU_SIGNS or not value[0].isalnum():
        checks.refuse(field, "1 to 64 letters, digits, dots, hyphens and underscores; the first a letter or a digit.")
    return value


def _options(checks: Checks, field: str, options: Mapping[str, str]) -> dict[str, str]:
    if len(options) > _MAX_OPTIONS:
        checks.refuse(field, f"At most {_MAX_OPTIONS} options.")
        return {}
    return {
        checks.text(field, name, longest=40): checks.text(f"{field}.{name[:40]}", value, longest=80)
        for name, value in options.items()
    }
