"""What can be wrong with an archive."""

from __future__ import annotations

from berrypod.errors import BackupError, DatabaseDamaged, Invalid, NotFound, StorageError


class ArchiveBusy(BackupError):
    code = "archive_busy"
    status = 409
    title = "Something else is at work on these backups"
    default_hint = "A backup is being added or deleted. Try again when that has finished; nothing was lost."


class CopyUnknown(NotFound):
    """Of an archive, or of an exporter that keeps whole copies."""

    code = "copy_unknown"
    title = "There is no such copy"


class BackupDamaged(DatabaseDamaged):
    """`details` have names of chunks, `missing` and `damaged`, and numbers of `pages`, where that is known."""

    code = "backup_damaged"
    title = "The kept backup is damaged"
    default_hint = (
        "Do not rely on it. Make a new backup now (it stores what is damaged anew), see whether another place has this "
        "one, and look after the disk: `dmesg`."
    )


class BackupIncomplete(DatabaseDamaged):
    code = "backup_incomplete"
    title = "A part of the kept backup is missing"
    default_hint = "Put the file back if you have moved it. If not, delete the backup, and make a new one."


class NameRefused(StorageError):
    code = "archive_name_refused"
    title = "The archive does not take such a name"
    default_hint = "Nothing outside of its folder is read or written. Take the link away, or name another folder."


class AddressUnknown(Invalid):
    code = "archive_address_unknown"
    title = "That is no address of an archive"
