"""Who sends a request: an admin in a browser, or a program with a token."""

from __future__ import annotations

from dataclasses import dataclass

from berrypod.scopes import SCOPE_MEANINGS, SCOPES

__all__ = ["SCOPES", "SCOPE_MEANINGS", "AdminPrincipal", "Principal", "TokenPrincipal"]


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
