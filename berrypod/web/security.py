"""Headers on every answer, and the cookies: the admin's session, the customer's basket, the forms' token."""

from __future__ import annotations

from typing import Final

from litestar.config.csrf import CSRFConfig
from litestar.middleware.base import DefineMiddleware
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.types import Message, Scope

from berrypod.settings import Settings
from berrypod.storage.fields import derive_subkey

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

# Which paths each cookie is for. What is not named here is the public shop.
_NOT_ADMIN: Final = r"^(?!/admin(/|$))"
_NO_BASKET: Final = r"^/(admin|api|static|health|schema|metrics)(/|$)"
_NO_FORMS: Final = r"^/(api|static|health|schema|metrics)(/|$)"

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


def csrf_config(settings: Settings) -> CSRFConfig:
    """A token in a cookie and in each form. The API takes no cookies and so needs none."""
    return CSRFConfig(
        secret=derive_subkey(settings.secret_key_base, "csrf").hex(),
        cookie_name="berrypod_csrf",
        cookie_secure=settings.production,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude=[_NO_FORMS],
    )


def admin_session(settings: Settings) -> DefineMiddleware:
    """The encrypted session cookie of admins, sent to /admin alone."""
    return CookieBackendConfig(
        secret=derive_subkey(settings.secret_key_base, "admin session"),
        key="berrypod_admin",
        path="/admin",
        max_age=ADMIN_SESSION_DAYS * _DAY_SECONDS,
        secure=settings.production,
        httponly=True,
        samesite="lax",
        exclude=[_NOT_ADMIN],
        exclude_opt_key="skip_admin_session",
    ).middleware


def basket_session(settings: Settings) -> DefineMiddleware:
    """The encrypted cookie that holds a customer's basket."""
    return CookieBackendConfig(
        secret=derive_subkey(settings.secret_key_base, "basket"),
        key="berrypod_basket",
        max_age=BASKET_DAYS * _DAY_SECONDS,
        secure=settings.production,
        httponly=True,
        samesite="lax",
        exclude=[_NO_BASKET],
        exclude_opt_key="skip_basket",
    ).middleware
