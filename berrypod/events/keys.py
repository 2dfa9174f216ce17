"""Events of the shop's key. None carries a key: `fingerprint` tells keys apart, and says nothing about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from berrypod.events.base import Event


@dataclass(frozen=True, kw_only=True)
class KeyKitMade(Event):
    """Somebody had the key shown, to keep it elsewhere."""

    name: ClassVar[str] = "key.kit_made"

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class KeyKept(Event):
    """Somebody showed that the key is kept elsewhere, by entering it."""

    name: ClassVar[str] = "key.kept"

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class KeyNotRecognised(Event):
    """What was entered as the key that is kept is another one."""

    name: ClassVar[str] = "key.not_recognised"

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class BaseKeyRotated(Event):
    """The encrypted fields are under the present SECRET_KEY_BASE: so many were brought there, and so many were not.

    `sessions_ended` counts the admins' sessions that were ended on the occasion.
    """

    name: ClassVar[str] = "key.base_rotated"

    renewed: int
    unreadable: int
    sessions_ended: int


@dataclass(frozen=True, kw_only=True)
class DatabaseEncrypted(Event):
    """The shop's file was plain, and is encrypted."""

    name: ClassVar[str] = "key.database_encrypted"

    fingerprint: str
    size_bytes: int
    former: str


@dataclass(frozen=True, kw_only=True)
class DatabaseDecrypted(Event):
    """The shop's file was encrypted, and is plain."""

    name: ClassVar[str] = "key.database_decrypted"

    fingerprint: str
    size_bytes: int
    former: str


@dataclass(frozen=True, kw_only=True)
class KeyRotationStarted(Event):
    """The shop's file is being written anew under another key, while the shop sells."""

    name: ClassVar[str] = "key.rotation_started"

    rotation_id: str
    fingerprint: str
    new_fingerprint: str


@dataclass(frozen=True, kw_only=True)
class KeyRotated(Event):
    """The shop's file is under another key. Requests waited for `closed_seconds`. Earlier backups need the former."""

    name: ClassVar[str] = "key.rotated"

    rotation_id: str
    former_fingerprint: str
    fingerprint: str
    closed_seconds: float


@dataclass(frozen=True, kw_only=True)
class KeyRotationFailed(Event):
    """The key could not be changed, for the reason in `code`: the shop goes on with the one that it had."""

    name: ClassVar[str] = "key.rotation_failed"

    rotation_id: str
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class KeyRotationConfirmed(Event):
    """Somebody showed to have the new key: the former one opens nothing any more, but the former file if it is kept."""

    name: ClassVar[str] = "key.rotation_confirmed"

    rotation_id: str
    fingerprint: str
    former_removed: bool
