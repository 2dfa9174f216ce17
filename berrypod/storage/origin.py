"""Which version of Berrypod a file is from: kept in SQLite's `user_version`, which every copy of the file has too."""

from __future__ import annotations

import re

from sqlcipher3 import dbapi2

import berrypod

_STEP = 1000


def stamp(connection: dbapi2.Connection) -> None:
    """Note this version in the file, unless it is noted. Outside a transaction that is a commit of its own."""
    number = _number_of(berrypod.__version__)
    if _noted(connection) != number:
        connection.execute(f"PRAGMA user_version = {number}")


def version_of(connection: dbapi2.Connection) -> str | None:
    """The version ("0.1.0") that last noted itself; None for a file from before that was done."""
    number = _noted(connection)
    if number <= 0:
        return None
    return f"{number // _STEP**2}.{number // _STEP % _STEP}.{number % _STEP}"


def _noted(connection: dbapi2.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _number_of(version: str) -> int:
    """1.2.3 as 1,002,003. What follows (`rc1`) is left out."""
    parts = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if parts is None:
        raise AssertionError(f"{version!r} is not a version of three numbers")
    major, minor, patch = (int(part) for part in parts.groups())
    return (major * _STEP + minor) * _STEP + patch
