"""A token that changes with the shop's content: what an admin confirms is bound to what was compared.

It has two parts. The quick one is asked once more while the shop is closed: it sees new and deleted rows, each change
of an order's status, and the catalogue (0.1 seconds for 500,000 orders). The full token, asked before the shop closes,
also sees any other change of an order or a subscriber by its time (1 second for as many). Sessions, sign-ins, the
last use of tokens and the time of the last backup are in neither: they change with each look at the page, and with the
backup that whoever is careful takes first.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlcipher3 import dbapi2

from berrypod.shop.settings import SET_BY_PEOPLE
from berrypod_restore.reading import CurrentUnreadable, Source, reading_current

UNREADABLE: Final = "unreadable"
"""The token of a shop whose file cannot be read."""

_DIGITS: Final = 24

_QUICK_CONTENT: Final = (
    # All of it lies in the index of the status, which is a tenth of the table.
    "SELECT status, count(*), sum(id), max(id) FROM orders GROUP BY status ORDER BY status",
    "SELECT max(id) FROM order_items",
    "SELECT count(*), max(id), max(updated_at) FROM products",
    "SELECT count(*), max(id), max(updated_at), sum(stock), sum(price_minor) FROM product_variants",
    "SELECT count(*), max(id), max(updated_at) FROM product_images",
    "SELECT count(*), max(id) FROM images",
    "SELECT count(*), max(id) FROM newsletter_subscribers",
)

# A replacement takes some of these along into the file.
_CARRIED: Final = (
    f"SELECT count(*), max(updated_at) FROM settings WHERE {SET_BY_PEOPLE}",  # noqa: S608 - a constant
    "SELECT id, email, name, password_hash, totp_secret, disabled_at FROM admins ORDER BY id",
    "SELECT count(*), max(id), count(revoked_at) FROM api_tokens",
)

_QUICK: Final = (*_QUICK_CONTENT, *_CARRIED)

_FULL: Final = (
    "SELECT max(updated_at) FROM orders",
    "SELECT max(updated_at) FROM images",
    "SELECT max(updated_at), sum(status = 'subscribed') FROM newsletter_subscribers",
)


def content_state(connection: dbapi2.Connection) -> str:
    """Stands for orders, catalogue, pictures and subscribers, which a file has before it becomes the shop's and after.

    :raises StorageError: it cannot be read.
    """
    with reading_current(connection) as shop:
        return _digest(shop, (*_QUICK_CONTENT, *_FULL))


def carried_state(connection: dbapi2.Connection) -> str:
    """Stands for the rest: admins, tokens, settings. Of few rows, and so quick enough for a look with the gate closed.

    :raises StorageError: as `content_state`.
    """
    with reading_current(connection) as shop:
        return _digest(shop, _CARRIED)


def both_states(connection: dbapi2.Connection) -> str:
    """Content and the rest, as they are written down of what takes a former database's place."""
    return f"{content_state(connection)}.{carried_state(connection)}"


def state_token(connection: dbapi2.Connection | None) -> str:
    """The token of the shop's content, `unreadable` if there is no reading it. In one read transaction."""
    if connection is None:
        return UNREADABLE
    try:
        with reading_current(connection) as shop:
            return token_of(shop)
    except CurrentUnreadable:
        return UNREADABLE


def quick_state(connection: dbapi2.Connection | None) -> str:
    """The first part of the token, for a look while nobody else can write. See `matches`."""
    if connection is None:
        return UNREADABLE
    try:
        with reading_current(connection) as shop:
            return _digest(shop, _QUICK)
    except CurrentUnreadable:
        return UNREADABLE


def matches(token: str, quick: str) -> bool:
    """Whether a quick state is that of a token."""
    return token.partition(".")[0] == quick


def token_of(shop: Source) -> str:
    return f"{_digest(shop, _QUICK)}.{_digest(shop, _FULL)}"


def _digest(shop: Source, statements: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for statement in statements:
        digest.update(repr(list(shop.rows(statement))).encode())
    return digest.hexdigest()[:_DIGITS]
