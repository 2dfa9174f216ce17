"""Guards of our own: the last look at what is about to become the database.

Inspection has judged the file as it came. These ask the same of what re-keying and migrating made of it, by the same
functions, so that none of the two is believed on its word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlcipher3.dbapi2 import Connection

from berrypod import errors
from berrypod.declarations import Allow, Judgement, Refuse, RestoreCandidate, RestoreGuard
from berrypod.storage import integrity, schema, structure
from berrypod.storage.verification import told
from berrypod_restore import telling
from berrypod_restore.verdicts import Verdict, verdict

INTEGRITY: Final = "restore.integrity"
SCHEMA: Final = "restore.schema"
FOREIGN_OBJECTS: Final = "restore.foreign-objects"
REFERENCES: Final = "restore.references"

# Reading 10 GB of pages on a slow disk must not refuse them.
_LONG_SECONDS: Final = 600.0


def builtin_guards() -> list[RestoreGuard]:
    return [
        _guard(SCHEMA, "The schema is this version's", _judge_schema, order=10),
        _guard(FOREIGN_OBJECTS, "It holds the tables of a shop, and nothing else", _judge_objects, order=20),
        _guard(INTEGRITY, "Every page is whole", _judge_integrity, order=30),
        _guard(REFERENCES, "Every row has what it refers to", _judge_references, order=40),
    ]


def _guard(name: str, title: str, judge: Callable[[Connection], Verdict | None], *, order: int) -> RestoreGuard:
    def check(candidate: RestoreCandidate) -> Judgement:
        with candidate.connection() as connection:
            found = judge(connection)
        return Allow() if found is None else Refuse(code=found.code, message=found.message, hint=found.hint)

    return RestoreGuard(name=name, title=title, check=check, timeout_seconds=_LONG_SECONDS, order=order)


def _judge_schema(connection: Connection) -> Verdict | None:
    try:
        schema.check(connection)
    except errors.ForeignDatabase:
        return telling.foreign_database(connection)
    except errors.SchemaNewer:
        return telling.schema_newer(connection)
    except errors.SchemaOlder as error:
        return verdict("schema_older", error.message, hint=error.hint)
    return None


def _judge_objects(connection: Connection) -> Verdict | None:
    found = structure.differences(connection)
    return telling.foreign_objects(found) if found else None


def _judge_integrity(connection: Connection) -> Verdict | None:
    found = integrity.structural_problems(connection, thorough=False)
    return verdict("damaged", f"The check of its pages finds: {told(found)}.") if found else None


def _judge_references(connection: Connection) -> Verdict | None:
    found = integrity.broken_references(connection)
    return verdict("broken_references", f"In the file, {told(found)}.") if found else None
