"""Events of access: who may look after the shop, and who came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from berrypod.events.base import Event

Change = Literal["password", "totp_enabled", "totp_disabled", "recovery_codes", "disabled", "enabled"]


@dataclass(frozen=True, kw_only=True)
class AdminCreated(Event):
    name: ClassVar[str] = "admin.created"

    email: str


@dataclass(frozen=True, kw_only=True)
class AdminChanged(Event):
    """`change` is what was done to the account with this address."""

    name: ClassVar[str] = "admin.changed"

    email: str
    change: Change


@dataclass(frozen=True, kw_only=True)
class AdminSignedIn(Event):
    name: ClassVar[str] = "admin.signed_in"

    email: str


@dataclass(frozen=True, kw_only=True)
class AdminSignInFailed(Event):
    """`reason` is a code: `password`, `totp`, `throttled`, `disabled`, `unknown`."""

    name: ClassVar[str] = "admin.sign_in_failed"

    reason: str


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
