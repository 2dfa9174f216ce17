"""What an open database says of itself: the revision of its schema, and how many rows each table has.

Imports next to nothing: processes that copy a file ask as well, and must stay small.
"""

from __future__ import annotations

from sqlcipher3 import dbapi2

from berrypod import errors

VERSION_TABLE = "alembic_version"

# A table of ours since the first revision: a database without it is another program's.
_LANDMARK = "products"


def revision_of(connection: dbapi2.Connection) -> str:
    """The schema revision of an open database.

    :raises ForeignDatabase: it is not a shop's.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if _LANDMARK in tables and VERSION_TABLE in tables:
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 - a constant
        if row:
            return str(row[0])
    raise errors.ForeignDatabase


def count_rows(connection: dbapi2.Connection) -> dict[str, int]:
    """The rows of each table, SQLite's own left out."""
    statement = (
        r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name"
    )
    counts: dict[str, int] = {}
    for (name,) in connection.execute(statement).fetchall():
        quoted = str(name).replace('"', '""')
        counts[str(name)] = int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608
    return counts
