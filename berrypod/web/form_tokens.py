"""Forged forms: each form carries a token that only this shop makes, and that its visitor's cookie has, too.

Litestar's check, with one thing more: while SECRET_KEY_BASE_FORMER is set, tokens that were made with a former key are
still good, and the cookie is made anew. Otherwise the first form of every visitor would fail after a change of the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from typing import Any, Final

from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware.base import DefineMiddleware
from litestar.middleware.csrf import CSRF_SECRET_LENGTH, CSRFMiddleware, generate_csrf_hash
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from berrypod.settings import Secret, Settings
from berrypod.storage.fields import derive_subkey

CSRF_COOKIE: Final = "berrypod_csrf"


class TokenRules:
    """How tokens are made and known. `config` is Litestar's."""

    def __init__(self, config: CSRFConfig, former: Sequence[str] = ()) -> None:
        self.config = config
        self._former = tuple(former)

    @property
    def has_former(self) -> bool:
        return bool(self._former)

    def renewed(self, token: str) -> str | None:
        """The token as the present key makes it, if a former one has made it."""
        part, signature = token[:CSRF_SECRET_LENGTH], token[CSRF_SECRET_LENGTH:]
        if not token.isascii() or not signature:
            return None
        if any(compare_digest(signature, generate_csrf_hash(part, secret)) for secret in self._former):
            return part + generate_csrf_hash(part, self.config.secret)
        return None

    def match(self, sent: str, cookie: str) -> bool:
        """Whether both were made here, and for one another."""
        sent, cookie = self.renewed(sent) or sent, self.renewed(cookie) or cookie
        part, signature = cookie[:CSRF_SECRET_LENGTH], cookie[CSRF_SECRET_LENGTH:]
        if not signature or not sent.isascii() or not cookie.isascii():
            return False
        genuine = compare_digest(signature, generate_csrf_hash(part, self.config.secret))
        return genuine and compare_digest(sent, cookie)


class FormTokens(CSRFMiddleware):
    """Checks the forms, and renews the cookies of a former key."""

    def __init__(self, app: ASGIApp, rules: TokenRules) -> None:
        super().__init__(app, rules.config)
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._rules.has_former and scope["type"] == ScopeType.HTTP:
            cookies = ASGIConnection[Any, Any, Any, Any](scope).cookies
            if renewed := self._rules.renewed(cookies.get(self.config.cookie_name, "")):
                # Whoever looks at this request's cookies sees this one. A dict of its own: Litestar keeps those that it
                # has parsed, for the next request with the same cookies.
                ScopeState.from_scope(scope).cookies = {**cookies, self.config.cookie_name: renewed}
                send = self._with_cookie(send, renewed)
        await super().__call__(scope, receive, send)

    def _with_cookie(self, send: Send, token: str) -> Send:
        config = self.config
        cookie = Cookie(
            key=config.cookie_name,
            value=token,
            path=config.cookie_path,
            secure=config.cookie_secure,
            httponly=config.cookie_httponly,
            samesite=config.cookie_samesite,
        )

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableScopeHeaders.from_message(message).add("set-cookie", cookie.to_header(header=""))
            await send(message)

        return send_with_cookie

    def _csrf_tokens_match(self, request_csrf_token: str, cookie_csrf_token: str) -> bool:
        return self._rules.match(request_csrf_token, cookie_csrf_token)


def token_rules(settings: Settings, exclude: str) -> TokenRules:
    """:param exclude: a pattern of paths on which no form lives: the API takes no cookies, and so needs no tokens."""

    def secret(base: Secret) -> str:
        return derive_subkey(base, "csrf").hex()

    config = CSRFConfig(
        secret=secret(settings.secret_key_base),
        # With the prefix browsers take it from this host alone, over TLS. Otherwise another host of the same domain, or
        # somebody on the line, could plant a genuine token that was made for himself, and send forms with it.
        cookie_name=f"__Host-{CSRF_COOKIE}" if settings.production else CSRF_COOKIE,
        cookie_path="/",
        cookie_secure=settings.production,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude=[exclude],
    )
    return TokenRules(config, tuple(map(secret, settings.secret_key_base_former)))


def form_tokens(rules: TokenRules) -> DefineMiddleware:
    return DefineMiddleware(FormTokens, rules=rules)


def rules_of(connection: ASGIConnection[Any, Any, Any, Any]) -> TokenRules | None:
    """The rules of the app; None for one that checks no forms."""
    rules = connection.app.state.get("form_tokens")
    if isinstance(rules, TokenRules):
        return rules
    config = connection.app.csrf_config
    return TokenRules(config) if config is not None else None


def expired_csrf_cookie(connection: ASGIConnection[Any, Any, Any, Any]) -> list[Cookie]:
    """What takes the token's cookie away from a browser that sent one."""
    rules = rules_of(connection)
    if rules is None or rules.config.cookie_name not in connection.cookies:
        return []
    config = rules.config
    # With the flags that it was set with: browsers refuse a cookie with the prefix `__Host-` without them.
    return [
        Cookie(
            key=config.cookie_name,
            path=config.cookie_path,
            secure=config.cookie_secure,
            httponly=True,
            samesite=config.cookie_samesite,
            max_age=0,
            expires=0,
        )
    ]
