"""A shop and a file that is to replace it, for tests of their comparison."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from berrypod_restore.comparison import Comparison, compare
from berrypod_restore.differences import Kind, Losses
from berrypod_restore.reading import Source, reading_candidate, reading_current
from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.diagnosis import find_key

ORDER = """
    INSERT INTO orders (number, status, email, name, address_line1, address_line2, postcode, city, country, note,
        currency, total_minor, placed_at, request_digest, created_at, updated_at)
    VALUES (:number, :status, :email, :name, '1 Orchard Lane', '', '12345', 'Plumstead', 'GB', :note,
        :currency, :total_minor, :placed_at, '', :placed_at, :placed_at)
"""

# A recursive query makes a large shop in seconds.
MANY_ORDERS = """
    INSERT INTO orders (number, status, email, name, address_line1, address_line2, postcode, city, country, note,
        currency, total_minor, placed_at, request_digest, created_at, updated_at)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    SELECT printf('%07d', i), 'paid', 'customer' || i || '@example.org', 'Customer ' || i,
        '1 Orchard Lane', '', '12345', 'Plumstead', 'GB', '', 'EUR', 1000 + i % 5000,
        datetime('2020-01-01', '+' || i || ' minutes') || '.000000', '', '2020-01-01', '2020-01-01' FROM n
"""


@dataclass(frozen=True)
class Shop:
    """A shop's file. Nobody else has it open."""

    path: Path
    key: Secret | None = None

    def copied(self, name: str = "candidate.db") -> Shop:
        """As a backup of this moment."""
        path = self.path.with_name(name)
        shutil.copyfile(self.path, path)
        return Shop(path, self.key)

    def run(self, statement: str, *values: object) -> Shop:
        with self.writing() as connection:
            connection.execute(statement, values)
        return self

    def renumber(self, table: str, old: int, new: int, **references: str) -> Shop:
        """Give a row another id; `references` are columns that refer to it, by their tables."""
        with self.writing() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute(f"UPDATE {table} SET id = ? WHERE id = ?", (new, old))
            for other, column in references.items():
                connection.execute(f"UPDATE {other} SET {column} = ? WHERE {column} = ?", (new, old))
        return self

    def order(self, number: str, **fields: object) -> Shop:
        order = {
            "status": "paid",
            "email": "eve@example.org",
            "name": "Eve",
            "note": "",
            "currency": "EUR",
            "total_minor": 1000,
            "placed_at": "2026-04-01 10:00:00.000000",
        }
        with self.writing() as connection:
            connection.execute(ORDER, {**order, "number": number, **fields})
        return self

    @contextmanager
    def writing(self) -> Generator[dbapi2.Connection]:
        with closing(open_connection(self.path, find_key(self.path, self.key))) as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def connection(self) -> dbapi2.Connection:
        """As the shop's own file is read."""
        return open_connection(self.path, find_key(self.path, self.key), read_only=True)

    def as_file(self) -> dbapi2.Connection:
        """As a staged file is read."""
        return open_immutable(self.path, find_key(self.path, self.key))


def compared(current: Shop, candidate: Shop) -> Comparison:
    with closing(current.connection()) as ours, closing(candidate.as_file()) as theirs:
        return compare(ours, theirs)


@contextmanager
def sources(current: Shop, candidate: Shop) -> Generator[tuple[Source, Source]]:
    with ExitStack() as stack:
        ours = stack.enter_context(closing(current.connection()))
        theirs = stack.enter_context(closing(candidate.as_file()))
        yield stack.enter_context(reading_current(ours)), stack.enter_context(reading_candidate(theirs))


def lost(comparison: Comparison, kind: Kind = "orders") -> Losses:
    return next(losses for losses in comparison.lost if losses.kind == kind)


def returning(comparison: Comparison, kind: Kind = "orders") -> Losses:
    return next(losses for losses in comparison.returning if losses.kind == kind)
