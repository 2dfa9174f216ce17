"""Who sends a request: an admin in a browser, or a program with a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# What each scope allows, in the words of the page on which an admin grants it.
SCOPE_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "stats:read": "See figures about the shop and its file, and the list of plugins",
        "audit:read": "Read the audit log: who did what, when and from where",
        "backup:read": "List and download backups: whoever has one and the key has the whole shop",
        "backup:write": "Make and delete backups",
        "restore:write": "Replace the whole shop with a backup",
        "shop:read": "Read products, orders, subscribers and settings",
        "shop:write": "Change products, orders, subscribers and settings",
    }
)

SCOPES: tuple[str, ...] = tuple(SCOPE_MEANINGS)


@dataclass(frozen=True)
class AdminPrincipal:
    """A signed-in admin. `session_id` is the row of the session, not its token."""

    admin_id: int
    email: str
    name: str
    session_id: int

    @property
    def actor(self) -> str:
        """As events name who did something."""
        return f"admin:{self.email}"


@dataclass(frozen=True)
class TokenPrincipal:
    """A program with a token. `name` is what the admin called it; `prefix` is its public part."""

    token_id: int
    name: str
    scopes: frozenset[str]
    prefix: str = ""

    @property
    def actor(self) -> str:
        """As events name who did something."""
        return f"token:{self.prefix}"


Principal = AdminPrincipal | TokenPrincipal
