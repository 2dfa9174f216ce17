"""What is in a file that somebody wants to restore: found out from its bytes, without a change to it or beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from berrypod.settings import Secret
from berrypod.storage.keys import DatabaseKey
from berrypod_restore.verdicts import Verdict

Progress = Callable[[str, float], None]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file that could be read.

    `row_counts` maps each table to its rows. `key_fingerprint` is of the passphrase
    (`berrypod.storage.keys.passphrase_fingerprint`): the same for all files of one key. `made_by` is the version of
    Berrypod whose schema it has, if the file tells. `oldest_at` and `newest_at` are the first and the last change of
    products, orders, settings and subscribers, in UTC.
    """

    size_bytes: int
    page_count: int
    schema_revision: str
    row_counts: dict[str, int]
    encrypted: bool
    key_fingerprint: str | None = None
    made_by: str | None = None
    oldest_at: datetime | None = None
    newest_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A verdict, and what it rests on. `candidate` is None for a file that could not be read.

    `key` opens the file, and is None for a plain one and for one that no key opened. `sha256` is of the file's bytes.
    """

    verdict: Verdict
    candidate: Candidate | None
    key: DatabaseKey | None = field(repr=False)
    sha256: str


async def inspect(
    path: Path,
    passphrase: Secret | None,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    shop_key: DatabaseKey | None = None,
) -> Inspection:
    """Find out what a file is that nobody writes. Never raises for what is wrong with the file itself.

    :param passphrase: the shop's key (SECRET_KEY_DB); None for a shop that is not encrypted.
    :param sha256: of the file's bytes, in hex, where it is known already: saves reading it once more.
    :param progress: called in the event loop with a stage ("reading" or "checking") and its share from 0 to 1.
    :param shop_key: of the shop's own file. Its backups have its salt: a damaged salt is told by it.
    """
    raise NotImplementedError
