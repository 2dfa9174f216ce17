"""The newsletter: joining and leaving, as often as anybody likes."""

from __future__ import annotations

import asyncio

import pytest

from berrypod.errors import Invalid, NotFound
from berrypod.events import Event
from berrypod.shop import PageRequest, Shop
from berrypod.shop.subscribers import SubscriberFilter


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


async def test_joining_twice_is_joining_once(stocked: Shop, events: list[Event]) -> None:
    first = await stocked.subscribers.subscribe("Ada@Example.com")
    again = await asyncio.gather(*(stocked.subscribers.subscribe(" ada@example.COM") for _ in range(3)))
    assert {(reader.email, reader.unsubscribe_token) for reader in again} == {(first.email, first.unsubscribe_token)}
    assert first.email == "ada@example.com"
    assert (await stocked.subscribers.list()).total == 1
    assert names(events) == ["subscriber.joined"]


async def test_leaving_twice_is_leaving_once_and_coming_back_keeps_the_link(stocked: Shop, events: list[Event]) -> None:
    token = (await stocked.subscribers.subscribe("ada@example.com")).unsubscribe_token
    left = await stocked.subscribers.unsubscribe(token)
    assert left.status == "unsubscribed"
    assert await stocked.subscribers.unsubscribe(token) == left
    back = await stocked.subscribers.subscribe("ada@example.com")
    assert (back.status, back.unsubscribed_at, back.unsubscribe_token) == ("subscribed", None, token)
    assert names(events) == ["subscriber.joined", "subscriber.left", "subscriber.joined"]


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "x" * 10_000, "ü", "\x00", "\ud800"])
async def test_a_link_that_is_none_is_not_found(stocked: Shop, token: str) -> None:
    await stocked.subscribers.subscribe("ada@example.com")
    with pytest.raises(NotFound):
        await stocked.subscribers.unsubscribe(token)


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@example..com", "x" * 10_000]
)
async def test_what_is_no_address_is_refused(stocked: Shop, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.subscribers.subscribe(email)
    assert set(caught.value.fields) == {"email"}


async def test_addresses_in_any_script_are_taken(stocked: Shop) -> None:
    assert (await stocked.subscribers.subscribe("jörg@bücher.example.com")).email == "jörg@bücher.example.com"


async def test_readers_are_listed_newest_first_and_filtered(stocked: Shop) -> None:
    for name in ("ada", "ben", "cat"):
        await stocked.subscribers.subscribe(f"{name}@example.com")
    ada = (await stocked.subscribers.list(SubscriberFilter(email="ADA@example.com"))).items[0]
    await stocked.subscribers.unsubscribe(ada.unsubscribe_token)
    in_it = await stocked.subscribers.list(SubscriberFilter(status="subscribed"), PageRequest(1, 1))
    assert ([reader.email for reader in in_it.items], in_it.total) == (["cat@example.com"], 2)
    out = await stocked.subscribers.list(SubscriberFilter(status="unsubscribed"))
    assert [reader.email for reader in out.items] == ["ada@example.com"]
    with pytest.raises(Invalid):
        await stocked.subscribers.list(SubscriberFilter(email="nobody"))
