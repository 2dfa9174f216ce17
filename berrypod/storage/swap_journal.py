"""The journal of a replacement: a note beside the shop's file, by which a crash on the way is found and mended.

It names both files by their inodes: so it is known which of the two has the name of the shop's file.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.decoding import decoder
from berrypod.storage.faults import reach
from berrypod.storage.files import fsync_folder, make_private_folder, sweep, translate_os_error, write_durably
from berrypod.storage.journals import beside, move_journals, remove_journals
from berrypod.storage.swap_outcomes import Operation, Outcome, Result, outcomes_path, write_outcome

log = logging.getLogger("berrypod.storage")

# A wrong key or a folder that cannot be written says nothing about the new file.
_BAD_FILE = (errors.DatabaseDamaged, errors.DatabaseEmpty, errors.NotADatabase, errors.ForeignDatabase)


_NOTE_HINT = (
    "If a later version of Berrypod has begun it, start that one. If not, copy the whole folder somewhere safe, move "
    "the note out of it, and start the shop: it opens the file that has the name now. The one from before, if that was "
    "replaced, is in the folder whose name ends with -former."
)


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """Paths are relative to the folder of the shop's file, so that the whole folder may be moved."""

    id: str
    operation: Operation
    staged: str
    former: str
    with_log: bool
    former_inode: int | None
    new_inode: int


_decoder = decoder(_Note)


@dataclass(frozen=True)
class Journal:
    """A replacement of the file at `path` that was begun."""

    path: Path
    _note: _Note

    @classmethod
    def begin(
        cls, path: Path, *, replacement: str, operation: Operation, staged: Path, former: Path, with_log: bool
    ) -> Journal:
        """Write down what is about to be done.

        :param with_log: the log of the former file could not be folded, and goes along with it.
        :raises DiskFull: (or another StorageError, or OSError) it could not be written. Nothing was begun.
        """
        note = _Note(
            id=replacement,
            operation=operation,
            staged=os.path.relpath(staged, path.parent),
            former=os.path.relpath(former, path.parent),
            with_log=with_log,
            former_inode=_inode(path),
            new_inode=staged.stat().st_ino,
        )
        make_private_folder(former.parent)
        journal = cls(path, note)
        try:
            write_durably(_note_path(path), msgspec.json.encode(note))
        except BaseException:
            with suppress(OSError):
                _note_path(path).unlink(missing_ok=True)
            raise
        return journal

    @classmethod
    def read(cls, path: Path) -> Journal | None:
        """:raises ReplacementCutShort: there is one that makes no sense. Nobody but a person can decide then."""
        try:
            return cls(path, _decoder.decode(_note_path(path).read_bytes()))
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            raise errors.ReplacementCutShort(
                f"A replacement of {path} was cut short, and the note of it, {_note_path(path).name}, cannot be read",
                hint=_NOTE_HINT,
            ) from None

    @property
    def _staged(self) -> Path:
        return self.path.parent / self._note.staged

    @property
    def _former(self) -> Path:
        return self.path.parent / self._note.former

    def exchange(self) -> None:
        """Give the former file its new name, and the shop's to the new file.

        :raises OSError: the disk refuses. `give_up` then.
        """
        if self._note.former_inode is not None:
            _second_name(self.path, self._former)
        reach("swap.linked")
        if self._note.with_log:
            move_journals(self.path, self._former)
            reach("swap.log_aside")
        remove_journals(self.path)
        remove_journals(self._staged)  # Empty ones.
        fsync_folder(self._former.parent)
        fsync_folder(self.path.parent)
        reach("swap.log_gone")
        self._staged.rename(self.path)
        reach("swap.renamed")
        fsync_folder(self.path.parent)
        fsync_folder(self._staged.parent)
        reach("swap.durable")

    def give_up(self, problem: Exception) -> None:
        """Make the former file the shop's again. If the disk refuses that too, whoever opens the file next does it."""
        try:
            result = self.take_back()
        except OSError as error:
            log.error("%s cannot be put back (%s); that is tried again when it is next opened", self.path, error)
        else:
            self.end(result, problem)

    def end(self, result: Result = "replaced", problem: Exception | None = None) -> None:
        """Write down what became of it. If the disk refuses, what was done stays done: the note stays, too."""
        try:
            self._tell(self._outcome(result, problem))
        except (OSError, errors.StorageError) as error:
            log.error("replacement %s ended (%s), which cannot be written down yet: %s", self._note.id, result, error)

    def recovered(self, result: Result, problem: Exception | None) -> Outcome:
        """Write down what became of it after a crash. The shop is not kept closed by a disk that is too full for that.

        :raises OSError: the note cannot be removed.
        """
        outcome = self._outcome(result, problem, interrupted=True)
        try:
            self._tell(outcome)
        except (OSError, errors.StorageError) as error:
            log.error("replacement %s ended (%s), which cannot be written down: %s", self._note.id, result, error)
            _note_path(self.path).unlink(missing_ok=True)
        return outcome

    def _tell(self, outcome: Outcome) -> None:
        write_outcome(self.path, outcome)
        reach("swap.told")
        _note_path(self.path).unlink(missing_ok=True)
        fsync_folder(self.path.parent)
        reach("swap.done")

    def _outcome(self, result: Result, problem: Exception | None, *, interrupted: bool = False) -> Outcome:
        kept = result == "replaced" and self._note.former_inode is not None
        return Outcome(
            id=self._note.id,
            operation=self._note.operation,
            result=result,
            at=datetime.now(UTC),
            interrupted=interrupted,
            former=self._former.name if kept else None,
            code=getattr(problem, "code", "storage_error") if problem else None,
            message=(getattr(problem, "message", "") or str(problem)) if problem else None,
        )

    def has_new_file(self) -> bool:
        """True if the new file has the name of the shop's."""
        inode = _inode(self.path)
        if inode in (self._note.new_inode, self._note.former_inode):
            return inode == self._note.new_inode
        # The folder was copied to elsewhere meanwhile. The names tell: by the exchange the new file lost its own.
        return inode is not None and not self._staged.exists()

    def take_back(self) -> Result:
        """Give the former file its name back; and the new one, if it had it, its own.

        :raises OSError: the disk refuses. It can be tried again.
        """
        if not self.has_new_file():
            self._put_former_back()
            return "unchanged"
        if self._note.former_inode is None:
            return "replaced"  # There was no file before: nothing is better than what there is.
        remove_journals(self.path)
        fsync_folder(self.path.parent)
        try:
            os.link(self.path, self._staged)
        except FileExistsError:
            """The last time, a crash came after this."""
        except OSError:
            self.path.rename(self._staged)  # For an undo it is more than a copy: it must not be lost.
        reach("swap.new_aside")
        self._former.replace(self.path)
        reach("swap.taken_back")
        self._put_former_back()
        return "returned"

    def keep_new(self) -> None:
        """Undo what `take_back` may have begun."""
        if self._staged.exists() and self._staged.samefile(self.path):
            self._staged.unlink()

    def _put_former_back(self) -> None:
        """Undo what was done to the former file before the names were exchanged, or what is left of it after."""
        path, former = self.path, self._former
        if self._note.former_inode is not None and not path.exists() and former.exists():
            former.rename(path)
        reach("swap.former_back")
        if self._note.with_log and _inode(path) == self._note.former_inode:  # Beside any other file it would do harm.
            move_journals(former, path)
        if former.exists() and path.exists() and former.samefile(path):
            former.unlink()
        if former.parent.exists():
            fsync_folder(former.parent)
        fsync_folder(path.parent)


def recover(path: Path, connect_new: Callable[[], dbapi2.Connection]) -> Outcome | None:
    """Finish or take back a replacement that a crash cut short. The caller has the gate alone.

    :param connect_new: opens the file that has the name now, to see whether it is whole.
    :returns: what became of it; None if there is none to recover.
    :raises WrongKey: (and others that say nothing against the file) nothing is decided before it can be opened.
    :raises FolderNotWritable: (and others of the disk) it cannot be settled. It is tried again by whoever comes next.
    """
    journal = Journal.read(path)
    if journal is None:
        return None
    result: Result = "replaced"
    problem: Exception | None = None
    try:
        if journal.has_new_file():
            try:
                connect_new().close()
            except (dbapi2.Error, MemoryError, *_BAD_FILE) as error:
                problem, result = error, journal.take_back()
            else:
                journal.keep_new()
        else:
            result = journal.take_back()
        return journal.recovered(result, problem)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


def is_cut_short(path: Path) -> bool:
    """True if a replacement of the file was begun and not ended. Takes microseconds."""
    return _note_path(path).exists()


def sweep_notes(path: Path) -> None:
    """Remove parts of the journal that processes which were killed left beside the file."""
    for each in (_note_path(path), outcomes_path(path)):
        sweep(path.parent, of=each)


def _note_path(path: Path) -> Path:
    return beside(path, "-swap")


def _second_name(path: Path, former: Path) -> None:
    try:
        os.link(path, former)
    except FileExistsError:
        raise
    except OSError:
        # A disk that knows no links. There is no file of that name for an instant; `recover` knows of it.
        if former.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(former)) from None
        path.rename(former)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
