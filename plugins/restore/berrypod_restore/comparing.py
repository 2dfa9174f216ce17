"""The shop as it is now beside a file that may take its place: a staged one, or a former database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from msgspec import structs
from sqlcipher3 import dbapi2

from berrypod.accounts.carrying import missing_admin
from berrypod.errors import BrokenOff, DatabaseClosed, DatabaseMissing, StorageError
from berrypod.settings import Secret
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import identify
from berrypod.storage.failures import explain
from berrypod.storage.files import FileMark
from berrypod.storage.keys import DatabaseKey, passphrase_fingerprint
from berrypod.storage.origin import version_of
from berrypod_restore.comparison import compare
from berrypod_restore.confirming import Seen, expect_of, file_token, seen_on
from berrypod_restore.differences import Comparison, FileFacts, Kind
from berrypod_restore.faults import RestoreError
from berrypod_restore.losses_csv import lost_csv
from berrypod_restore.piping import Pipe, Stopped
from berrypod_restore.state import UNREADABLE, content_state
from berrypod_restore.workroom import Workroom

K = TypeVar("K")
T = TypeVar("T")

# Of files, with all that a page shows of each.
_REMEMBERED: Final = 4

_CLOSED: Final = "The shop's file was replaced while it was compared"


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A file that may take the place of the shop's. `name` and `mark` stand for its bytes; `facts` are as it came."""

    path: Path
    name: str
    mark: FileMark
    facts: FileFacts = field(default_factory=FileFacts)

    @property
    def token(self) -> str:
        return file_token(self.name, self.mark)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison, and the shop at its moment."""

    seen: Seen
    comparison: Comparison


class _Known(NamedTuple):
    """What is known of a file is so under the shop's key of that time. Secrets are told apart by their identity."""

    token: str
    passphrase: Secret | None


class Comparing:
    """All of it reads, in threads. A comparison is made anew when the shop has changed, and not before."""

    def __init__(self, workroom: Workroom) -> None:
        self._workroom = workroom
        # By the file's bytes, and by the shop's key: that may be changed while a file waits.
        self._compared: dict[_Known, Compared] = {}
        self._keys: dict[_Known, DatabaseKey | None] = {}
        self._fingerprints: dict[Secret, str] = {}

    async def compare(self, contender: Contender) -> Compared:
        """
        :raises RestoreError: the file is no longer there.
        :raises StorageError: it cannot be read; or the shop's file was replaced meanwhile, by somebody else.
        """
        error = await self._workroom.unavailable()
        if error is not None:
            words, missing = error.message, isinstance(error, DatabaseMissing)

            def alone(theirs: dbapi2.Connection) -> Comparison:
                found = compare(None, theirs, candidate_file=contender.facts, current_error=words)
                return structs.replace(found, current_missing=missing)

            comparison = await asyncio.to_thread(self._with, contender, alone)
            found = Compared(seen=Seen(state=UNREADABLE), comparison=comparison)
        else:
            found = await self._again_if_closed(contender)
        _remember(self._compared, self._known(contender), found)
        return found

    async def expect(self, contender: Contender, comparison: Comparison) -> str:
        """What stands for the file and for `comparison`, which was made of it."""
        known = self._compared.get(self._known(contender))
        if known is not None and known.seen.state == comparison.state:
            return expect_of(contender.token, known.seen)
        # Others were compared since.
        seen = await self.seen()
        return expect_of(contender.token, Seen(state=comparison.state, newest_order=seen.newest_order))

    async def seen(self) -> Seen:
        """The shop as it is now."""
        if await self._workroom.unavailable():
            return Seen(state=UNREADABLE)
        return await self._workroom.context.database.run_in_thread(seen_on)

    async def missing_account(self, contender: Contender, email: str) -> bool:
        """Whether nobody of this e-mail address could sign in to the file."""
        return await asyncio.to_thread(self._with, contender, lambda theirs: missing_admin(theirs, email))

    async def lost(self, contender: Contender, kind: Kind, *, changed: bool) -> AsyncGenerator[bytes]:
        """All that would be lost of one kind, as CSV; or, with `changed`, all that would be set back.

        :raises StorageError: the shop's file cannot be read, or the other one.
        """
        if error := await self._workroom.unavailable():
            raise error
        database = self._workroom.context.database
        pipe = Pipe()

        def job(current: dbapi2.Connection) -> None:
            def send(theirs: dbapi2.Connection) -> None:
                # Closed before the connections are, where it is not taken to its end.
                with closing(lost_csv(current, theirs, kind, changed=changed)) as text:
                    pipe.send_all(text)

            self._with(contender, send)

        async def work() -> None:
            # Whoever replaces the file waits for jobs, and a client may take its time.
            with database.interruptible(pipe.stop):
                await database.run_in_thread(job)

        return _unbroken(pipe.pieces(work))

    def key_of(self, contender: Contender) -> DatabaseKey | None:
        """Derive the key of a file. Blocks, the first time for 90 ms.

        :raises RestoreError: the file is no longer there.
        :raises StorageError: the shop's key, as it is now, does not open it.
        """
        if not contender.path.exists():
            raise RestoreError(
                "The file is no longer there", hint="Somebody may just have restored it, or discarded it."
            )
        known = self._known(contender)
        if known not in self._keys:
            _remember(self._keys, known, identify(contender.path, known.passphrase))
        return self._keys[known]

    def content_of(self, contender: Contender) -> str:
        """What stands for the content of a file. Blocks.

        :raises StorageError: it cannot be read.
        """
        return self._with(contender, content_state)

    # --- inside ---

    async def _again_if_closed(self, contender: Contender) -> Compared:
        """Once: what was replaced is open again soon."""
        fingerprint = await self._shop_fingerprint()

        def job(current: dbapi2.Connection) -> Compared:
            return self._both(current, contender, fingerprint)

        try:
            return await self._workroom.context.database.run_in_thread(job)
        except DatabaseClosed:
            return await self._workroom.context.database.run_in_thread(job)

    def _both(self, current: dbapi2.Connection, contender: Contender, fingerprint: str | None) -> Compared:
        """In a thread, on a connection to the shop's file."""
        seen = seen_on(current)
        known = self._compared.get(self._known(contender))
        if known is not None and known.seen == seen and seen.readable:
            return known
        file = FileFacts(
            encrypted=self._workroom.passphrase is not None,
            key_fingerprint=fingerprint,
            made_by=version_of(current),
        )

        def both(theirs: dbapi2.Connection) -> Comparison:
            return compare(current, theirs, current_file=file, candidate_file=contender.facts)

        comparison = self._with(contender, both)
        # An order may have come in between. Then it is the newest of an older state: none is overlooked.
        return Compared(seen=replace(seen, state=comparison.state), comparison=comparison)

    def _with(self, contender: Contender, job: Callable[[dbapi2.Connection], T]) -> T:
        """Run `job` on a connection to the file, which it opens and closes. Blocks."""
        try:
            theirs = open_immutable(contender.path, self.key_of(contender))
        except (dbapi2.Error, MemoryError) as error:
            raise explain(error, contender.path) from error
        with closing(theirs):
            return job(theirs)

    async def _shop_fingerprint(self) -> str | None:
        passphrase = self._workroom.passphrase
        if passphrase is None:
            return None
        if passphrase not in self._fingerprints:
            _remember(self._fingerprints, passphrase, await asyncio.to_thread(passphrase_fingerprint, passphrase))
        return self._fingerprints[passphrase]

    def _known(self, contender: Contender) -> _Known:
        return _Known(contender.token, self._workroom.passphrase)


def _remember(known: dict[K, T], key: K, value: T) -> None:
    known.pop(key, None)
    known[key] = value
    while len(known) > _REMEMBERED:
        del known[next(iter(known))]


async def _unbroken(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """An answer that has begun can only be broken off."""
    try:
        async for piece in pieces:
            yield piece
    except (StorageError, Stopped) as error:
        raise BrokenOff(str(error) or _CLOSED) from error
    finally:
        await pieces.aclose()
