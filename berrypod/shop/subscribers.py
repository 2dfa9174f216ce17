"""Readers of the newsletter."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from advanced_alchemy.filters import OrderBy, StatementFilter
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.errors import NotFound
from berrypod.events import Event, SubscriberJoined, SubscriberLeft
from berrypod.shop.checking import Checks
from berrypod.shop.fields import described
from berrypod.shop.paging import Page, PageRequest
from berrypod.shop.repositories import SubscriberRepository
from berrypod.storage.database import Database
from berrypod.storage.models import NewsletterSubscriber

SubscriberStatus = Literal["subscribed", "unsubscribed"]

_TOKEN_BYTES = 24
_LONGEST_TOKEN = 200


class SubscriberRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A reader, or one who was. `unsubscribe_token` is the secret part of the link that ends the subscription."""

    email: Annotated[str, described("Address, in lower case", "ada@example.com")]
    status: Annotated[SubscriberStatus, described("`unsubscribed` ones must not be written to", "subscribed")]
    unsubscribe_token: Annotated[str, described("For the link in each newsletter", "y0wU9mXlQqVn4pO1r2sT3uVwXyZ_aBcD")]
    subscribed_at: datetime
    unsubscribed_at: datetime | None


class SubscriberFilter(msgspec.Struct, frozen=True, kw_only=True):
    status: SubscriberStatus | None = None
    email: str | None = None


class Subscribers:
    def __init__(self, database: Database, emit: Callable[[Event], None]) -> None:
        self._database = database
        self._emit = emit

    async def subscribe(self, email: str) -> SubscriberRecord:
        """Take an address in.

        One that is subscribed already stays as it is; one that had left is back, with the same token.

        :raises Invalid: this is no e-mail address.
        """
        checks = Checks()
        email = checks.email("email", email)
        checks.done("The address cannot be subscribed")
        async with self._database.write() as session:
            reader = await session.scalar(select(NewsletterSubscriber).where(NewsletterSubscriber.email == email))
            joined = reader is None or reader.status != "subscribed"
            if reader is None:
                reader = NewsletterSubscriber(
                    email=email,
                    status="subscribed",
                    token=secrets.token_urlsafe(_TOKEN_BYTES),
                    subscribed_at=datetime.now(UTC),
                )
                session.add(reader)
            elif joined:
                reader.status, reader.subscribed_at, reader.unsubscribed_at = "subscribed", datetime.now(UTC), None
            await session.flush()
        if joined:
            self._emit(SubscriberJoined(subscriber_id=reader.id))
        return _record(reader)

    async def by_token(self, token: str) -> SubscriberRecord:
        """Whose link this is.

        :raises NotFound: no subscription has this token.
        """
        async with self._database.read() as session:
            return _record(await _by_token(session, token))

    async def unsubscribe(self, token: str) -> SubscriberRecord:
        """End a subscription. Following the link again changes nothing.

        :raises NotFound: no subscription has this token.
        """
        async with self._database.write() as session:
            reader = await _by_token(session, token)
            left = reader.status == "subscribed"
            if left:
                reader.status, reader.unsubscribed_at = "unsubscribed", datetime.now(UTC)
        if left:
            self._emit(SubscriberLeft(subscriber_id=reader.id))
        return _record(reader)

    async def list(
        self, wanted: SubscriberFilter | None = None, page: PageRequest | None = None
    ) -> Page[SubscriberRecord]:
        """A page of the readers, newest first.

        :raises Invalid: the e-mail address to filter by is none.
        """
        wanted, page = wanted or SubscriberFilter(), page or PageRequest()
        filters: list[StatementFilter | ColumnElement[bool]] = [OrderBy("subscribed_at", "desc"), OrderBy("id", "desc")]
        if wanted.status is not None:
            filters.append(NewsletterSubscriber.status == wanted.status)
        if wanted.email is not None:
            checks = Checks()
            filters.append(NewsletterSubscriber.email == checks.email("email", wanted.email))
            checks.done()
        async with self._database.read() as session:
            readers, total = await SubscriberRepository(session).page(page, *filters)
        return Page(
            items=[_record(reader) for reader in readers], page=page.page, page_size=page.page_size, total=total
        )


async def _by_token(session: AsyncSession, token: str) -> NewsletterSubscriber:
    reader = None
    if len(token) <= _LONGEST_TOKEN and token.isascii():
        reader = await session.scalar(select(NewsletterSubscriber).where(NewsletterSubscriber.token == token))
    if reader is None:
        raise NotFound(
            "There is no subscription with this link",
            hint="Use the whole link of a newsletter, or write to the shop.",
        )
    return reader


def _record(reader: NewsletterSubscriber) -> SubscriberRecord:
    return SubscriberRecord(
        email=reader.email,
        status=reader.status,  # pyright: ignore[reportArgumentType] - the table's own check holds it
        unsubscribe_token=reader.token,
        subscribed_at=reader.subscribed_at,
        unsubscribed_at=reader.unsubscribed_at,
    )
