"""Is every page of a file whole, and does what is in them agree? For `doctor`, and for backups before they leave."""

from __future__ import annotations

from sqlcipher3 import dbapi2

from berrypod.storage.failures import was_interrupted

_REPORTED_AT_MOST = 20


def problems(connection: dbapi2.Connection, *, encrypted: bool, thorough: bool = True) -> list[str]:
    """What is wrong with the database that is open on `connection`; nothing, if the list is empty.

    Reads the whole file. Both checks are needed: SQLCipher's finds damage in pages that nobody uses, and is content
    with a file that was cut off at the end of a page; SQLite's is the other way round.

    :param thorough: compare indexes with their tables too, and follow references. Takes some times longer.
    """
    found: list[str] = []
    if encrypted:
        found += _first_column(connection, "PRAGMA cipher_integrity_check")
    # A connection that saw one page fail its HMAC fails good ones too: what it says afterwards means nothing.
    if not found:
        found += structural_problems(connection, thorough=thorough)
    if thorough and not found:
        found += broken_references(connection)
    return found[:_REPORTED_AT_MOST]


def structural_problems(connection: dbapi2.Connection, *, thorough: bool = True) -> list[str]:
    """Where the pages in use do not agree with one another. What is encrypted is authenticated on the way.

    :param thorough: compare indexes with their tables too.
    """
    check = "integrity_check" if thorough else "quick_check"
    try:
        return [text for text in _first_column(connection, f"PRAGMA {check}({_REPORTED_AT_MOST})") if text != "ok"]
    except (dbapi2.DatabaseError, MemoryError) as error:
        return _told(error)


def broken_references(connection: dbapi2.Connection) -> list[str]:
    """Rows that refer to rows which are not there, in words; a long list of them is cut off."""
    try:
        cursor = connection.execute("PRAGMA foreign_key_check")
        return [
            f"a row of {table} refers to a row of {parent} that is not there"
            for table, _row, parent, _key in cursor.fetchmany(_REPORTED_AT_MOST)
        ]
    except (dbapi2.DatabaseError, MemoryError) as error:
        return _told(error)


def _told(error: dbapi2.DatabaseError | MemoryError) -> list[str]:
    if was_interrupted(error):
        raise error  # Somebody has stopped the check: that says nothing about the file.
    return [str(error) or type(error).__name__]


def _first_column(connection: dbapi2.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query)]
