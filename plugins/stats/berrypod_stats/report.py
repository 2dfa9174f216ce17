"""The figures as the API and `berrypod stats --json` give them: typed, in bytes, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from berrypod_stats.describing import told
from berrypod_stats.facts import Facts
from berrypod_stats.measurement import Measurement
from berrypod_stats.service import View
from berrypod_stats.wire import BTree, Measured

SCHEMA_TABLE = "sqlite_schema"


class StatsProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is missing."""

    code: Annotated[str, told("Stable, for programs", "timed_out")]
    message: Annotated[str, told("For people", "no answer within 2 seconds")]
    hint: Annotated[str, told("What to do about it", "See /admin/plugins for the plugin weather.")]


class IndexSize(msgspec.Struct, frozen=True, kw_only=True):
    """One index of a table. `sqlite_autoindex_...` are those that SQLite makes for UNIQUE and PRIMARY KEY."""

    name: Annotated[str, told("As in the schema", "ix_orders_email")]
    size_bytes: Annotated[int, told("Whole pages on disk", 40_960)]
    unused_bytes: Annotated[int, told("Bytes inside those pages that hold nothing", 9_120)]


class TableSize(msgspec.Struct, frozen=True, kw_only=True):
    """One table with its indexes. `sqlite_schema` is SQLite's own list of tables and indexes."""

    name: Annotated[str, told("As in the schema", "images")]
    rows: Annotated[int | None, told("Null where rows cannot be counted", 156)]
    size_bytes: Annotated[int, told("Whole pages on disk: the table and its indexes", 8_519_680)]
    table_bytes: Annotated[int, told("The table alone", 8_478_720)]
    index_bytes: Annotated[int, told("Its indexes alone", 40_960)]
    unused_bytes: Annotated[int, told("Bytes inside those pages that hold nothing", 183_920)]
    share: Annotated[float, told("`size_bytes` as a part of the whole file, 0 to 1", 0.9323)]
    indexes: Annotated[list[IndexSize], told("The biggest first")]


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """Judged by the file's bytes, not by a setting."""

    encrypted: Annotated[bool, told("The file does not begin with SQLite's plain header", True)]
    verified: Annotated[bool, told("Page 1 carries the HMAC that SQLCipher 4 makes with the shop's key", True)]


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file, to the byte.

    The tables' `size_bytes`, `free_bytes` and `other_bytes` add up to `file_bytes`.
    """

    taken_at: Annotated[datetime, told("When it was measured, UTC", "2025-05-01T12:30:00Z")]
    seconds: Annotated[float, told("How long that took", 0.18)]
    file_bytes: Annotated[int, told("Page count times page size", 9_138_176)]
    page_size: Annotated[int, told("In bytes", 4_096)]
    page_count: Annotated[int, told("All pages of the file", 2_231)]
    free_pages: Annotated[int, told("Pages that hold nothing and are used again first", 3)]
    free_bytes: Annotated[int, told("The same in bytes", 12_288)]
    other_bytes: Annotated[int, told("Pages that SQLite keeps for itself; mostly 0", 0)]
    encryption: Encryption
    tables: Annotated[list[TableSize], told("The biggest first")]


class StatsFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a provider."""

    code: Annotated[str, told("Stable, for programs", "orders")]
    label: Annotated[str, told("Its name, for people", "Orders")]
    value: Annotated[int | float | str | None, told("For programs; null if unknown", 23)]
    text: Annotated[str, told("The value and its unit, for people", "23")]
    unit: Annotated[str, told("Of `value`; empty for a plain number", "")]
    warning: Annotated[str | None, told("What is wrong, if something is")] = None
    hint: Annotated[str | None, told("What to do about it")] = None


class StatsGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one provider, of whichever plugin; or the error of one that gave none."""

    plugin: Annotated[str, told("The plugin that declared it", "stats")]
    name: Annotated[str, told("Stable, for programs", "stats.shop")]
    title: Annotated[str, told("For people", "The shop")]
    figures: list[StatsFigure]
    error: Annotated[StatsProblem | None, told("Why there are no figures")] = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that /admin/backup shows, as data."""

    state: Annotated[
        Literal["measuring", "current", "stale", "failed"],
        told(
            "measuring: not measured yet, ask again in a moment. current: nothing was committed since "
            "`sizes.taken_at`. stale: something was, and a new measurement will come. failed: the last one "
            "failed, see `error`; `facts` and `sizes` are then earlier ones or null.",
            "current",
        ),
    ]
    file_bytes: Annotated[int | None, told("The file as it is on the disk now; null if it is not there", 9_138_176)]
    wal_bytes: Annotated[int, told("The write-ahead log beside it, now", 4_152)]
    facts: Annotated[Facts | None, told("What the shop's own connection says; null until it was read")]
    sizes: Annotated[Sizes | None, told("What was measured; null until it was")]
    error: Annotated[StatsProblem | None, told("Why the last measurement failed")]
    providers: Annotated[list[StatsGroup], told("The figures of all plugins, in the order of the page")]


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
