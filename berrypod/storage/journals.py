"""What SQLite keeps beside a file until it is part of it, and would take for that of another one that gets the name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# Hold what is not in the file yet.
_JOURNALS: Final = ("-wal", "-journal")

_SHARED_MEMORY: Final = "-shm"


def beside(path: Path, end: str) -> Path:
    """The file beside it whose name ends with `end`."""
    return path.with_name(path.name + end)


def has_journal(path: Path) -> bool:
    """True if SQLite has kept something beside the file that is not part of it yet."""
    return any(_bytes(beside(path, end)) for end in _JOURNALS)


def remove_database(path: Path) -> None:
    """Remove a file that nobody has open, and what SQLite may have left beside it. It need not be there.

    :raises OSError: the disk refuses.
    """
    path.unlink(missing_ok=True)
    remove_journals(path)


def remove_journals(path: Path) -> None:
    """:raises OSError: the disk refuses."""
    for end in (*_JOURNALS, _SHARED_MEMORY):
        beside(path, end).unlink(missing_ok=True)


def move_journals(path: Path, target: Path) -> None:
    """To where the file goes itself. Empty ones stay.

    :raises OSError: the disk refuses.
    """
    for end in _JOURNALS:
        if _bytes(beside(path, end)):
            beside(path, end).rename(beside(target, end))


def sweep_begun_journal(path: Path) -> None:
    """Remove a rollback journal that was begun, and that nothing was written to before its process was killed.

    Folding the log for a replacement leaves write-ahead logging, for which SQLite takes a journal; killed before that
    had its header (1 in 100 random kills), it lies there for good: SQLite passes over it, and the doctor did not. The
    caller has the file open, in write-ahead logging: so nobody can be about to leave that.
    """
    journal = beside(path, "-journal")
    if is_begun_only(journal):
        journal.unlink(missing_ok=True)


def is_begun_only(journal: Path) -> bool:
    """True for a rollback journal whose header was never written: to SQLite it is none, whatever else is in it.

    Source: https://sqlite.org/fileformat2.html#the_rollback_journal
    """
    try:
        with journal.open("rb") as file:
            return file.read(1) in (b"", b"\0")
    except FileNotFoundError:
        return False


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
