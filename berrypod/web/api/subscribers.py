"""The newsletter: anybody may join and leave, programs with a token see who is in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from berrypod.shop import Page, PageRequest, Shop
from berrypod.shop.fields import described
from berrypod.shop.paging import PAGE_SIZE
from berrypod.shop.subscribers import SubscriberFilter, SubscriberRecord, SubscriberStatus
from berrypod.web.api.describing import FOR_ALL, READING, PageNumber, PageSize, problems


class Subscribe(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, described("Where the newsletter goes", "ada@example.com", max_length=254)]


class Unsubscribe(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, described("The secret part of the link in a newsletter", "y0wU9mXlQqVn4pO1r2sT3uVwXyZ_aBcD")]


class SubscriptionState(msgspec.Struct, frozen=True):
    """The same answer whether the address was known before or not: who reads the newsletter is nobody's business."""

    email: Annotated[str, described("Address, in lower case", "ada@example.com")]
    status: SubscriberStatus


class SubscribersController(Controller):
    path = "/subscribers"
    tags = ("newsletter",)

    @post(
        opt=FOR_ALL,
        status_code=200,
        operation_id="subscribe",
        summary="Subscribe to the newsletter",
        description="An address that is subscribed already stays so, and the answer is the same.",
        responses=problems(),
    )
    async def subscribe(self, shop: NamedDependency[Shop], data: JSONBody[Subscribe]) -> SubscriptionState:
        reader = await shop.subscribers.subscribe(data.email)
        return SubscriptionState(reader.email, reader.status)

    @post(
        "/unsubscribe",
        opt=FOR_ALL,
        status_code=200,
        operation_id="unsubscribe",
        summary="Unsubscribe from the newsletter",
        description="Once more changes nothing.",
        responses=problems(404),
    )
    async def unsubscribe(self, shop: NamedDependency[Shop], data: JSONBody[Unsubscribe]) -> SubscriptionState:
        reader = await shop.subscribers.unsubscribe(data.token)
        return SubscriptionState(reader.email, reader.status)

    @get(
        opt=READING,
        operation_id="listSubscribers",
        summary="List subscribers, newest first",
        description="Each has the token that belongs into the unsubscribe link of what is sent to them.",
        responses=problems(),
    )
    async def list_subscribers(
        self,
        shop: NamedDependency[Shop],
        status: Annotated[SubscriberStatus | None, QueryParameter(description="Only those of this status")] = None,
        email: Annotated[str | None, QueryParameter(max_length=254, description="Only this address")] = None,
        page: PageNumber = 1,
        page_size: PageSize = PAGE_SIZE,
    ) -> Page[SubscriberRecord]:
        return await shop.subscribers.list(SubscriberFilter(status=status, email=email), PageRequest(page, page_size))
