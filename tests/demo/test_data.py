"""The demo's data: exactly as much as promised, and consistent with itself."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from berrypod.demo import data
from berrypod.demo.data import DemoShop, demo_shop
from berrypod.demo.shots.swatches import SWATCHES
from berrypod.demo.stock.goods import GOODS
from berrypod.demo.stock.people import CUSTOMERS
from berrypod.demo.stock.records import Order
from berrypod.shop.inventory_checks import check_product
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.shop.order_numbers import ALPHABET
from berrypod.shop.settings import DECLARED, checked

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return demo_shop(NOW)


def test_there_is_as_much_as_promised(shop: DemoShop) -> None:
    """16 products in 142 variants, 23 orders, 89 readers; four settings are added with the pictures."""
    assert len(shop.products) == 16
    assert sum(len(product.variants) for product in shop.products) == 142
    assert len(shop.orders) == 23
    assert len(shop.subscribers) == 89
    assert len(shop.settings) == 42 - 4


@pytest.mark.parametrize("product", GOODS, ids=lambda product: product.slug)
def test_the_shop_itself_would_take_each_product(product: data.Product) -> None:
    """The same checks as for a product that an admin enters."""
    check_product(
        NewProduct(
            title=product.title,
            slug=product.slug,
            summary=product.summary,
            description=product.description,
            category=product.category,
            status="active",
            position=1,
            variants=[
                NewVariant(
                    sku=variant.sku,
                    title=variant.title,
                    options=dict(variant.options),
                    price_minor=variant.price_minor,
                    stock=variant.made,
                )
                for variant in product.variants
            ],
        )
    )
    assert 2 <= len(product.description.split("\n\n")) <= 3
    assert all(variant.price_minor > 0 for variant in product.variants)


def test_names_that_must_be_unique_are(shop: DemoShop) -> None:
    slugs = [product.slug for product in shop.products]
    skus = [variant.sku for product in shop.products for variant in product.variants]
    numbers = [order.number for order in shop.orders]
    emails = [reader.email for reader in shop.subscribers]
    for names in (slugs, skus, numbers, emails):
        assert len(set(names)) == len(names)


def test_what_is_left_is_what_was_made_less_what_was_sold(shop: DemoShop) -> None:
    """Cancelled orders gave back; nothing is below nought."""
    sold = Counter[str]()
    for order in shop.orders:
        for line in order.lines:
            sold[line.variant.sku] += 0 if order.status == "cancelled" else line.quantity
    for product in shop.products:
        for variant in product.variants:
            assert shop.stock[variant.sku] == variant.made - sold[variant.sku] >= 0


def test_one_product_is_sold_out_and_one_nearly(shop: DemoShop) -> None:
    left = {product.slug: [shop.stock[variant.sku] for variant in product.variants] for product in shop.products}
    assert [slug for slug, counts in left.items() if not any(counts)] == ["picking-apron"]
    assert 0 < sum(left["bramble-hoodie"]) < 10
    assert sum(counts.count(0) for counts in left.values()) > 20


def test_orders_cannot_take_more_than_was_made(shop: DemoShop, monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = (*shop.orders, *shop.orders)

    def twice(_now: datetime) -> tuple[Order, ...]:
        return doubled

    monkeypatch.setattr(data, "orders", twice)
    with pytest.raises(ValueError, match=r"more ordered than made: .*APRON-PLM-AD"):
        demo_shop(NOW)


def test_orders_are_of_the_past_weeks_and_of_all_kinds(shop: DemoShop) -> None:
    times = [order.placed_at for order in shop.orders]
    assert times == sorted(times)
    assert NOW - timedelta(weeks=8) < times[0] < times[-1] < NOW
    assert {order.status for order in shop.orders} == {"placed", "paid", "shipped", "cancelled"}
    assert all(order.total_minor > 0 for order in shop.orders)
    assert all(set(order.number) <= {*ALPHABET, "-"} and len(order.number) == 9 for order in shop.orders)


def test_the_shop_ships_to_all_its_customers(shop: DemoShop) -> None:
    assert {customer.country for customer in CUSTOMERS.values()} <= set(shop.settings["orders.countries"])


def test_nobody_is_real(shop: DemoShop) -> None:
    """Mail goes to the domains that are reserved for examples (RFC 2606)."""
    addresses = [*(reader.email for reader in shop.subscribers), *(c.email for c in CUSTOMERS.values())]
    assert {address.rpartition("@")[2] for address in addresses} == {"example.com", "example.org", "example.net"}
    assert all(address == address.lower() for address in addresses)


def test_some_readers_left_after_they_came(shop: DemoShop) -> None:
    left = [reader for reader in shop.subscribers if reader.unsubscribed_at]
    assert 5 <= len(left) <= 20
    assert all(reader.subscribed_at < (reader.unsubscribed_at or NOW) <= NOW for reader in shop.subscribers)


def test_the_shop_would_take_each_setting(shop: DemoShop) -> None:
    """All that the shop itself reads are there, each of its declared type."""
    with_pictures = {"storefront.banners", "storefront.covers", "storefront.swatches"}
    assert set(DECLARED) - with_pictures <= set(shop.settings)
    for key, value in shop.settings.items():
        assert checked(key, value) == value


def test_there_is_a_swatch_for_each_choice_of_colour(shop: DemoShop) -> None:
    """Goods without a choice of that kind have one swatch for all."""
    assert len(SWATCHES) == 42
    for product in shop.products:
        swatches = {choice for slug, choice in SWATCHES if slug == product.slug}
        values = [choice.value for choice in next(iter(product.options.values()))]
        assert swatches == set(values) or len(swatches) == 1
