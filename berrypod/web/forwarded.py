"""Has requests that come by a trusted proxy bear the address and the scheme of whoever sent them."""

from __future__ import annotations

from typing import Any, cast

from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from berrypod.proxies import FORWARDED_FOR
from berrypod.settings import Settings


def behind_proxies(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app as the server calls it. Nothing that a stranger's request says of its origin is believed."""
    if not settings.trusted_proxies:
        return app
    outer: Any = ProxyHeadersMiddleware(cast("Any", app), list(settings.trusted_proxies))
    if settings.client_address_header == FORWARDED_FOR:
        return cast("ASGIApp", outer)
    return _AddressFrom(settings.client_address_header, outer)


class _AddressFrom:
    """Puts the value of another header where uvicorn's middleware looks for the address, in the place of what is there.

    Fly.io ends `X-Forwarded-For` with an address of the shop itself, which would be taken for the customer's; only
    `Fly-Client-IP` says who it is.
    """

    def __init__(self, name: str, app: ASGIApp) -> None:
        self._name = name.encode()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers: list[tuple[bytes, bytes]] = list(scope["headers"])
            given = [(FORWARDED_FOR.encode(), value) for name, value in headers if name == self._name]
            kept = [(name, value) for name, value in headers if name != FORWARDED_FOR.encode()]
            scope["headers"] = [*kept, *given[-1:]]
        await self._app(scope, receive, send)
