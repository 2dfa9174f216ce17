"""Is every page of a file whole, and does what is in them agree? For `doctor`, and for backups before they leave."""

from __future__ import annotations

from sqlcipher3 import dbapi2

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
        check = "integrity_check" if thorough else "quick_check"
        try:
            found += [
                text for text in _first_column(connection, f"PRAGMA {check}({_REPORTED_AT_MOST})") if text != "ok"
            ]
            if thorough and not found:
                found += [
                    f"a row of {table} refers to a row of {parent} that is not there"
                    for table, _row, parent, _key in connection.execute("PRAGMA foreign_key_check")
                ]
        except (dbapi2.DatabaseError, MemoryError) as error:
            found.append(str(error) or type(error).__name__)
    return found[:_REPORTED_AT_MOST]


def _first_column(connection: dbapi2.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query)]
