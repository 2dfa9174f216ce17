"""The admin's side of the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from berrypod.errors import Conflict, Invalid, NotFound, OutOfStock
from berrypod.events import Event, ProductChanged
from berrypod.shop import PageRequest, Shop
from berrypod.shop.inventory_records import (
    InventoryFilter,
    NewProduct,
    NewVariant,
    PictureUse,
    ProductChange,
    VariantChange,
)
from tests.shop.making import order, picture_bytes, stock_of

TOO_MANY = {f"Option {number}": "x" for number in range(11)}


async def test_a_product_is_a_draft_with_a_slug_of_its_title(stocked: Shop, events: list[Event]) -> None:
    made = await stocked.inventory.create(
        NewProduct(title="Fig & Thyme Jam", variants=[NewVariant(sku="FIG", price_minor=500, stock=3)]), actor="cli"
    )
    assert (made.slug, made.status) == ("fig-thyme-jam", "draft")
    assert [(variant.sku, variant.stock, variant.position) for variant in made.variants] == [("FIG", 3, 1)]
    assert await stocked.inventory.get("fig-thyme-jam") == made
    [event] = events
    assert isinstance(event, ProductChanged)
    assert (event.slug, event.change, event.actor) == ("fig-thyme-jam", "created", "cli")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": ""}, {"title", "slug"}),
        ({"title": "x" * 201}, {"title"}),
        ({"title": "李 小龍"}, {"slug"}),
        ({"slug": "Not A Slug"}, {"slug"}),
        ({"slug": "a--b"}, {"slug"}),
        ({"slug": "../etc/passwd"}, {"slug"}),
        ({"slug": "x" * 81}, {"slug"}),
        ({"description": "x" * 10_001, "summary": "\x00"}, {"description", "summary"}),
        ({"position": 10**30}, {"position"}),
        (
            {"variants": [NewVariant(sku="", price_minor=-1, stock=-1)]},
            {"variants[0].sku", "variants[0].price_minor", "variants[0].stock"},
        ),
        (
            {"variants": [NewVariant(sku="A", price_minor=2**63), NewVariant(sku="A", price_minor=1)]},
            {"variants[0].price_minor", "variants[1].sku"},
        ),
        ({"variants": [NewVariant(sku="a b", price_minor=1)]}, {"variants[0].sku"}),
        ({"variants": [NewVariant(sku="A", price_minor=1, options=TOO_MANY)]}, {"variants[0].options"}),
        ({"variants": [NewVariant(sku="A", price_minor=1, options={"Size": ""})]}, {"variants[0].options.Size"}),
        ({"variants": [NewVariant(sku=f"A{n}", price_minor=1) for n in range(201)]}, {"variants"}),
    ],
)
async def test_what_is_wrong_with_a_product_is_told_by_field(
    stocked: Shop, changes: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.inventory.create(NewProduct(**dict[str, Any](title="Thing") | changes))
    assert set(caught.value.fields) == fields
    assert (await stocked.inventory.list()).total == 3


async def test_a_taken_slug_or_sku_is_a_conflict_and_nothing_is_kept(stocked: Shop, events: list[Event]) -> None:
    with pytest.raises(Conflict):
        await stocked.inventory.create(NewProduct(title="Raspberry jam"))
    with pytest.raises(Conflict) as caught:
        await stocked.inventory.create(NewProduct(title="New", variants=[NewVariant(sku="BOWL", price_minor=1)]))
    assert caught.value.details["skus"] == ["BOWL"]
    with pytest.raises(Conflict):
        await stocked.inventory.change("plum-bowl", ProductChange(slug="raspberry-jam"))
    with pytest.raises(Conflict):
        await stocked.inventory.add_variant("plum-bowl", NewVariant(sku="JAM-S", price_minor=1))
    with pytest.raises(Conflict):
        await stocked.inventory.change_variant("BOWL", VariantChange(sku="JAM-S"))
    assert (await stocked.inventory.list()).total == 3
    assert events == []


async def test_only_what_is_given_changes(stocked: Shop, events: list[Event]) -> None:
    before = await stocked.inventory.get("plum-bowl")
    after = await stocked.inventory.change("plum-bowl", ProductChange(summary="Deep.", slug="deep-bowl"))
    assert (after.summary, after.slug) == ("Deep.", "deep-bowl")
    assert (after.title, after.description, after.variants) == (before.title, before.description, before.variants)
    assert after.updated_at > before.updated_at
    with pytest.raises(NotFound):
        await stocked.inventory.get("plum-bowl")
    await stocked.inventory.change("deep-bowl", ProductChange(status="archived"))
    assert [event.change for event in events if isinstance(event, ProductChanged)] == ["changed", "archived"]


async def test_stock_is_set_or_added_to(stocked: Shop) -> None:
    assert (await stocked.inventory.change_variant("JAM-S", VariantChange(stock_change=8))).stock == 20
    assert (await stocked.inventory.change_variant("JAM-S", VariantChange(stock_change=-20))).stock == 0
    assert (await stocked.inventory.change_variant("JAM-S", VariantChange(stock=3))).stock == 3
    with pytest.raises(OutOfStock):
        await stocked.inventory.change_variant("JAM-S", VariantChange(stock_change=-4))
    with pytest.raises(Invalid):
        await stocked.inventory.change_variant("JAM-S", VariantChange(stock=1, stock_change=1))
    with pytest.raises(Invalid):
        await stocked.inventory.change_variant("JAM-S", VariantChange(stock_change=1_000_000))
    assert await stock_of(stocked, "JAM-S") == 3


async def test_a_product_that_was_ordered_is_archived_and_never_deleted(stocked: Shop) -> None:
    number = (await stocked.orders.place(order(("BOWL", 1)))).order.number
    with pytest.raises(Conflict):
        await stocked.inventory.delete("plum-bowl")
    await stocked.inventory.delete("secret-candle")
    with pytest.raises(NotFound):
        await stocked.inventory.get("secret-candle")
    assert (await stocked.orders.get(number)).items[0].title == "Plum Bowl"


async def test_orders_outlive_a_deleted_variant(stocked: Shop) -> None:
    number = (await stocked.orders.place(order(("JAM-L", 1)))).order.number
    await stocked.inventory.delete_variant("JAM-L")
    assert (await stocked.orders.get(number)).items[0].sku == "JAM-L"
    with pytest.raises(NotFound):
        await stocked.inventory.delete_variant("JAM-L")


async def test_a_gallery_is_replaced_as_a_whole(stocked: Shop) -> None:
    one = (await stocked.pictures.add(picture_bytes(colour="red"))).picture.id
    two = (await stocked.pictures.add(picture_bytes(colour="blue"))).picture.id
    await stocked.inventory.set_gallery("plum-bowl", [PictureUse(image_id=one), PictureUse(image_id=two)])
    after = await stocked.inventory.set_gallery("plum-bowl", [PictureUse(image_id=two, alt="Blue")])
    assert [(each.id, each.alt) for each in after.pictures] == [(two, "Blue")]
    assert (await stocked.inventory.set_gallery("plum-bowl", [])).pictures == []


@pytest.mark.parametrize("use", [{"image_id": 99}, {"image_id": 2**70}, {"image_id": -1}, {"variant_sku": "JAM-S"}])
async def test_a_gallery_shows_only_what_is_there(stocked: Shop, use: dict[str, Any]) -> None:
    there = (await stocked.pictures.add(picture_bytes())).picture.id
    await stocked.inventory.set_gallery("plum-bowl", [PictureUse(image_id=there)])
    with pytest.raises(Invalid) as caught:
        await stocked.inventory.set_gallery(
            "plum-bowl", [PictureUse(image_id=there), PictureUse(**dict[str, Any](image_id=there) | use)]
        )
    assert set(caught.value.fields) == {f"[1].{next(iter(use))}"}
    assert len((await stocked.inventory.get("plum-bowl")).pictures) == 1


async def test_the_inventory_lists_every_status(stocked: Shop) -> None:
    assert [each.slug for each in (await stocked.inventory.list()).items] == [
        "secret-candle",
        "raspberry-jam",
        "plum-bowl",
    ]
    drafts = await stocked.inventory.list(InventoryFilter(status="draft"))
    assert [each.slug for each in drafts.items] == ["secret-candle"]
    assert (await stocked.inventory.list(InventoryFilter(q="ÅRHUS"))).items[0].slug == "plum-bowl"
    assert (await stocked.inventory.list(InventoryFilter(q="nothing"))).total == 0
    assert (await stocked.inventory.list(page=PageRequest(9, 2))).total == 3
