"""What is known of a rotation of the key, and what can go wrong with one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from berrypod.errors import BerrypodError, StorageError
from berrypod.records import Trouble

Stage = Literal["copying", "catching_up", "verifying", "replacing"]
STAGES: tuple[Stage, ...] = ("copying", "catching_up", "verifying", "replacing")


class RotationRunning(StorageError):
    code = "key_rotation_running"
    status = 409
    title = "The key is being changed already"
    default_hint = "Wait until that has ended: `berrypod key status` says how far it is."


class RotationUnconfirmed(StorageError):
    code = "key_rotation_unconfirmed"
    status = 409
    title = "The last change of the key was not confirmed"
    default_hint = (
        "Set SECRET_KEY_DB to the new key, restart the server, and type `berrypod key confirm`. Then change it again."
    )


class NothingToConfirm(BerrypodError):
    code = "key_nothing_to_confirm"
    status = 409
    title = "There is no change of the key to confirm"
    default_hint = "`berrypod key status` shows the shop's key."


class NewKeyNotSet(BerrypodError):
    code = "key_new_not_set"
    status = 409
    title = "SECRET_KEY_DB is not the new key yet"
    default_hint = (
        "Set SECRET_KEY_DB to the new key wherever the server is started from, restart it, and confirm then. "
        "That proves that you have it."
    )


class NewKeyUnfit(BerrypodError):
    code = "key_unfit"
    status = 422
    title = "That cannot be the new key"
    default_hint = "`berrypod secret` makes a good one."


class RotationFailed(StorageError):
    code = "key_rotation_failed"
    title = "The key could not be changed"
    default_hint = "The shop goes on with the key that it had. Try again."


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A rotation that is under way, in this process or another. `share` (0 to 1) is of the stage. Times are in UTC."""

    id: str
    by: str
    since: datetime
    stage: Stage
    share: float
    process: int


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """The last rotation, until it is confirmed. Fingerprints are of passphrases.

    `former_file` is the path of the file under the former key, None if somebody removed it.
    """

    id: str
    at: datetime
    by: str
    former_fingerprint: str
    new_fingerprint: str
    former_file: str | None
    former_bytes: int = 0


class FormerFile(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's file under a key that it had before. `replaced_at` is in UTC."""

    path: str
    fingerprint: str
    replaced_at: datetime
    size_bytes: int


class KeyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Which key opens the shop.

    `fingerprint` is of the passphrase that opens the file now, None for a shop that is not encrypted;
    `own_fingerprint` of the SECRET_KEY_DB of this process: it is another one from a rotation until the new key is set
    and the process started again (`restart_needed`). `unconfirmed` is the rotation that waits to be confirmed;
    `trouble` is why the last one that was begun in this process failed.
    """

    fingerprint: str | None
    own_fingerprint: str | None
    restart_needed: bool
    unconfirmed: Rotation | None
    running: Running | None
    trouble: Trouble | None
    former_files: tuple[FormerFile, ...]


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation came to. `closed_seconds` is how long requests waited, `caught_up_pages` how many pages were
    written anew because they changed meanwhile, of which `last_pages` while requests waited."""

    rotation: Rotation
    seconds: float
    closed_seconds: float
    pages: int
    caught_up_pages: int
    last_pages: int
