"""Headers on every answer, and the cookies: the admin's session, the customer's basket, the forms' token."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.exceptions import SerializationException
from litestar.middleware.base import DefineMiddleware
from litestar.middleware.session.base import SessionMiddleware
from litestar.middleware.session.client_side import ClientSideSessionBackend, CookieBackendConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from berrypod.settings import Secret, Settings
from berrypod.storage.fields import derive_subkey
from berrypod.web.form_tokens import TokenRules, token_rules

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

# Parts of the address under which neither a basket nor a form lives.
_WITHOUT_COOKIES: Final = frozenset({"api", "static", "health", "schema", "metrics"})

BASKET_DAYS: Final = 30
ADMIN_SESSION_DAYS: Final = 14

_DAY_SECONDS: Final = 86_400


class SecurityHeaders:
    """Adds the headers to every answer, errors included. A handler that sets one itself keeps its own."""

    def __init__(self, settings: Settings) -> None:
        headers = {
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "x-frame-options": "DENY",
        }
        if settings.production:
            headers["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, message: Message, scope: Scope) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            private = [] if b"cache-control" in present else _cache_control(scope)
            message["headers"] = [
                *message["headers"],
                *(header for header in self._headers if header[0] not in present),
                *private,
            ]


def _cache_control(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Pages are made for one visitor: a shared cache must not keep them."""
    path = scope["path"]
    value = b"no-store" if path.startswith(("/admin", "/api")) else b"private, no-cache"
    return [(b"cache-control", value)]


def form_token_rules(settings: Settings) -> TokenRules:
    """A token in a cookie and in each form. The API takes no cookies and so needs none."""
    return token_rules(settings, exclude=rf"^/({'|'.join(sorted(_WITHOUT_COOKIES))})(/|$)")


class Sessions:
    """Two encrypted cookies, each on its own paths: the admin's on /admin, the basket on the shop's pages.

    The rest (the API, pictures, styles) has none, and pays nothing for them.
    """

    def __init__(self, app: ASGIApp, admin: _CookieBackend, basket: _CookieBackend) -> None:
        self._app = app
        self._admin = SessionMiddleware(app, admin)
        self._basket = SessionMiddleware(app, basket)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        area = scope["path"].split("/", 2)[1]
        app = self._admin if area == "admin" else self._app if area in _WITHOUT_COOKIES else self._basket
        await app(scope, receive, send)


def sessions(settings: Settings) -> DefineMiddleware:
    """The middleware. Litestar makes one for each of some two hundred routes: they share what encrypts the cookies."""
    admin = _cookies(settings, name="berrypod_admin", purpose="admin session", path="/admin", days=ADMIN_SESSION_DAYS)
    basket = _cookies(settings, name="berrypod_basket", purpose="basket", path="/", days=BASKET_DAYS)
    return DefineMiddleware(Sessions, admin=admin, basket=basket)


def _cookies(settings: Settings, *, name: str, purpose: str, path: str, days: int) -> _CookieBackend:
    def backend(base: Secret) -> ClientSideSessionBackend:
        config = CookieBackendConfig(
            secret=derive_subkey(base, purpose),
            key=name,
            path=path,
            max_age=days * _DAY_SECONDS,
            secure=settings.production,
            httponly=True,
            samesite="lax",
        )
        return ClientSideSessionBackend(config)

    present, *former = map(backend, (settings.secret_key_base, *settings.secret_key_base_former))
    return _CookieBackend(present.config, former)


class _CookieBackend(ClientSideSessionBackend):
    """Litestar's own makes some cookies that were tampered with an error of the server. They are no session.

    What a former key has encrypted is read, too. It is sent back under the present one, as each answer sends it anew.
    """

    def __init__(self, config: CookieBackendConfig, former: Sequence[ClientSideSessionBackend] = ()) -> None:
        super().__init__(config)
        self._former = tuple(former)

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        for backend in (super(), *self._former):
            with suppress(SerializationException, LookupError, TypeError, ValueError):
                found: dict[str, Any] = await backend.load_from_connection(connection)  # pyright: ignore[reportUnknownMemberType]
                if found:
                    return found
        return {}
