"""What the admin may set: defaults, types, and any JSON value that comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypod.errors import Invalid, NotFound
from berrypod.shop import Shop
from berrypod.shop.settings import DECLARED, checked, store
from berrypod.storage.database import Database

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


async def test_what_is_not_set_has_its_default(stocked: Shop) -> None:
    assert await stocked.settings.get("shop.currency") == "EUR"
    assert await stocked.settings.get("no.such", "fallback") == "fallback"
    assert set(await stocked.settings.values()) == set(DECLARED)
    record = await stocked.settings.record("shop.name")
    assert (record.value, record.updated_at) == ("Berrypod", None)
    assert record.help


async def test_what_is_set_is_read_at_once_and_reset_is_the_default_again(stocked: Shop) -> None:
    await stocked.settings.get("shop.name")
    record = await stocked.settings.put("shop.name", "Berry & Plum")
    assert record.updated_at is not None
    assert await stocked.settings.get("shop.name") == "Berry & Plum"
    await stocked.settings.put("shop.name", "Plum")
    assert await stocked.settings.get("shop.name") == "Plum"
    await stocked.settings.reset("shop.name")
    assert await stocked.settings.get("shop.name") == "Berrypod"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(value=JSON)
async def test_any_json_value_comes_back_as_it_was(stocked: Shop, value: Any) -> None:
    """Numbers too: the column would like to make something of them."""
    await stocked.settings.put("theme.anything", value)
    assert await stocked.settings.get("theme.anything") == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("shop.name", 5),
        ("shop.name", None),
        ("shop.name", "x" * 201),
        ("shop.currency", "euro"),
        ("shop.currency", "eur"),
        ("orders.open", "yes"),
        ("orders.countries", ["Ireland", 5]),
        ("storefront.products_per_page", 0),
        ("storefront.products_per_page", 10**30),
        ("theme.big", "x" * 70_000),
        ("theme.number", 2**60),
        ("theme.object", object()),
    ],
)
async def test_a_value_of_the_wrong_kind_is_refused(stocked: Shop, key: str, value: Any) -> None:
    before = await stocked.settings.get(key)
    with pytest.raises(Invalid) as caught:
        await stocked.settings.put(key, value)
    assert set(caught.value.fields) == {"value"}
    assert await stocked.settings.get(key) == before


@pytest.mark.parametrize("key", ["", "name", "Shop.name", "shop..name", "shop.name;", "a." + "b" * 41, "x" * 5000])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked(key, 1)
    assert set(caught.value.fields) == {"key"}


async def test_clients_cannot_write_what_plugins_note_about_themselves(stocked: Shop) -> None:
    await stocked.settings.put("backup.last", {"at": "now"})
    with pytest.raises(Invalid):
        await stocked.settings.put_as_client("backup.last", {"at": "never"})
    with pytest.raises(Invalid):
        await stocked.settings.reset_as_client("backup.last")
    assert await stocked.settings.get("backup.last") == {"at": "now"}
    await stocked.settings.put_as_client("social.mastodon", "@berry@example.social")


async def test_a_stored_value_of_the_wrong_type_counts_as_not_set(stocked: Shop, database: Database) -> None:
    async with database.write() as session:
        await store(session, "shop.currency", {"not": "a currency"})
    assert await stocked.settings.get("shop.currency") == "EUR"
    assert (await stocked.catalogue.product("plum-bowl")).currency == "EUR"


async def test_a_setting_that_nobody_knows_is_not_found(stocked: Shop) -> None:
    with pytest.raises(NotFound):
        await stocked.settings.record("shop.nothing")
    with pytest.raises(NotFound):
        await stocked.settings.reset("shop.nothing")
