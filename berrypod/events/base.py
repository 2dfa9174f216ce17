"""What all events have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events. A plugin may derive its own, with a `name` that begins with the plugin's.

    `at` is in UTC. `actor` says who did it: `admin:<e-mail>`, `token:<prefix>`, `cli`, or None for a customer
    or the shop itself. `address` is the network address from which an admin or a program asked for it; None for the
    command line, for the shop itself, and always for a customer.
    """

    name: ClassVar[str]

    at: datetime = field(default_factory=_now)
    actor: str | None = None
    address: str | None = None

    def __init_subclass__(cls) -> None:
        """:raises TypeError: the class has no name of its own of the form `thing.happened`."""
        name = cls.__dict__.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise TypeError(f'{cls.__name__} needs a name: name: ClassVar[str] = "thing.happened"')

    def as_dict(self) -> dict[str, Any]:
        """The event as plain values for JSON, with its name as `event`."""
        return {"event": self.name, **msgspec.to_builtins(self, enc_hook=str)}
