"""What happened: frozen records that plugins are told of by the hook `berrypod_observe`.

    shop       ShopStarted  ShopStopping  ProductChanged  OrderPlaced  OrderStatusChanged
               SubscriberJoined  SubscriberLeft
    access     AdminCreated  AdminSignedIn  AdminSignInFailed  AdminSignedOut  TokenCreated  TokenRevoked
    backup     BackupStarted  BackupFinished  BackupFailed  BackupDownloaded
    plugins    PluginQuarantined

An event says that something has been done, never that it is about to be. It carries identifiers and counts,
not customers' names or addresses: observers send events to places that the shop does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import msgspec

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events. A plugin may derive its own, with a `name` that begins with the plugin's.

    `at` is in UTC. `actor` says who did it: `admin:<e-mail>`, `token:<prefix>`, `cli`, or None for a customer
    or the shop itself.
    """

    name: ClassVar[str]

    at: datetime = field(default_factory=_now)
    actor: str | None = None

    def __init_subclass__(cls) -> None:
        """:raises TypeError: the class has no name of its own of the form `thing.happened`."""
        name = cls.__dict__.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise TypeError(f'{cls.__name__} needs a name: name: ClassVar[str] = "thing.happened"')

    def as_dict(self) -> dict[str, Any]:
        """The event as plain values for JSON, with its name as `event`."""
        return {"event": self.name, **msgspec.to_builtins(self, enc_hook=str)}


@dataclass(frozen=True, kw_only=True)
class ShopStarted(Event):
    name: ClassVar[str] = "shop.started"

    version: str


@dataclass(frozen=True, kw_only=True)
class ShopStopping(Event):
    name: ClassVar[str] = "shop.stopping"


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    name: ClassVar[str] = "product.changed"

    slug: str
    change: Literal["created", "changed", "archived", "deleted"]


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    """`total_minor` is in minor units of `currency` (cents); `item_count` counts pieces, not lines."""

    name: ClassVar[str] = "order.placed"

    number: str
    total_minor: int
    currency: str
    item_count: int


@dataclass(frozen=True, kw_only=True)
class OrderStatusChanged(Event):
    name: ClassVar[str] = "order.status_changed"

    number: str
    before: str
    status: str


@dataclass(frozen=True, kw_only=True)
class SubscriberJoined(Event):
    name: ClassVar[str] = "subscriber.joined"

    subscriber_id: int


@dataclass(frozen=True, kw_only=True)
class SubscriberLeft(Event):
    name: ClassVar[str] = "subscriber.left"

    subscriber_id: int


@dataclass(frozen=True, kw_only=True)
class AdminCreated(Event):
    name: ClassVar[str] = "admin.created"

    email: str


@dataclass(frozen=True, kw_only=True)
class AdminSignedIn(Event):
    name: ClassVar[str] = "admin.signed_in"

    email: str
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class AdminSignInFailed(Event):
    """`reason` is a code: `password`, `totp`, `throttled`, `disabled`, `unknown`."""

    name: ClassVar[str] = "admin.sign_in_failed"

    reason: str
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class AdminSignedOut(Event):
    """`everywhere`: all of the admin's sessions were ended."""

    name: ClassVar[str] = "admin.signed_out"

    email: str
    everywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenCreated(Event):
    """`prefix` is the public part of the token."""

    name: ClassVar[str] = "token.created"

    prefix: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    name: ClassVar[str] = "token.revoked"

    prefix: str


@dataclass(frozen=True, kw_only=True)
class BackupStarted(Event):
    name: ClassVar[str] = "backup.started"

    backup_id: str
    exporter: str


@dataclass(frozen=True, kw_only=True)
class BackupFinished(Event):
    """`size_bytes` and `sha256` (hex) are of the snapshot; `seconds` covers snapshot, check and export."""

    name: ClassVar[str] = "backup.finished"

    backup_id: str
    exporter: str
    method: str
    size_bytes: int
    sha256: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class BackupFailed(Event):
    """`code` is stable, `error` and `hint` are for people."""

    name: ClassVar[str] = "backup.failed"

    backup_id: str
    exporter: str
    code: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class BackupDownloaded(Event):
    """The last byte left the server."""

    name: ClassVar[str] = "backup.downloaded"

    backup_id: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class PluginQuarantined(Event):
    name: ClassVar[str] = "plugin.quarantined"

    plugin: str
    error: str
