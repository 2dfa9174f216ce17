"""Every error that Berrypod raises on purpose.

    BerrypodError
    ├── SettingsError            a setting is missing, malformed or contradictory
    ├── StorageError             the shop's file
    │   ├── DatabaseMissing      there is no file at DATABASE_PATH
    │   ├── DatabaseEmpty        the file has no bytes
    │   ├── DatabaseLocked       another program holds the file for itself
    │   ├── FolderNotWritable    the folder of the file cannot be written
    │   ├── DiskFull             no space is left, or too little for what was asked
    │   ├── KeyMissing           the file is encrypted and no key is set
    │   ├── KeyNotNeeded         a key is set and the file is not encrypted
    │   ├── WrongKey             the key opens nothing in this file
    │   ├── DatabaseDamaged      the key is right and pages are damaged or missing
    │   ├── StrayLog             the write-ahead log beside the file belongs to another file
    │   ├── ReplacementCutShort  a crash came while the file was replaced, and nobody has opened it since
    │   ├── NotADatabase         the bytes are no database of any kind that is known here
    │   ├── ForeignDatabase      a database, but not of a Berrypod shop
    │   ├── SchemaOlder          made by an earlier Berrypod: it needs an upgrade
    │   ├── SchemaNewer          made by a later Berrypod
    │   ├── DatabaseBusy         the writer's turn did not come in time
    │   ├── DatabaseClosed       it was closed, or is being replaced, while something wanted to use it
    │   └── UnderMaintenance     requests wait while the file is replaced; this one waited long enough
    ├── ShopError
    │   ├── NotFound             there is no such thing
    │   ├── Conflict             it exists already, or changed meanwhile
    │   ├── Invalid              the input cannot be accepted; `fields` says what and where
    │   ├── OutOfStock           fewer are left than were asked for
    │   ├── PriceChanged         the sum is no longer the one that the customer saw
    │   └── OrdersClosed         the shop takes no orders at present
    ├── AccessError
    │   ├── Unauthenticated      nobody is signed in, or the token is unknown
    │   ├── Forbidden            signed in, but this is not allowed
    │   └── Throttled            too many attempts; `retry_after` seconds
    ├── PluginError              a plugin failed; the shop goes on
    └── BackupError              a backup could not be made or is not there

Each carries a stable `code` for programs, a message for people, a `hint` that says what to do next, and the HTTP
status with which the web answers. The command line prints message and hint and ends with status 1.
"""

from __future__ import annotations

from typing import Any, ClassVar


class BerrypodError(Exception):
    """Base of all errors raised on purpose.

    `details` are further members for the problem document (JSON values); never put a secret there.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    default_hint: ClassVar[str] = "Look at the server's log for the cause."

    def __init__(self, message: str | None = None, *, hint: str | None = None, **details: Any) -> None:
        self.message = message or self.title
        self.hint = hint or self.default_hint
        self.details = details
        super().__init__(self.message)


class BrokenOff(Exception):
    """Bytes that are being streamed end too soon. None of the above: the answer has begun, and nobody can be told.

    All that is left to do is to break off the connection, so that the client sees it.
    """


class SettingsError(BerrypodError):
    code = "settings_error"
    title = "A setting is missing or wrong"
    default_hint = "Correct the setting named in the message and start again."


class StorageError(BerrypodError):
    code = "storage_error"
    status = 503
    title = "The shop's file cannot be used"
    default_hint = (
        "Stop the shop and keep a copy of the file before you change anything. "
        "The log has the cause, and `berrypod doctor` may find it."
    )


class DatabaseMissing(StorageError):
    code = "database_missing"
    title = "There is no database at DATABASE_PATH"
    default_hint = (
        "If this is a new shop, create it with `berrypod db create`. "
        "If it is not, DATABASE_PATH points to the wrong place."
    )


class DatabaseEmpty(StorageError):
    code = "database_empty"
    title = "The database file is empty"
    default_hint = (
        "Nothing was created in its place. Put a backup there; "
        "or, for a new shop, delete the empty file and run `berrypod db create`."
    )


class DatabaseLocked(StorageError):
    code = "database_locked"
    title = "Another Berrypod process has the file for itself"
    default_hint = "Wait until it has finished (a restore, an upgrade or a key change) and try again."


class FolderNotWritable(StorageError):
    code = "folder_not_writable"
    title = "The folder of the database cannot be written"
    default_hint = "Give the user that runs Berrypod write permission for the folder: SQLite keeps its journal there."


class DiskFull(StorageError):
    code = "disk_full"
    status = 507
    title = "There is not enough space on the disk"
    default_hint = "Free some space on the disk named in the message and try again. Nothing was lost."


class KeyMissing(StorageError):
    code = "key_missing"
    title = "The database is encrypted and SECRET_KEY_DB is not set"
    default_hint = "Set SECRET_KEY_DB to the key with which this file was made."


class KeyNotNeeded(StorageError):
    code = "key_not_needed"
    title = "SECRET_KEY_DB is set, but the database is not encrypted"
    default_hint = (
        "Unset SECRET_KEY_DB to open the file as it is, or encrypt it with that key: `berrypod db encrypt`. "
        "If the shop was encrypted, DATABASE_PATH names another file."
    )


class WrongKey(StorageError):
    code = "wrong_key"
    title = "SECRET_KEY_DB does not open this database"
    default_hint = (
        "The file was made with another key (or is no database). "
        "Set the key with which it was made; nothing was changed."
    )


class DatabaseDamaged(StorageError):
    code = "database_damaged"
    title = "The key is right, but the database is damaged"
    default_hint = "Copy the file somewhere safe before anything else, then restore the newest backup."


class StrayLog(StorageError):
    code = "stray_log"
    title = "The write-ahead log beside the database belongs to another database"
    default_hint = (
        "Nothing was changed. Move the file that ends with -wal to another folder, and start again. "
        "Keep it: it may hold the last orders of the database that it belongs to."
    )


class ReplacementCutShort(StorageError):
    code = "replacement_cut_short"
    title = "The shop's file was being replaced when everything stopped"
    default_hint = (
        "Start the shop (`berrypod serve`): that finishes what was begun, or takes it back. Nothing is lost. "
        "Then try again."
    )


class NotADatabase(StorageError):
    code = "not_a_database"
    title = "The file is not a database"
    default_hint = "DATABASE_PATH points to some other file. Nothing was changed."


class ForeignDatabase(StorageError):
    code = "foreign_database"
    title = "This is a database, but not of a Berrypod shop"
    default_hint = "DATABASE_PATH points to another program's database. Nothing was changed."


class SchemaOlder(StorageError):
    code = "schema_older"
    title = "The database was made by an earlier version of Berrypod"
    default_hint = "Make a backup, then run `berrypod db upgrade` (or start with `berrypod serve --upgrade`)."


class SchemaNewer(StorageError):
    code = "schema_newer"
    title = "The database was made by a later version of Berrypod"
    default_hint = "Install that version (or a later one). This version refuses, so that it cannot do harm."


class DatabaseBusy(StorageError):
    code = "database_busy"
    title = "The shop is busy: the write could not begin in time"
    default_hint = "Try again in a moment. Nothing was changed."


class DatabaseClosed(StorageError):
    code = "database_closed"
    title = "The database was closed or replaced meanwhile"
    default_hint = "Try again in a moment."


class UnderMaintenance(StorageError):
    """`retry_after`: whole seconds after which it is worth another try."""

    code = "under_maintenance"
    title = "The shop's file is being exchanged"
    default_hint = "It takes a moment. Try again after the seconds that `Retry-After` says; nothing was changed."

    def __init__(self, message: str | None = None, *, retry_after: int = 2, **details: Any) -> None:
        self.retry_after = retry_after
        super().__init__(message, retry_after=retry_after, **details)


class ShopError(BerrypodError):
    code = "shop_error"
    status = 400
    title = "That did not work"
    default_hint = "Check what you entered and try again."


class NotFound(ShopError):
    code = "not_found"
    status = 404
    title = "There is no such thing here"
    default_hint = "It may have been removed, or the address has a typing error."


class Conflict(ShopError):
    code = "conflict"
    status = 409
    title = "That exists already"
    default_hint = "Choose another name, or change the one that exists."


class Invalid(ShopError):
    """`fields` maps the name of each field to what is wrong with it."""

    code = "invalid"
    status = 422
    title = "Some of the input cannot be accepted"
    default_hint = "Correct the fields named and send it again."

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: dict[str, str] | None = None,
        hint: str | None = None,
        **details: Any,
    ) -> None:
        self.fields = fields or {}
        super().__init__(message, hint=hint, fields=self.fields, **details)


class OutOfStock(ShopError):
    code = "out_of_stock"
    status = 409
    title = "Fewer are left than you asked for"
    default_hint = "Lower the quantity, or choose another variant."


class PriceChanged(ShopError):
    code = "price_changed"
    status = 409
    title = "The price has changed meanwhile"
    default_hint = "Look at the new sum, and order again if it suits you. Nothing was ordered."


class OrdersClosed(ShopError):
    code = "orders_closed"
    status = 409
    title = "The shop takes no orders at present"
    default_hint = "Come back later. Nothing was ordered."


class AccessError(BerrypodError):
    code = "access_error"
    status = 403
    title = "This is not allowed"


class Unauthenticated(AccessError):
    code = "unauthenticated"
    status = 401
    title = "You are not signed in"
    default_hint = "Sign in at /admin/login; a program sends an API token as `Authorization: Bearer ...`."


class Forbidden(AccessError):
    code = "forbidden"
    title = "This is not allowed"
    default_hint = "Use a token with the scope that is named, or ask an admin for one."


class Throttled(AccessError):
    """`retry_after`: whole seconds until another attempt is looked at."""

    code = "throttled"
    status = 429
    title = "Too many attempts"

    def __init__(self, message: str | None = None, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message, hint=f"Wait {retry_after} seconds and try again.", retry_after=retry_after)


class PluginError(BerrypodError):
    code = "plugin_error"
    title = "A plugin failed"
    default_hint = "See /admin/plugins for its error; BERRYPOD_DISABLED_PLUGINS switches a plugin off."


class BackupError(BerrypodError):
    code = "backup_failed"
    title = "The backup could not be made"
    default_hint = "The shop is unharmed. Read the reason, put it right and start the backup again."
