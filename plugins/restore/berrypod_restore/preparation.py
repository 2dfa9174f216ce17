"""Making a staged file ready to become the database: at this program's schema, in the mode in which it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from berrypod.settings import Secret
from berrypod.storage.files import FileMark
from berrypod.storage.keys import DatabaseKey


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """`mark` is of the bytes that were checked: the file is not swapped in if it has changed since."""

    key: DatabaseKey | None = field(repr=False)
    mark: FileMark
    schema_revision: str


async def prepare(path: Path, passphrase: Secret | None) -> Prepared:
    """Make a file that `inspect` found acceptable ready to be renamed over the database."""
    raise NotImplementedError
