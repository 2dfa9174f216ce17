"""All checks of the core, in the order in which they are made and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from berrypod import errors
from berrypod.declarations.doctor import Finding
from berrypod.doctor import beside, content, disk, folder, locked, plaintext, program, secrets
from berrypod.doctor.subject import Subject, Unlocked

CheckFunction: TypeAlias = Callable[[Subject], Finding | Sequence[Finding]]


class Needs(IntEnum):
    """What must be there before a check can be made; each includes those before it."""

    NOTHING = 0
    FILE = 1
    DATABASE = 2
    SHOP = 3


@dataclass(frozen=True)
class Check:
    """One question. `title` says what is looked at, for when that cannot be done, and while it is done."""

    name: str
    title: str
    function: CheckFunction
    needs: Needs = Needs.NOTHING
    thorough: bool = False


@dataclass(frozen=True)
class Group:
    title: str
    checks: tuple[Check, ...]


GROUPS = (
    Group(
        "The program",
        (
            Check("settings", "the settings", program.settings),
            Check("sqlcipher", "SQLCipher", program.sqlcipher),
            Check("driver", "the driver", program.driver),
            Check("sqlite-defects", "known defects of SQLite", program.sqlite_defects),
            Check("plugins", "the plugins", program.plugins),
            Check("proxies", "the proxies in front", program.proxies),
        ),
    ),
    Group(
        "The secrets",
        (
            Check("secret-key-db", "the database key", secrets.database_key),
            Check("secret-key-base", "the key of sessions", secrets.base_key),
            Check("secrets-differ", "whether the secrets differ", secrets.two_keys),
            Check("env-file", "the file with the secrets", secrets.env_file),
        ),
    ),
    Group(
        "The file",
        (
            Check("database", "the database", locked.database),
            Check("unreadable", "whether the file can be read without the key", plaintext.unreadable, Needs.FILE),
            Check("opens", "whether the key opens the file", locked.opens, Needs.FILE),
            Check("needs-key", "whether the file opens without a key", locked.needs_key, Needs.FILE),
            Check("wrong-key", "whether a wrong key opens the file", locked.refuses_wrong_key, Needs.FILE),
            Check("cipher-settings", "SQLCipher's settings", locked.cipher_settings, Needs.FILE),
        ),
    ),
    Group(
        "Around the file",
        (
            Check("log", "the log beside the file", beside.log_belongs),
            Check("journal", "journals beside the file", beside.journal),
            Check("replacement", "replacements of the file", beside.replacement),
            Check("modes", "the modes of the files", folder.modes),
            Check("owner", "the owners of the files", folder.owners),
            Check("folder", "whether the file can be written", folder.writable),
            Check("space", "free space", disk.space),
            Check("file-system", "the file system", disk.file_system),
        ),
    ),
    Group(
        "In the file",
        (
            Check("schema", "the schema", content.schema_at_head, Needs.DATABASE),
            Check("encrypted-fields", "encrypted fields", content.encrypted_fields, Needs.SHOP),
            Check("key-kept", "whether the key is kept elsewhere", content.key_kept, Needs.SHOP),
            Check("clock", "the clock", content.clock),
            Check("integrity", "every page of the file", content.whole, Needs.DATABASE, thorough=True),
        ),
    ),
)


def obstacle(needs: Needs, subject: Subject) -> errors.StorageError | None:
    """Why a check with these needs cannot be made; None if it can."""
    if needs >= Needs.FILE and not isinstance(subject.lock, Unlocked):
        no_file = (errors.DatabaseMissing, errors.FolderNotWritable, errors.DatabaseLocked)
        if isinstance(subject.lock, no_file) or not subject.path.is_file():
            return subject.lock
    if needs >= Needs.SHOP:
        return subject.not_a_shop
    return subject.unreadable if needs >= Needs.DATABASE else None
