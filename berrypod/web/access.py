"""Who may call what. A handler says so in its `opt`; one that says nothing is for admins alone.

    @get("/products/{slug:str}", opt={"access": PUBLIC})
    @get("/api/stats", opt={"access": scope("stats:read")})
    @get("/admin/backup")                                        # admins

Admins come with a session cookie, which is sent to /admin alone; programs come with a bearer token. No route
takes both: what takes a cookie needs protection against forged requests (CSRF), and what takes a token does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from berrypod.accounts.principals import SCOPES
from berrypod.errors import Forbidden, Unauthenticated

if TYPE_CHECKING:
    from berrypod.accounts import Accounts

SESSION_TOKEN: Final = "token"  # noqa: S105 - the name of the entry, not a secret


class Access(Enum):
    PUBLIC = "public"
    ADMIN = "admin"


PUBLIC: Final = Access.PUBLIC
ADMIN: Final = Access.ADMIN


@dataclass(frozen=True)
class Scope:
    """For tokens that bear this scope."""

    name: str


def scope(name: str) -> Scope:
    """:raises ValueError: there is no such scope."""
    if name not in SCOPES:
        raise ValueError(f"{name!r} is none of the scopes: {', '.join(sorted(SCOPES))}")
    return Scope(name)


def rule_of(handler: BaseRouteHandler) -> Access | Scope:
    """The rule of a handler. Anything that is no rule is taken for the strictest."""
    rule = handler.opt.get("access", ADMIN)
    return rule if isinstance(rule, (Access, Scope)) else ADMIN


def actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Who sends the request, as events name it: `admin:<e-mail>` or `token:<prefix>`; None if anybody may call."""
    return getattr(cast("dict[str, Any]", connection.scope).get("user"), "actor", None)


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The network address that the request comes from, for events of admins and programs.

    Behind a proxy the server must be told to trust it, or all have its address.
    """
    return connection.client.host if connection.client else None


async def access_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard of the app. Sets `scope["user"]` to the principal (None where anybody may call).

    :raises Unauthenticated: nobody is signed in, or the token is unknown.
    :raises Forbidden: the token lacks the scope.
    """
    rule = rule_of(handler)
    if rule is PUBLIC:
        return
    accounts: Accounts = connection.app.state.accounts
    if isinstance(rule, Scope):
        token = await accounts.tokens.authenticate(connection.headers.get("authorization", ""))
        if token is None:
            raise Unauthenticated(
                "This needs an API token",
                hint=f"Send `Authorization: Bearer <token>` with a token that has the scope {rule.name}. "
                "Tokens are made on /admin/tokens.",
            )
        if rule.name not in token.scopes:
            raise Forbidden(f"The token {token.name!r} lacks the scope {rule.name}", scope=rule.name)
        connection.scope["user"] = token
        return
    # Without the session middleware (a route outside /admin) there is no session, and so nobody.
    session: Any = cast("dict[str, Any]", connection.scope).get("session") or {}
    value: Any = session.get(SESSION_TOKEN)
    admin = await accounts.sessions.authenticate(value) if isinstance(value, str) else None
    if admin is None:
        raise Unauthenticated
    connection.scope["user"] = admin
