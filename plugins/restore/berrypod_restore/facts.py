"""What can be told of a file that was opened."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.shop.settings import SET_BY_PEOPLE
from berrypod.storage import origin, schema
from berrypod.storage.failures import was_interrupted
from berrypod.storage.keys import passphrase_fingerprint
from berrypod.storage.verification import count_rows


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file that could be read.

    `row_counts` maps each table to its rows. `key_fingerprint` is of the passphrase
    (`berrypod.storage.keys.passphrase_fingerprint`): the same for all files of one key. `made_by` is the version of
    Berrypod that made it, if the file tells. `oldest_at` and `newest_at` are the first and the last change of
    products, orders, settings and subscribers, in UTC.
    """

    size_bytes: int
    page_count: int
    schema_revision: str
    row_counts: dict[str, int]
    encrypted: bool
    key_fingerprint: str | None = None
    made_by: str | None = None
    oldest_at: datetime | None = None
    newest_at: datetime | None = None


# No change of a shop: that somebody has signed in, and that a backup was taken, which is noted among the settings.
_CHANGES: Final = {
    "products": "SELECT min(created_at) AS first, max(updated_at) AS last FROM products",
    "orders": "SELECT min(placed_at), max(updated_at) FROM orders",
    "settings": f"SELECT min(updated_at), max(updated_at) FROM settings WHERE {SET_BY_PEOPLE}",  # noqa: S608 - constants
    "newsletter_subscribers": "SELECT min(created_at), max(updated_at) FROM newsletter_subscribers",
}

# The first and the last change of all of them, in a file of this version's schema.
FIRST_AND_LAST_CHANGE: Final = f"SELECT min(first), max(last) FROM ({' UNION ALL '.join(_CHANGES.values())})"  # noqa: S608 - as above


def gather(path: Path, connection: dbapi2.Connection, passphrase: Secret | None) -> Candidate:
    """Gather the facts of a file that is open. Takes a moment: each row of the shop is counted.

    :param passphrase: the one that opened the file; None for a plain one.
    :raises ForeignDatabase: it is not a shop's.
    :raises sqlcipher3.dbapi2.Error: something cannot be read.
    """
    oldest_at, newest_at = _times(connection)
    return Candidate(
        size_bytes=path.stat().st_size,
        page_count=int(connection.execute("PRAGMA page_count").fetchone()[0]),
        schema_revision=schema.revision_of(connection),
        row_counts=count_rows(connection),
        encrypted=passphrase is not None,
        key_fingerprint=passphrase_fingerprint(passphrase) if passphrase is not None else None,
        made_by=origin.version_of(connection),
        oldest_at=oldest_at,
        newest_at=newest_at,
    )


def _times(connection: dbapi2.Connection) -> tuple[datetime | None, datetime | None]:
    firsts: list[datetime] = []
    lasts: list[datetime] = []
    for statement in _CHANGES.values():
        try:
            first, last = connection.execute(statement).fetchone()
        except dbapi2.OperationalError as error:
            if was_interrupted(error):
                raise
            continue  # A later schema, or an altered one, may not have it.
        firsts += _time(first)
        lasts += _time(last)
    return min(firsts, default=None), max(lasts, default=None)


def _time(value: object) -> list[datetime]:
    """As it lies in the file: in UTC, without saying so. Nothing where it is no time."""
    try:
        return [datetime.fromisoformat(str(value)).replace(tzinfo=UTC)]
    except ValueError:
        return []
