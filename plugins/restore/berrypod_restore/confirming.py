"""What a confirmation holds for: the bytes that are staged, and the shop as it was compared.

It is told as one string, `expect`, which any process can check: nothing of it is kept anywhere. Its three parts stand
for the file, for the shop's content, and for the newest order that was seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlcipher3 import dbapi2

from berrypod.storage.failures import is_unusable_after
from berrypod.storage.files import FileMark
from berrypod_restore.facts import FIRST_AND_LAST_CHANGE
from berrypod_restore.showing import time_of
from berrypod_restore.state import UNREADABLE, state_token

_DIGITS: Final = 24
_PARTS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The shop at one moment.

    `state` is its token, `newest_order` the id of its newest order (0 for none), `newest_at` its newest change.
    """

    state: str
    newest_order: int = 0
    newest_at: datetime | None = None

    @property
    def readable(self) -> bool:
        return self.state != UNREADABLE


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """An `expect` that came back."""

    file: str
    state: str
    newest_order: int

    @classmethod
    def parse(cls, text: str) -> Expectation | None:
        """None for what never was one."""
        parts = text.split("-")
        if len(parts) != _PARTS or not (parts[2].isascii() and parts[2].isdecimal() and len(parts[2]) < _DIGITS):
            return None
        return cls(file=parts[0], state=parts[1], newest_order=int(parts[2]))

    def is_of_file(self, file: str) -> bool:
        return self.file == _digest(file)

    def is_of_state(self, seen: Seen) -> bool:
        return self.state == _digest(seen.state)


def expect_of(file: str, seen: Seen) -> str:
    """:param file: what stands for the bytes: see `file_token`."""
    return f"{_digest(file)}-{_digest(seen.state)}-{seen.newest_order}"


def file_token(name: str, mark: FileMark) -> str:
    """Stands for the bytes of a file, by what it is called (a digest, say) and its mark."""
    return f"{name} {mark}"


def seen_on(connection: dbapi2.Connection) -> Seen:
    """Look at the shop. Blocks."""
    connection.execute("BEGIN")
    try:
        state = state_token(connection)
        if state == UNREADABLE:
            return Seen(state=state)
        # Orders are never deleted, so that later ones have higher ids.
        (newest,) = connection.execute("SELECT max(id) FROM orders").fetchone()
        _, time = connection.execute(FIRST_AND_LAST_CHANGE).fetchone()
        return Seen(state=state, newest_order=int(newest or 0), newest_at=time_of(time))
    finally:
        connection.rollback()


def orders_since(connection: dbapi2.Connection, newest: int) -> tuple[str, ...]:
    """The numbers of the orders that came after the one with the id `newest`, the oldest first."""
    try:
        rows = connection.execute("SELECT number FROM orders WHERE id > ? ORDER BY id", (newest,)).fetchall()
    except (dbapi2.Error, MemoryError) as error:
        if is_unusable_after(error):
            return ()  # What cannot be read cannot be told; the former file is kept as it is.
        raise
    return tuple(str(number) for (number,) in rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
