"""Reading the log backwards, block by block: the newest first, whatever its size."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from berrypod.audit.entries import KINDS, AuditEntry, Kind, entry_of
from berrypod.audit.words import describe

_BLOCK_BYTES: Final = 65_536
# A file in our place that is no log, or one without line feeds, must not be read into memory.
_LONGEST_LINE_BYTES: Final = 65_536


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """`older` is what to ask for next; None at the end. `unreadable` counts lines that are torn or none of ours."""

    entries: tuple[AuditEntry, ...] = ()
    older: str | None = None
    unreadable: int = 0


def read_page(
    paths: Sequence[Path], *, limit: int, before: str | None = None, kind: Kind | None = None, text: str = ""
) -> AuditPage:
    """The newest entries.

    :param paths: the files, the newest first; those that do not exist are left out.
    :param before: the id of an entry: only older ones.
    :param kind: one of KINDS.
    :param text: only those that have each of these words, in the file or as people read it, in whatever case.
    :raises OSError: a file cannot be read.
    """
    wanted = _filter(kind, text)
    found: list[AuditEntry] = []
    unreadable = 0
    for place, line in _lines(paths, before):
        entry = entry_of(line, place)
        if entry is None:
            unreadable += 1
        elif wanted(entry, line):
            if len(found) == limit:
                return AuditPage(entries=tuple(found), older=found[-1].id, unreadable=unreadable)
            found.append(entry)
    return AuditPage(entries=tuple(found), unreadable=unreadable)


def _filter(kind: Kind | None, text: str) -> Callable[[AuditEntry, bytes], bool]:
    words = text.casefold().split()
    begins = KINDS[kind] if kind else ("",)

    def wanted(entry: AuditEntry, line: bytes) -> bool:
        if not entry.event.startswith(begins):
            return False
        if not words:
            return True
        told = describe(entry)
        searched = f"{line.decode('utf-8', 'replace')} {told.title} {told.text}".casefold()
        return all(word in searched for word in words)

    return wanted


def _lines(paths: Sequence[Path], before: str | None) -> Generator[tuple[str, bytes]]:
    """The lines with their places, backwards through all files."""
    with ExitStack() as stack:
        # All at once, and the newest first: a file that is rotated meanwhile is met twice, and none is missed.
        files: dict[int, int] = {}
        for path in paths:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            stack.callback(os.close, descriptor)
            files.setdefault(os.fstat(descriptor).st_ino, descriptor)
        first, end = _place(before)
        begun = before is None
        for inode, descriptor in files.items():
            if begun or inode == first:
                for offset, line in _backwards(descriptor, None if begun else end):
                    yield f"{inode:x}-{offset}", line
                begun = True


def _place(before: str | None) -> tuple[int | None, int | None]:
    inode, _, offset = (before or "").partition("-")
    try:
        return int(inode, 16), int(offset)
    except ValueError:
        return None, None


def _backwards(descriptor: int, end: int | None) -> Generator[tuple[int, bytes]]:
    """The lines before `end`, where a line begins; the last one first."""
    size = os.fstat(descriptor).st_size
    position = size if end is None else min(end, size)
    kept = b""
    while position > 0:
        size = min(_BLOCK_BYTES, position)
        position -= size
        block = os.pread(descriptor, size, position) + kept
        first, *lines = block.split(b"\n")
        offset = position + len(block)
        for line in reversed(lines):
            offset -= len(line)
            if line.strip():
                yield offset, line
            offset -= 1
        kept = first if len(first) <= _LONGEST_LINE_BYTES else b""
    if kept.strip():
        yield 0, kept
