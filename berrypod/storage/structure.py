"""Does a database have the tables of a shop, all of them, and nothing else? Compared with what the migrations make.

Names are compared, not the statements that made them: how those are written depends on the libraries that wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod.storage import schema

_COLUMNS_NAMED = 5


@dataclass(frozen=True)
class _Structure:
    """`others` maps indexes, triggers and views to their kind, `owners` to the table that each of them is for."""

    tables: frozenset[str]
    others: Mapping[str, str]
    owners: Mapping[str, str]
    harmless: frozenset[str]


def differences(connection: dbapi2.Connection) -> list[str]:
    """What the database has that no Berrypod of its revision makes, and what it lacks, in words for people.

    Takes a tenth of a second the first time. An index that only makes it faster is let pass.

    :raises ForeignDatabase: it is not a shop's.
    :raises SchemaNewer: its revision is not known here, so there is nothing to compare it with.
    """
    revision = schema.revision_of(connection)
    schema.require_known(revision)
    expected, columns = _expected(schema.MIGRATIONS, revision)
    actual = _structure_of(connection)
    found = [f"the table {name} is not a shop's" for name in sorted(actual.tables - columns.keys())]
    found += [
        f"the {kind} {name} is not a shop's"
        for name, kind in sorted(actual.others.items())
        if expected.others.get(name) != kind and name not in actual.harmless
    ]
    found += [f"the table {name} is missing" for name in sorted(columns.keys() - actual.tables)]
    found += [
        f"the {kind} {name} is missing"
        for name, kind in sorted(expected.others.items())
        if actual.others.get(name) != kind and expected.owners[name] in actual.tables
    ]
    for name in sorted(columns.keys() & actual.tables):
        found += _column_differences(name, columns[name], _columns(connection, name))
    return found


def _column_differences(table: str, expected: frozenset[str], actual: frozenset[str]) -> list[str]:
    found: list[str] = []
    for words, columns in (("lacks", expected - actual), ("has, and should not have,", actual - expected)):
        if columns:
            named = ", ".join(sorted(columns)[:_COLUMNS_NAMED])
            found.append(f"the table {table} {words} {named}")
    return found


@cache
def _expected(migrations: Path, revision: str) -> tuple[_Structure, Mapping[str, frozenset[str]]]:
    """The structure of a shop of that revision, and the columns of its tables."""
    del migrations  # A part of the key: tests have migrations of their own.

    def look(connection: dbapi2.Connection) -> tuple[_Structure, Mapping[str, frozenset[str]]]:
        structure = _structure_of(connection)
        return structure, {table: _columns(connection, table) for table in structure.tables}

    return schema.made_anew(revision, look)


def _structure_of(connection: dbapi2.Connection) -> _Structure:
    # SQLite's own (statistics, counters, what UNIQUE makes) have names that nobody else may give.
    rows = connection.execute(
        r"SELECT type, name, sql, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'"
    ).fetchall()
    return _Structure(
        tables=frozenset(str(name) for kind, name, *_ in rows if kind == "table"),
        others={str(name): str(kind) for kind, name, *_ in rows if kind != "table"},
        owners={str(name): str(owner) for kind, name, _, owner in rows if kind != "table"},
        harmless=frozenset(
            str(name)
            for kind, name, sql, _ in rows
            if kind == "index" and not str(sql).upper().startswith("CREATE UNIQUE")
        ),
    )


def _columns(connection: dbapi2.Connection, table: str) -> frozenset[str]:
    return frozenset(str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,)))
