"""What is written down, and what a line looks like:

{"at": "2026-07-01T12:00:00Z", "event": "backup.downloaded", "actor": "admin:ana@example.com",
 "address": "192.0.2.7", "backup_id": "20260701-120000-3f9a", "size_bytes": 8400896}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

from berrypod import events
from berrypod.events import Event

# Whoever did it: what has been opened, taken or replaced must be answered for.
_ALWAYS: Final = (
    events.AdminCreated,
    events.AdminChanged,
    events.AdminSignedIn,
    events.AdminSignInFailed,
    events.AdminSignedOut,
    events.TokenCreated,
    events.TokenRevoked,
    events.BackupStarted,
    events.BackupFinished,
    events.BackupFailed,
    events.BackupDownloaded,
    events.KeptBackupDownloaded,
    events.KeptBackupDeleted,
    events.BackupProven,
    events.BackupDrillFailed,
    events.BackupScheduleChanged,
    events.BackupRetentionChanged,
    events.BackupPlaceChanged,
    events.RestoreStaged,
    events.RestoreInspected,
    events.RestoreRefused,
    events.RestoreDiscarded,
    events.RestoreStarted,
    events.RestoreStageReached,
    events.RestoreFinished,
    events.RestoreFailed,
    events.RestoreInterrupted,
    events.RestoreUndone,
    events.FormerDatabaseRemoved,
    events.KeyKitMade,
    events.KeyKept,
    events.KeyNotRecognised,
    events.BaseKeyRotated,
    events.KeyRotationStarted,
    events.KeyRotated,
    events.KeyRotationFailed,
    events.KeyRotationConfirmed,
    events.DatabaseEncrypted,
    events.DatabaseDecrypted,
    events.NotificationSent,
    events.NotificationFailed,
    events.NotificationSettingsChanged,
    events.PluginQuarantined,
)
# What customers do is the shop's business, and in the database; so is what programs do, by the thousands: a stock
# that is counted each minute must push nothing else out. Events of plugins are the plugins' own.
_BY_ADMINS: Final = (
    events.ProductChanged,
    events.OrderPlaced,
    events.OrderStatusChanged,
    events.SubscriberJoined,
    events.SubscriberLeft,
)

Kind = Literal["access", "backups", "restores", "keys", "alarms", "shop", "plugins"]

# How the names of the events of each kind begin.
KINDS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        "access": ("admin.", "token."),
        "backups": ("backup.",),
        "restores": ("restore.",),
        "keys": ("key.",),
        "alarms": ("notification.",),
        "shop": ("product.", "order.", "subscriber.", "shop."),
        "plugins": ("plugin.",),
    }
)

_LONGEST_TEXT: Final = 1000
_COMMON: Final = ("at", "event", "actor", "address")


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log. `id` is its place: unique, and good for as long as its file is kept.

    `event` is the event's name; `details` are its fields, those that are None left out. Lines of other versions of
    Berrypod may have other events, and other details.
    """

    id: str
    at: datetime
    event: str
    actor: str | None = None
    address: str | None = None
    details: dict[str, Any] = {}

    @property
    def kind(self) -> Kind | None:
        """Which of `KINDS` it belongs to."""
        return next((kind for kind, begins in KINDS.items() if self.event.startswith(begins)), None)


def is_audited(event: Event) -> bool:
    """Whether the event is written down."""
    return isinstance(event, _ALWAYS) or (isinstance(event, _BY_ADMINS) and _is_admin(event.actor))


def _is_admin(actor: str | None) -> bool:
    """The command line is an admin who is signed in to the server itself."""
    return actor is not None and (actor == "cli" or actor.startswith("admin:"))


def line_of(event: Event) -> bytes:
    """The event as a line, with its line feed. Never raises: what JSON does not know becomes text."""
    plain = event.as_dict()
    details = {name: value for name, value in plain.items() if name not in _COMMON and value is not None}
    return make_line(event.name, at=event.at, actor=event.actor, address=event.address, **details)


def make_line(event: str, *, at: datetime, actor: str | None, address: str | None, **details: Any) -> bytes:
    moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    entry: dict[str, Any] = {"at": moment, "event": event, "actor": actor, "address": address}
    entry |= {name: _shortened(value) for name, value in details.items()}
    # Not msgspec's encoder: it refuses text that no UTF-8 can hold, which a stranger may send as an address.
    return json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def entry_of(line: bytes, place: str) -> AuditEntry | None:
    """The entry of a line; None for one that is torn, or none of ours."""
    try:
        found = msgspec.json.decode(line)
        at, event = found.pop("at"), found.pop("event")
        actor, address = found.pop("actor", None), found.pop("address", None)
        moment = datetime.fromisoformat(at)
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return None
    if moment.tzinfo is None or not isinstance(event, str):
        return None
    return AuditEntry(
        id=place,
        at=moment.astimezone(UTC),
        event=event,
        actor=actor if isinstance(actor, str) else None,
        address=address if isinstance(address, str) else None,
        details=found,
    )


def _shortened(value: Any) -> Any:
    """An error of a plugin may be as long as it likes; a line may not."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + " …"
    return value
