"""The figures as the API and `berrypod stats --json` give them: typed, in bytes, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from berrypod_stats.facts import Facts
from berrypod_stats.measurement import Measurement
from berrypod_stats.service import View
from berrypod_stats.wire import BTree, Measured

SCHEMA_TABLE = "sqlite_schema"


class StatsProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is missing: a stable code, words, and what to do."""

    code: str
    message: str
    hint: str


class IndexSize(msgspec.Struct, frozen=True, kw_only=True):
    """One index of a table. `sqlite_autoindex_...` are those that SQLite makes for UNIQUE and PRIMARY KEY."""

    name: str
    size_bytes: int
    unused_bytes: int


class TableSize(msgspec.Struct, frozen=True, kw_only=True):
    """One table with its indexes. `sqlite_schema` is the list of tables and indexes itself."""

    name: str
    rows: Annotated[int | None, Meta(description="None where rows cannot be counted.")]
    size_bytes: Annotated[int, Meta(description="Whole pages on disk: the table and its indexes.")]
    table_bytes: Annotated[int, Meta(description="The table alone.")]
    index_bytes: Annotated[int, Meta(description="Its indexes alone.")]
    unused_bytes: Annotated[int, Meta(description="Bytes inside those pages that hold nothing.")]
    share: Annotated[float, Meta(description="size_bytes as a part of the whole file, 0 to 1.")]
    indexes: list[IndexSize]


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """Judged by the file's bytes, not by a setting."""

    encrypted: bool
    verified: Annotated[
        bool, Meta(description="The first page carries the HMAC that SQLCipher 4 makes with the shop's key.")
    ]


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
    encryption: Encryption
    tables: Annotated[list[TableSize], Meta(description="The biggest first.")]


class StatsFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a provider: `value` for programs, `text` for people."""

    code: str
    label: str
    value: int | float | str | None
    text: str
    unit: str
    warning: str | None = None
    hint: str | None = None


class StatsGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One group of figures, of whichever plugin; or the error of a provider that gave none."""

    plugin: str
    name: str
    title: str
    figures: list[StatsFigure]
    error: StatsProblem | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that /admin/backup shows, as data."""

    state: Annotated[
        Literal["measuring", "current", "stale", "failed"],
        Meta(
            description="measuring: not measured yet, ask again in a moment. current: nothing was committed "
            "since `sizes.taken_at`. stale: something was, and a new measurement will come. failed: the last "
            "one failed, see `error`; `facts` and `sizes` are then earlier ones or null."
        ),
    ]
    file_bytes: Annotated[int | None, Meta(description="Of the file as it is on the disk now.")]
    wal_bytes: Annotated[int, Meta(description="Of the write-ahead log beside it, now.")]
    facts: Facts | None
    sizes: Sizes | None
    error: StatsProblem | None
    providers: list[StatsGroup]


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
        encryption=_encryption(measured),
        tables=_tables(measured.btrees, measured.rows, measured.size_bytes),
    )


def report(view: View, providers: list[StatsGroup]) -> Stats:
    return Stats(
        state=view.state,
        file_bytes=view.file_bytes,
        wal_bytes=view.wal_bytes,
        facts=view.facts,
        sizes=sizes_of(view.measurement) if view.measurement else None,
        error=StatsProblem(
            code=str(view.error.details.get("reason", view.error.code)),
            message=view.error.message,
            hint=view.error.hint,
        )
        if view.error
        else None,
        providers=providers,
    )


def _encryption(measured: Measured) -> Encryption:
    if measured.header == "plain":
        return Encryption(encrypted=False, verified=False)
    return Encryption(encrypted=True, verified=measured.cipher_proven)


def _tables(btrees: Iterable[BTree], rows: dict[str, int], file_bytes: int) -> list[TableSize]:
    parts: dict[str, list[BTree]] = {}
    for tree in btrees:
        parts.setdefault(tree.table, []).append(tree)
    tables = [_table(name, trees, rows.get(name), file_bytes) for name, trees in parts.items()]
    return sorted(tables, key=lambda table: (-table.size_bytes, table.name))


def _table(name: str, trees: list[BTree], rows: int | None, file_bytes: int) -> TableSize:
    size = sum(tree.size_bytes for tree in trees)
    indexes = [tree for tree in trees if tree.kind == "index"]
    index_bytes = sum(tree.size_bytes for tree in indexes)
    return TableSize(
        name=name,
        rows=rows,
        size_bytes=size,
        table_bytes=size - index_bytes,
        index_bytes=index_bytes,
        unused_bytes=sum(tree.unused_bytes for tree in trees),
        share=round(size / file_bytes, 4) if file_bytes else 0.0,
        indexes=[
            IndexSize(name=tree.name, size_bytes=tree.size_bytes, unused_bytes=tree.unused_bytes)
            for tree in sorted(indexes, key=lambda tree: (-tree.size_bytes, tree.name))
        ],
    )
