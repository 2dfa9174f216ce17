"""The figures as the API and `berrypod stats --json` give them: typed, in bytes, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from berrypod_stats.measurement import Counts, Measurement
from berrypod_stats.service import View
from berrypod_stats.wire import BTree

SCHEMA_TABLE = "sqlite_schema"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is missing: a stable code, words, and what to do."""

    code: str
    message: str
    hint: str


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """One index of a table. `sqlite_autoindex_...` are those that SQLite makes for UNIQUE and PRIMARY KEY."""

    name: str
    size_bytes: int
    unused_bytes: int


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table with its indexes. `sqlite_schema` is the list of tables and indexes itself."""

    name: str
    rows: Annotated[int | None, Meta(description="None where rows cannot be counted.")]
    size_bytes: Annotated[int, Meta(description="Whole pages on disk: the table and its indexes.")]
    table_bytes: Annotated[int, Meta(description="The table alone.")]
    index_bytes: Annotated[int, Meta(description="Its indexes alone.")]
    unused_bytes: Annotated[int, Meta(description="Bytes inside those pages that hold nothing.")]
    share: Annotated[float, Meta(description="size_bytes as a part of the whole file, 0 to 1.")]
    indexes: list[Index]


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """Judged by the file's bytes, not by a setting."""

    encrypted: bool
    verified: Annotated[
        bool, Meta(description="The first page carries the HMAC that SQLCipher 4 makes with the shop's key.")
    ]
    text: str


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file, to the byte.

    The tables' `size_bytes`, `free_bytes` and `other_bytes` add up to `file_bytes`.
    """

    taken_at: datetime
    seconds: float
    file_bytes: Annotated[int, Meta(description="Page count times page size.")]
    page_size: int
    page_count: int
    free_pages: Annotated[int, Meta(description="Pages that hold nothing and are used again first.")]
    free_bytes: int
    other_bytes: Annotated[int, Meta(description="Pages that SQLite keeps for itself. Mostly 0.")]
    journal_mode: str
    encryption: Encryption
    sqlite_version: str
    sqlcipher_version: str
    created_at: Annotated[datetime | None, Meta(description="When the shop was made; None if unknown.")]
    counts: Counts
    tables: Annotated[list[Table], Meta(description="The biggest first.")]


class FigureReport(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a provider: `value` for programs, `text` for people."""

    code: str
    label: str
    value: int | float | str | None
    text: str
    unit: str
    warning: str | None = None
    hint: str | None = None


class ProviderReport(msgspec.Struct, frozen=True, kw_only=True):
    """One group of figures, of whichever plugin; or the error of a provider that gave none."""

    plugin: str
    name: str
    title: str
    figures: list[FigureReport]
    error: Problem | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that /admin/backup shows, as data."""

    state: Annotated[
        Literal["measuring", "current", "stale", "failed"],
        Meta(
            description="measuring: not measured yet, ask again in a moment. current: nothing was committed "
            "since `sizes.taken_at`. stale: something was, and a new measurement will come. failed: the last "
            "measurement failed, see `error`; `sizes` is then an older one or null."
        ),
    ]
    file_bytes: Annotated[int | None, Meta(description="Of the file as it is on the disk now.")]
    wal_bytes: Annotated[int, Meta(description="Of the write-ahead log beside it, now.")]
    sizes: Sizes | None
    error: Problem | None
    providers: list[ProviderReport]


def sizes_of(measurement: Measurement) -> Sizes:
    """The measurement, with each index at its table, biggest first."""
    measured = measurement.measured
    return Sizes(
        taken_at=measurement.taken_at,
        seconds=round(measurement.seconds, 3),
        file_bytes=measured.size_bytes,
        page_size=measured.page_size,
        page_count=measured.page_count,
        free_pages=measured.free_pages,
        free_bytes=measured.free_pages * measured.page_size,
        other_bytes=measured.other_pages * measured.page_size,
        journal_mode=measured.journal_mode,
        encryption=_encryption(measurement),
        sqlite_version=measurement.sqlite_version,
        sqlcipher_version=measurement.cipher_version,
        created_at=measurement.created_at,
        counts=measurement.counts,
        tables=_tables(measured.btrees, measured.rows, measured.size_bytes),
    )


def report(view: View, providers: list[ProviderReport]) -> Stats:
    return Stats(
        state=view.state,
        file_bytes=view.file_bytes,
        wal_bytes=view.wal_bytes,
        sizes=sizes_of(view.measurement) if view.measurement else None,
        error=Problem(
            code=str(view.error.details.get("reason", view.error.code)),
            message=view.error.message,
            hint=view.error.hint,
        )
        if view.error
        else None,
        providers=providers,
    )


def _encryption(measurement: Measurement) -> Encryption:
    measured = measurement.measured
    if measured.header == "plain":
        return Encryption(encrypted=False, verified=False, text="Unencrypted")
    if not measured.cipher_proven:
        return Encryption(encrypted=True, verified=False, text="Encrypted, but its first page could not be verified")
    version = measurement.cipher_version.split()[0]
    return Encryption(encrypted=True, verified=True, text=f"SQLCipher {version}, AES-256")


def _tables(btrees: Iterable[BTree], rows: dict[str, int], file_bytes: int) -> list[Table]:
    parts: dict[str, list[BTree]] = {}
    for tree in btrees:
        parts.setdefault(tree.table, []).append(tree)
    tables = [_table(name, trees, rows.get(name), file_bytes) for name, trees in parts.items()]
    return sorted(tables, key=lambda table: (-table.size_bytes, table.name))


def _table(name: str, trees: list[BTree], rows: int | None, file_bytes: int) -> Table:
    size = sum(tree.size_bytes for tree in trees)
    indexes = [tree for tree in trees if tree.kind == "index"]
    index_bytes = sum(tree.size_bytes for tree in indexes)
    return Table(
        name=name,
        rows=rows,
        size_bytes=size,
        table_bytes=size - index_bytes,
        index_bytes=index_bytes,
        unused_bytes=sum(tree.unused_bytes for tree in trees),
        share=round(size / file_bytes, 4) if file_bytes else 0.0,
        indexes=[
            Index(name=tree.name, size_bytes=tree.size_bytes, unused_bytes=tree.unused_bytes)
            for tree in sorted(indexes, key=lambda tree: (-tree.size_bytes, tree.name))
        ],
    )
