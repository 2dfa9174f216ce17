"""Checks of what lies beside the file: a log or journal that would change it, and a replacement that was cut short."""

from __future__ import annotations

from berrypod import errors
from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import failed, from_error, passed, unchecked, warned
from berrypod.doctor.subject import Subject
from berrypod.storage.gate import Gate
from berrypod.storage.journals import is_begun_only
from berrypod.storage.log import first_frame, log_path
from berrypod.storage.swap_journal import Journal, is_cut_short


def log_belongs(subject: Subject) -> Finding:
    """The write-ahead log is the file's own: SQLite believes any, and another's destroys the file."""
    name = "log"
    log = log_path(subject.path)
    if first_frame(log) is None:
        return passed(name, "No log of another database lies beside the file")
    if not subject.path.exists():
        error = errors.StrayLog(f"There is no database at {subject.path}, and {log} is the log of a former one")
        return from_error(name, error)
    if subject.log_is_stray is None:
        assert isinstance(subject.lock, errors.StorageError)
        return unchecked(name, "whether the log belongs to the file", subject.lock)
    if subject.log_is_stray:
        return from_error(name, errors.StrayLog(f"{log} belongs to another database than {subject.path}"))
    return passed(name, "The log beside the file is its own", f"{log.name} has pages of the same key")


def journal(subject: Subject) -> Finding:
    """No rollback journal lies there: a shop makes none, and SQLite would undo the file by it."""
    name = "journal"
    beside = subject.beside("-journal")
    if beside.exists() and not is_begun_only(beside):
        why = f"{beside} is not a shop's. Whoever opens the database lets SQLite undo what was written to it since."
        what_to_do = "Copy both files somewhere safe. Then move the journal away, and look again with --thorough."
        return failed(name, "A journal of another program lies beside the file", why, what_to_do)
    return passed(name, "No journal of another program lies beside the file")


def replacement(subject: Subject) -> Finding:
    """No replacement of the file by another one was cut short."""
    name = "replacement"
    if not is_cut_short(subject.path):
        return passed(name, "No replacement of the file was cut short")
    if Gate(subject.path).announced():
        why = "A process is at it right now."
        return warned(name, "The file is being replaced", why, "Look again in a moment.")
    note = subject.beside("-swap")
    try:
        Journal.read(subject.path)
    except errors.ReplacementCutShort as error:
        return failed(name, "A replacement of the file was cut short", f"{error.message}: no shop starts.", error.hint)
    why = f"{note.name} lies beside the file. Nothing is lost: either the former file or the new one is whole."
    what_to_do = "Start the shop: it finishes the replacement, or takes it back, before anything else."
    return warned(name, "A replacement of the file was cut short", why, what_to_do)
