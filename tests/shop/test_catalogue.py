"""What customers see: active products, fresh prices, and searches that find what people type."""

from __future__ import annotations

from typing import Any

import pytest

from berrypod.errors import Invalid, NotFound
from berrypod.shop import PageRequest, Shop
from berrypod.shop.catalogue_records import ProductFilter
from berrypod.shop.inventory_records import NewProduct, NewVariant, PictureUse, ProductChange, VariantChange
from tests.shop.making import order, picture_bytes


async def slugs(shop: Shop, **wanted: Any) -> list[str]:
    return [product.slug for product in (await shop.catalogue.products(ProductFilter(**wanted))).items]


async def test_the_list_shows_active_products_in_the_shops_order(stocked: Shop) -> None:
    page = await stocked.catalogue.products()
    assert [product.slug for product in page.items] == ["raspberry-jam", "plum-bowl"]
    assert (page.total, page.pages) == (2, 1)
    jam = page.items[0]
    assert (jam.price_from_minor, jam.price_to_minor, jam.currency) == (450, 790, "EUR")
    assert (jam.in_stock, jam.variant_count, jam.cover) == (True, 2, None)


async def test_drafts_and_archived_products_do_not_exist_for_customers(stocked: Shop) -> None:
    await stocked.inventory.change("plum-bowl", ProductChange(status="archived"))
    for slug in ("secret-candle", "plum-bowl", "no-such-thing"):
        with pytest.raises(NotFound):
            await stocked.catalogue.product(slug)
    assert await slugs(stocked) == ["raspberry-jam"]


async def test_a_product_tells_its_variants_and_only_low_stock(stocked: Shop) -> None:
    jam = await stocked.catalogue.product("raspberry-jam")
    small, large = jam.variants
    assert (small.sku, small.options, small.in_stock, small.left) == ("JAM-S", {"Size": "S"}, True, None)
    assert (large.sku, large.in_stock, large.left) == ("JAM-L", True, 5)


async def test_what_is_sold_out_says_so_at_once(stocked: Shop) -> None:
    await stocked.orders.place(order(("BOWL", 1)))
    bowl = await stocked.catalogue.product("plum-bowl")
    assert (bowl.in_stock, bowl.variants[0].in_stock, bowl.variants[0].left) == (False, False, 0)
    assert await slugs(stocked, in_stock=True) == ["raspberry-jam"]
    assert await slugs(stocked) == ["raspberry-jam", "plum-bowl"]


async def test_a_product_without_variants_has_no_price_and_cannot_be_had(stocked: Shop) -> None:
    await stocked.inventory.create(NewProduct(title="Idea", status="active"))
    idea = await stocked.catalogue.product("idea")
    assert (idea.price_from_minor, idea.price_to_minor, idea.in_stock, idea.variants) == (None, None, False, [])
    [listed] = [each for each in (await stocked.catalogue.products()).items if each.slug == "idea"]
    assert (listed.price_from_minor, listed.variant_count, listed.in_stock) == (None, 0, False)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("jam", ["raspberry-jam"]),
        ("JAM raspberry", ["raspberry-jam"]),
        ("jam bowl", []),
        ("århus", ["plum-bowl"]),
        ("ÅRHUS", ["plum-bowl"]),
        ("A\u030aRHUS", ["plum-bowl"]),
        ("table", ["plum-bowl"]),
        ("candle", []),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE products; --", []),
        ("", ["raspberry-jam", "plum-bowl"]),
        ("   ", ["raspberry-jam", "plum-bowl"]),
    ],
)
async def test_a_search_finds_products_with_all_its_words_in_any_case(
    stocked: Shop, words: str, found: list[str]
) -> None:
    assert await slugs(stocked, q=words) == found


@pytest.mark.parametrize("words", ["x" * 101, "a\x00b", "\ud800"])
async def test_a_search_that_is_none_is_refused(stocked: Shop, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.catalogue.products(ProductFilter(q=words))
    assert set(caught.value.fields) == {"q"}


async def test_categories_count_what_is_for_sale(stocked: Shop) -> None:
    assert [(each.name, each.products) for each in await stocked.catalogue.categories()] == [
        ("Pantry", 1),
        ("Table", 1),
    ]
    assert await slugs(stocked, category="Table") == ["plum-bowl"]
    assert await slugs(stocked, category="table' OR ''='") == []


async def test_pages_cover_the_list_without_gaps_or_repeats(stocked: Shop) -> None:
    for number in range(7):
        await stocked.inventory.create(NewProduct(title=f"Thing {number}", status="active", position=50))
    seen: list[str] = []
    for number in range(1, 6):
        page = await stocked.catalogue.products(page=PageRequest(number, 2))
        assert (page.total, page.pages) == (9, 5)
        seen += [product.slug for product in page.items]
    assert len(seen) == len(set(seen)) == 9
    assert (await stocked.catalogue.products(page=PageRequest(6, 2))).items == []


@pytest.mark.parametrize(("page", "size"), [(0, 20), (-1, 20), (1, 0), (1, 101), (1_000_001, 20), (10**30, 10**30)])
def test_a_page_that_is_none_is_refused(page: int, size: int) -> None:
    with pytest.raises(Invalid):
        PageRequest(page, size)


async def test_the_first_picture_is_the_cover_and_variants_have_their_own(stocked: Shop) -> None:
    first = (await stocked.pictures.add(picture_bytes(colour="plum"), alt="A jar")).picture
    second = (await stocked.pictures.add(picture_bytes(colour="red", size=(5, 9)))).picture
    await stocked.inventory.set_gallery(
        "raspberry-jam",
        [
            PictureUse(image_id=first.id),
            PictureUse(image_id=second.id, alt="A large jar", variant_sku="JAM-L"),
        ],
    )
    cover = (await stocked.catalogue.products()).items[0].cover
    assert cover is not None
    assert (cover.url, cover.alt) == (first.url, "A jar")
    pictures = (await stocked.catalogue.product("raspberry-jam")).pictures
    assert [(each.id, each.alt, each.width, each.height, each.variant_sku) for each in pictures] == [
        (first.id, "A jar", 8, 6, None),
        (second.id, "A large jar", 5, 9, "JAM-L"),
    ]


async def test_a_changed_price_is_seen_by_the_next_reader(stocked: Shop) -> None:
    await stocked.inventory.change_variant("BOWL", VariantChange(price_minor=1))
    await stocked.settings.put("shop.currency", "JPY")
    bowl = await stocked.catalogue.product("plum-bowl")
    assert (bowl.price_from_minor, bowl.currency) == (1, "JPY")


async def test_a_hundred_variants_are_listed_in_their_order(stocked: Shop) -> None:
    variants = [NewVariant(sku=f"V-{number}", price_minor=number) for number in range(100)]
    await stocked.inventory.create(NewProduct(title="Many", status="active", variants=variants))
    many = await stocked.catalogue.product("many")
    assert [variant.sku for variant in many.variants] == [variant.sku for variant in variants]
    assert (many.price_from_minor, many.price_to_minor) == (0, 99)
