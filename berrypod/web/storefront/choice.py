"""How the variants of a product are chosen: groups of options, what is chosen, and what that costs.

Without a script the customer chooses a value of each option, and the server finds the variant. With one, `offers`
tells price and stock of each combination beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from berrypod.shop.catalogue_records import ProductDetail, VariantOffer
from berrypod.shop.money import format_money
from berrypod.shop.order_records import MAX_QUANTITY
from berrypod.shop.variant_pictures import best_picture
from berrypod.web.storefront.forms import whole_number

SKU: Final = "sku"


@dataclass(frozen=True, slots=True)
class OptionValue:
    """`extra` is the price, where the values of the only group differ in it."""

    value: str
    label: str
    available: bool
    chosen: bool
    extra: str = ""


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """`field` is its name in the form."""

    name: str
    field: str
    values: list[OptionValue]


@dataclass(frozen=True, slots=True)
class Stock:
    """`kind`: in, few or out."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form shows.

    `only_sku` stands for a product that leaves no choice; `picture` is the number (from 0) of the one that shows what
    is chosen. `rows` lists all variants (values of the options, price, stock) for who looks for the one that is left.
    """

    groups: list[OptionGroup]
    only_sku: str
    chosen_sku: str
    price: str
    stock: Stock
    most: int
    quantity: int
    rows: list[tuple[list[str], str, str]] = field(default_factory=list[tuple[list[str], str, str]])
    offers: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    picture: int = 0


def choice_of(product: ProductDetail, form: Mapping[str, str] | None = None) -> Choice:
    """The form for a product; `form` is what was sent, if it comes back."""
    form = form or {}
    names = option_names(product)
    chosen = find_offer(product, form)
    only = product.variants[0].sku if len(product.variants) == 1 else ""
    return Choice(
        groups=[] if only else _groups(product, names, form),
        only_sku=only,
        chosen_sku=chosen.sku if chosen else "",
        price=_price(product, chosen),
        stock=stock_of(chosen) if chosen else _stock_of_all(product),
        most=(chosen.left if chosen and chosen.left else MAX_QUANTITY),
        quantity=whole_number(form.get("quantity", "")) or 1,
        rows=[_row(product, offer, names) for offer in product.variants],
        offers=[_told(product, offer, names) for offer in product.variants],
        picture=picture_of(product, chosen) if chosen else 0,
    )


def option_names(product: ProductDetail) -> list[str]:
    """Names of the options, if they tell all variants apart. None otherwise: variants are then chosen by title."""
    if len(product.variants) < 2:
        return []
    names = list(product.variants[0].options)
    combinations = {tuple(offer.options.get(name) for name in names) for offer in product.variants}
    complete = all(list(offer.options) == names or set(offer.options) == set(names) for offer in product.variants)
    return names if complete and len(combinations) == len(product.variants) else []


def find_offer(product: ProductDetail, form: Mapping[str, str]) -> VariantOffer | None:
    """The variant that a form asks for, by article number or by its options; the only one if there is one."""
    if len(product.variants) == 1:
        return product.variants[0]
    if sku := form.get(SKU):
        return next((offer for offer in product.variants if offer.sku == sku), None)
    names = option_names(product)
    wanted = {name: form.get(_field(index)) for index, name in enumerate(names)}
    if not names or None in wanted.values():
        return None
    return next((offer for offer in product.variants if offer.options == wanted), None)


def missing_options(product: ProductDetail, form: Mapping[str, str]) -> list[str]:
    """Names of the options of which nothing was chosen."""
    names = option_names(product)
    if form.get(SKU) or len(product.variants) == 1:
        return []
    return [name for index, name in enumerate(names) if not form.get(_field(index))] if names else ["variant"]


def stock_of(offer: VariantOffer) -> Stock:
    if not offer.in_stock:
        return Stock("out", "Sold out")
    return Stock("few", f"Only {offer.left} left") if offer.left else Stock("in", "In stock")


def _stock_of_all(product: ProductDetail) -> Stock:
    if not product.in_stock:
        return Stock("out", "Sold out at the moment")
    if all(offer.in_stock for offer in product.variants):
        return Stock("in", "In stock")
    return Stock("in", "In stock, some kinds are sold out")


def _groups(product: ProductDetail, names: list[str], form: Mapping[str, str]) -> list[OptionGroup]:
    if len(names) < 2:
        return [_variants_as_group(product, names, form)]
    return [_group(product, name, _field(index), form) for index, name in enumerate(names)]


def _variants_as_group(product: ProductDetail, names: list[str], form: Mapping[str, str]) -> OptionGroup:
    """One group: a value is a variant, and so may say what it costs."""
    priced = product.price_from_minor != product.price_to_minor
    asked = find_offer(product, form)
    return OptionGroup(
        name=names[0] if names else "Variant",
        field=SKU,
        values=[
            OptionValue(
                value=offer.sku,
                label=(offer.options[names[0]] if names else offer.title) or offer.sku,
                available=offer.in_stock,
                chosen=offer is asked,
                extra=format_money(offer.price_minor, product.currency) if priced else "",
            )
            for offer in product.variants
        ],
    )


def _group(product: ProductDetail, name: str, field_name: str, form: Mapping[str, str]) -> OptionGroup:
    available: dict[str, bool] = {}
    for offer in product.variants:
        value = offer.options[name]
        available[value] = available.get(value, False) or offer.in_stock
    asked = find_offer(product, form) if form.get(SKU) else None
    wanted = asked.options[name] if asked else form.get(field_name)
    # Where there is one value only, there is nothing to choose.
    alone = len(available) == 1
    return OptionGroup(
        name=name,
        field=field_name,
        values=[
            OptionValue(value=value, label=value, available=there, chosen=alone or value == wanted)
            for value, there in available.items()
        ],
    )


def _price(product: ProductDetail, chosen: VariantOffer | None) -> str:
    if chosen is not None:
        return format_money(chosen.price_minor, product.currency)
    if product.price_from_minor is None:
        return ""
    lowest = format_money(product.price_from_minor, product.currency)
    return lowest if product.price_from_minor == product.price_to_minor else f"from {lowest}"


def _row(product: ProductDetail, offer: VariantOffer, names: list[str]) -> tuple[list[str], str, str]:
    values = [offer.options[name] for name in names]
    return values, format_money(offer.price_minor, product.currency), stock_of(offer).text


def _told(product: ProductDetail, offer: VariantOffer, names: list[str]) -> dict[str, Any]:
    """For the script. Nothing that the page does not show anyway."""
    stock = stock_of(offer)
    return {
        "sku": offer.sku,
        "options": [offer.options[name] for name in names],
        "price": format_money(offer.price_minor, product.currency),
        "kind": stock.kind,
        "stock": stock.text,
        "most": (offer.left or MAX_QUANTITY) if offer.in_stock else 0,
        "picture": picture_of(product, offer),
    }


def picture_of(product: ProductDetail, offer: VariantOffer) -> int:
    """Which picture of the gallery (from 0) shows a variant best."""
    options = {other.sku: other.options for other in product.variants}
    pictures = [(options.get(picture.variant_sku or ""), index) for index, picture in enumerate(product.pictures)]
    return best_picture(offer.options, pictures) or 0


def _field(index: int) -> str:
    return f"option-{index}"
