"""What is in a file that somebody wants to restore: found out from its bytes, without a change to it or beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import structure
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import identify, require_closed, require_file
from berrypod.storage.failures import explain, is_of_the_file
from berrypod.storage.jobs import Jobs
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.pages import read_pages
from berrypod.storage.unfit import HalfWritten, JournalBeside, ReferencesBroken
from berrypod.storage.verification import check_content
from berrypod.storage.wholeness import SMALLEST_PAGE_BYTES, require_alone, require_whole, require_written
from berrypod_restore import facts, telling
from berrypod_restore.facts import Candidate
from berrypod_restore.unopened import explain_unopened, too_short
from berrypod_restore.verdicts import Code, Verdict, verdict

__all__ = ["Candidate", "Inspection", "Progress", "inspect"]

Progress = Callable[[str, float], None]

_SAID_BY: Final[dict[type[errors.StorageError], Code]] = {
    HalfWritten: "half_written",
    JournalBeside: "journal_beside",
    errors.DatabaseEmpty: "empty",
}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A verdict, and what it rests on. `candidate` is None for a file that could not be read.

    `key` opens the file, and is None for a plain one and for one that no key opened. `sha256` is of the file's bytes,
    in hex.
    """

    verdict: Verdict
    candidate: Candidate | None
    key: DatabaseKey | None = field(repr=False)
    sha256: str


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """What opening the file has shown. `refusal` is the verdict, if that is enough for one; `trouble` the driver's."""

    refusal: Verdict | None = None
    candidate: Candidate | None = None
    trouble: str = ""


async def inspect(
    path: Path,
    passphrase: Secret | None,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    shop_key: DatabaseKey | None = None,
) -> Inspection:
    """Find out what a file is that nobody writes, cheapest first. Never raises for what is wrong with the file itself.

    Nothing is written, not even beside it. Takes about a second for 200 MB, with some megabytes of memory; a
    cancellation ends it within moments.

    :param passphrase: the shop's key (SECRET_KEY_DB); None for a shop that is not encrypted.
    :param sha256: of the file's bytes, in hex, where it is known already: saves computing it.
    :param progress: called in the event loop with a stage ("reading", then "checking") and its share from 0 to 1.
    :param shop_key: of the shop's own file. Its backups have its salt: a damaged salt is told by it.
    :raises NotFound: there is no file.
    :raises NotADatabase: it is a folder, a device or the like.
    :raises DatabaseLocked: this process has it open as its shop.
    :raises StorageError: the disk does not give it.
    """
    report = progress or _nobody
    report("reading", 0.0)
    opened = await asyncio.to_thread(_open, path, passphrase, shop_key)
    if isinstance(opened, Verdict):
        return await _finished(path, opened, sha256=sha256)
    key = opened.key
    looked = await _look(path, key, passphrase if key else None)
    if looked.refusal is not None:
        return await _finished(path, looked.refusal, looked.candidate, key, sha256=sha256)
    try:
        told_how_far = _stages(progress) if progress is not None else None
        verified = await check_content(path, key, sha256=sha256, progress=told_how_far)
    except ReferencesBroken as error:
        return await _finished(path, telling.broken_references(error), looked.candidate, key, sha256=sha256)
    except errors.DatabaseDamaged as error:
        return await _finished(path, telling.damaged(error, key), None, key, sha256=sha256)
    if looked.candidate is None:
        # Every page is whole, and yet it cannot be read: names that are no text, for one.
        return await _finished(path, telling.unreadable(looked.trouble), None, key, sha256=verified.sha256)
    report("checking", 1.0)
    accepted = telling.accepted(looked.candidate, shop_is_encrypted=passphrase is not None)
    return Inspection(verdict=accepted, candidate=looked.candidate, key=key, sha256=verified.sha256)


@dataclass(frozen=True)
class _Unlocked:
    key: DatabaseKey | None


def _open(path: Path, passphrase: Secret | None, shop_key: DatabaseKey | None) -> _Unlocked | Verdict:
    """The key, and that the file is all there; or what is told by its first page, its size and what lies beside it."""
    try:
        size = require_file(path).st_size
    except errors.DatabaseMissing:
        raise errors.NotFound(f"There is no file {path}", hint="Check how its name is written.") from None
    try:
        require_alone(path)
        require_closed(path)
        require_written(path)
        if 0 < size < SMALLEST_PAGE_BYTES:
            return too_short(size)
        key = _key(path, passphrase)
    except (HalfWritten, JournalBeside, errors.DatabaseEmpty) as error:
        return verdict(_SAID_BY[type(error)])
    except (errors.NotADatabase, errors.KeyMissing, errors.WrongKey):
        return explain_unopened(path, passphrase, shop_key)
    try:
        require_whole(path, key)
    except errors.DatabaseDamaged as error:
        return telling.damaged(error, key)
    return _Unlocked(key)


def _key(path: Path, passphrase: Secret | None) -> DatabaseKey | None:
    try:
        return identify(path, passphrase)
    except errors.KeyNotNeeded:
        return None  # It is looked at all the same: whether it can be encrypted and used depends on what is in it.


async def _look(path: Path, key: DatabaseKey | None, passphrase: Secret | None) -> _Looked:
    """Is it a shop's, and of which schema? Nothing that is found here needs every page to be read."""

    def work(connection: dbapi2.Connection) -> _Looked:
        refusal = _judge_schema(connection)
        try:
            return _Looked(refusal=refusal, candidate=facts.gather(path, connection, passphrase))
        except errors.ForeignDatabase:
            return _Looked(refusal=refusal)
        except (dbapi2.Error, MemoryError) as error:
            if refusal is None or not is_of_the_file(error):
                raise
            return _Looked(refusal=refusal)

    try:
        return await Jobs().run(lambda: open_immutable(path, key), work)
    except (dbapi2.Error, MemoryError) as error:
        if is_of_the_file(error):
            return _Looked(trouble=str(error))
        raise explain(error, path) from error


def _judge_schema(connection: dbapi2.Connection) -> Verdict | None:
    try:
        found = structure.differences(connection)
    except errors.ForeignDatabase:
        return telling.foreign_database(connection)
    except errors.SchemaNewer:
        return telling.schema_newer(connection)
    return telling.foreign_objects(found) if found else None


async def _finished(
    path: Path,
    found: Verdict,
    candidate: Candidate | None = None,
    key: DatabaseKey | None = None,
    *,
    sha256: str | None,
) -> Inspection:
    return Inspection(verdict=found, candidate=candidate, key=key, sha256=sha256 or await _digest(path))


async def _digest(path: Path) -> str:
    stop = threading.Event()
    try:
        read = await asyncio.to_thread(read_pages, path, None, stop=stop, digest=True)
    finally:
        stop.set()
    return read.sha256 or ""


def _stages(report: Progress) -> Callable[[float], None]:
    """SQLite's check, which runs beside the reading and ends a little later, does not tell how far it is."""

    def tell(share: float) -> None:
        report("reading", share)
        if share >= 1:
            report("checking", 0.0)

    return tell


def _nobody(stage: str, share: float) -> None:
    """Nobody wants to know."""
