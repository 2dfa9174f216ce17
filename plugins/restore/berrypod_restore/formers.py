"""The databases that were replaced: kept beside the database, for an undo, until newer ones take their place.

    <database>-former/<stem>-YYYYMMDD-HHMMSS.db      the file (the time is when it was replaced, in UTC)
    <database>-former/<stem>-YYYYMMDD-HHMMSS.json    what is known of it

Its id is what follows the stem. Each is an ordinary database under the shop's key: what is known besides is for people.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from berrypod.decoding import decoder
from berrypod.events import FormerDatabaseRemoved
from berrypod.storage.files import fsync_folder, make_private_folder, sweep, translate_os_error, write_durably
from berrypod.storage.journals import has_journal, remove_database
from berrypod.storage.swap import fold_log
from berrypod_restore.faults import FormerNeeded, FormerUnknown
from berrypod_restore.records import Former, Operation
from berrypod_restore.workroom import Workroom

log = logging.getLogger("berrypod.restore")

_decoder = decoder(Former)

_ID = re.compile(r"\d{8}-\d{6}(?:-\d{1,3})?")
_TIME_LETTERS = 15


class Formers:
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, workroom: Workroom) -> None:
        self._workroom = workroom
        database = workroom.context.database.path
        self._stem = database.stem
        self.folder = database.with_name(database.name + "-former")

    def all(self) -> list[Former]:
        """The newest first."""
        return sorted(self._found(), key=lambda former: (former.replaced_at, former.id), reverse=True)

    def get(self, former_id: str | None) -> Former:
        """The one of this id; the newest if none is named.

        :raises FormerUnknown: there is no such one.
        """
        if former_id is not None:
            # Nothing but an id becomes part of a path.
            if not _ID.fullmatch(former_id) or not self.path_of(former_id).is_file():
                raise FormerUnknown(f"There is no former database {former_id[:40]!r}")
            return self._told(self.path_of(former_id), former_id)
        for former in self.all():
            return former
        raise FormerUnknown(
            "There is no former database", hint="There is nothing to undo: no database was replaced, or none is kept."
        )

    def path_of(self, former_id: str) -> Path:
        return self.folder / f"{self._stem}-{former_id}.db"

    def has_log(self, former_id: str) -> bool:
        """True for one that could not be opened when it was replaced: its newest changes are in a log beside it."""
        return has_journal(self.path_of(former_id))

    def plan(
        self,
        now: datetime,
        *,
        by: str | None,
        why: Operation,
        restore_id: str,
        newest_at: datetime | None,
    ) -> str:
        """Choose the id of the database that is about to be replaced, and write down what is known of it."""
        make_private_folder(self.folder)
        stamp = f"{now:%Y%m%d-%H%M%S}"
        ids = (stamp, *(f"{stamp}-{number}" for number in range(2, 1000)))
        former_id = next(one for one in ids if not self._facts(one).exists() and not self.path_of(one).exists())
        facts = Former(
            id=former_id,
            filename=self.path_of(former_id).name,
            size_bytes=0,
            replaced_at=now,
            by=by,
            why=why,
            restore_id=restore_id,
            newest_at=newest_at,
        )
        write_durably(self._facts(former_id), msgspec.json.encode(facts))
        return former_id

    def replaced(self, former_id: str, *, openable: bool, followed_by: str | None) -> None:
        """Write down how it was when it was replaced, and what took its place.

        Without that an undo asks where it need not, and is offered where it cannot be.
        """
        facts = msgspec.structs.replace(self.get(former_id), openable=openable, followed_by=followed_by)
        write_durably(self._facts(former_id), msgspec.json.encode(facts))

    def forget_facts(self, former_id: str) -> None:
        """The file was not replaced after all, or has the shop's name again."""
        with suppress(OSError):  # `sweep` does it otherwise
            self._facts(former_id).unlink(missing_ok=True)

    def prune(self, keep: int, *, also: frozenset[str] = frozenset()) -> None:
        """Remove all but the `keep` newest, and those of `also`. The newest always stays, and the newest that opens."""
        found = self.all()
        last = next((former for former in found if former.openable), None)
        for former in found[max(keep, 1) :]:
            if former.id in also or former == last:
                continue
            try:
                self._remove(former, "pruned")
            except OSError as error:
                log.warning("the former database %s could not be removed: %s", former.filename, error)

    def remove(self, former_id: str) -> None:
        """Remove one that somebody does not want any more.

        :raises FormerUnknown: there is none of this id.
        :raises FormerNeeded: it is the newest: without it, the last restore could not be undone.
        """
        former = self.get(former_id)
        if former.id == self.get(None).id:
            raise FormerNeeded
        try:
            self._remove(former, "deleted")
        except OSError as error:
            raise translate_os_error(error, self.folder) from error

    def sweep(self) -> None:
        """Remove what is known of files that are not there: of replacements that came to nothing.

        One that was about to be put back when everything stopped may have a log: it is made whole again.
        """
        if not self.folder.is_dir():
            return
        sweep(self.folder)
        for path in self.folder.iterdir():
            former_id = self._id_of(path, ".json")
            if former_id and not self.path_of(former_id).exists():
                path.unlink(missing_ok=True)
            if self._id_of(path, ".db"):
                fold_log(path, self._workroom.passphrase)

    # --- inside ---

    def _found(self) -> Iterator[Former]:
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if former_id := self._id_of(path, ".db"):
                with suppress(FileNotFoundError):  # it has just been put back, or removed
                    yield self._told(path, former_id)

    def _told(self, path: Path, former_id: str) -> Former:
        size = path.stat().st_size
        # With a log beside it, it was set aside as it was.
        openable = not self.has_log(former_id)
        try:
            facts = _decoder.decode(self._facts(former_id).read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):
            # Nothing but the name is known of one that somebody put there.
            time = _time_of(former_id, path)
            return Former(id=former_id, filename=path.name, size_bytes=size, replaced_at=time, openable=openable)
        openable = openable and facts.openable
        return msgspec.structs.replace(facts, id=former_id, filename=path.name, size_bytes=size, openable=openable)

    def _remove(self, former: Former, reason: Literal["pruned", "deleted"]) -> None:
        path = self.path_of(former.id)
        remove_database(path)
        self._facts(former.id).unlink(missing_ok=True)
        fsync_folder(self.folder)
        self._workroom.emit(FormerDatabaseRemoved(former=former.id, size_bytes=former.size_bytes, reason=reason))

    def _facts(self, former_id: str) -> Path:
        return self.folder / f"{self._stem}-{former_id}.json"

    def _id_of(self, path: Path, suffix: str) -> str | None:
        """None for what is not one of this database's."""
        start = f"{self._stem}-"
        if path.suffix != suffix or not path.stem.startswith(start):
            return None
        former_id = path.stem.removeprefix(start)
        return former_id if _ID.fullmatch(former_id) else None


def _time_of(former_id: str, path: Path) -> datetime:
    try:
        return datetime.strptime(former_id[:_TIME_LETTERS], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
