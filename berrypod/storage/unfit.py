"""Why no shop can be restored from a file: what `errors` has no words for, as no shop in use is ever like that."""

from __future__ import annotations

from berrypod.errors import DatabaseDamaged, StorageError

_FETCH_AGAIN = "Fetch the backup again from where it is kept. If that one is the same, choose an earlier backup."


class JournalBeside(StorageError):
    code = "journal_beside"
    status = 409
    title = "There is a journal beside the file, so that the file alone is not the whole shop"
    default_hint = (
        "It is a database in use, or one that was copied while it was. Take a backup with `berrypod backup create`."
    )


class HalfWritten(StorageError):
    """SQLite itself is silent about it: opened in place, such a file rolls back to an empty database that is valid."""

    code = "half_written"
    status = 409
    title = "The file was never finished"
    default_hint = (
        "A backup was being written to it when its program was stopped, or when the disk was full. Choose another one."
    )


class FileTruncated(DatabaseDamaged):
    code = "file_truncated"
    title = "The file is cut off"
    default_hint = _FETCH_AGAIN


class FirstPageDamaged(DatabaseDamaged):
    code = "first_page_damaged"
    title = "The first page of the file is damaged"
    default_hint = _FETCH_AGAIN


class ReferencesBroken(DatabaseDamaged):
    code = "references_broken"
    title = "Rows refer to rows that are missing"
    default_hint = "Choose an earlier backup, or repair a copy of this one: `PRAGMA foreign_key_check` names the rows."
