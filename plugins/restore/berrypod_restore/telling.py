"""The words of a verdict, where more is known of the file than the general ones tell."""

from __future__ import annotations

from textwrap import shorten
from typing import Any

from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseDamaged
from berrypod.storage import origin, schema
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.unfit import FirstPageDamaged, ReferencesBroken
from berrypod.storage.verification import told
from berrypod_restore.facts import Candidate
from berrypod_restore.verdicts import Verdict, verdict

_TABLES_NAMED = 3
_LONGEST_TROUBLE = 120


def damaged(error: DatabaseDamaged, key: DatabaseKey | None) -> Verdict:
    """Of a file that is cut off or too long, has damaged pages, or pages that are whole and do not agree.

    :param key: opens the file; None for a plain one.
    """
    details: dict[str, Any] = error.details
    if isinstance(error, FirstPageDamaged):
        plain = "The first page, which says how to read the others, makes no sense."
        return verdict("damaged_first_page", plain if key is None else None)
    if "expected_bytes" in details:
        size, expected = details["size_bytes"], details["expected_bytes"]
        if size < expected:
            known = "It is a database" if key is None else "The key is right"
            return verdict("truncated", f"{known}, but the end is missing: it has {size:,} of {expected:,} bytes.")
        return verdict("damaged", f"It has {size:,} bytes, and should have {expected:,}: something was added to it.")
    if pages := details.get("damaged_pages"):
        return verdict("damaged", f"The key is right, but the file has changed since it was written: {pages}.")
    found = told(details.get("problems", ()))
    if key is None:
        return verdict("damaged", f"SQLite's check finds: {found}.")
    return verdict("damaged", f"Every page is as it was written, but they do not agree: {found}.")


def unreadable(trouble: str) -> Verdict:
    return verdict("damaged", f"It cannot be read: {shorten(trouble, _LONGEST_TROUBLE, placeholder=' ...')}.")


def broken_references(error: ReferencesBroken) -> Verdict:
    return verdict("broken_references", f"Every page is as it was written, but {told(error.details['problems'])}.")


def foreign_database(connection: dbapi2.Connection) -> Verdict:
    names = [str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if not names:
        return verdict(
            "foreign_database",
            "It is a database without a single table, as an interrupted backup becomes when another program opens it.",
        )
    more = f" and {len(names) - _TABLES_NAMED} more" if len(names) > _TABLES_NAMED else ""
    return verdict(
        "foreign_database",
        f"It is a database, but not of a Berrypod shop: its tables are {', '.join(names[:_TABLES_NAMED])}{more}.",
    )


def schema_newer(connection: dbapi2.Connection) -> Verdict:
    version = origin.version_of(connection)
    made_by = f" It was made by Berrypod {version}." if version else ""
    return verdict(
        "schema_newer",
        f"Its schema is {schema.revision_of(connection)}, and this version knows those up to {schema.head()}.{made_by}",
    )


def foreign_objects(found: list[str]) -> Verdict:
    return verdict("foreign_objects", f"It is a shop, but {told(found)}.")


def accepted(candidate: Candidate, *, shop_is_encrypted: bool) -> Verdict:
    """Of a file in which nothing is wrong."""
    if shop_is_encrypted and not candidate.encrypted:
        return verdict("plain")
    if candidate.schema_revision != schema.head():
        return verdict(
            "schema_older",
            f"The file is whole. Its schema is {candidate.schema_revision}, and is brought to {schema.head()}, which "
            "this version works with.",
        )
    if not candidate.encrypted:
        return verdict(
            "valid",
            "The file is whole as far as can be told: it is not encrypted, so not every changed byte would be noticed.",
        )
    return verdict("valid")
