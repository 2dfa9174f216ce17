"""Requests wait at the gate while the shop's file is replaced, instead of failing.

    opt={"maintenance": OPEN}      neither waited for nor made to wait: it takes long, or needs no database

A handler that says so and is not public is still made to wait at its beginning: who calls must be looked up.
"""

from __future__ import annotations

from typing import Final

from litestar.handlers import BaseRouteHandler
from litestar.middleware.base import DefineMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from berrypod.maintenance import Maintenance
from berrypod.web.access import PUBLIC, rule_of

OPEN: Final = "open"


class MaintenanceGate:
    """Litestar's middleware sees a request after its route was found: addresses that do not exist are not held."""

    def __init__(self, app: ASGIApp, maintenance: Maintenance, wait_seconds: float) -> None:
        self._app = app
        self._maintenance = maintenance
        self._wait_seconds = wait_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """:raises UnderMaintenance: it took longer than a request may wait."""
        handler: BaseRouteHandler = scope["route_handler"]
        counted = handler.opt.get("maintenance") != OPEN
        if counted or _needs_database(handler):
            await self._maintenance.wait_until_open(self._wait_seconds)
        if counted:
            with self._maintenance.request():
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _needs_database(handler: BaseRouteHandler) -> bool:
    return rule_of(handler) is not PUBLIC


def maintenance_gate(maintenance: Maintenance, wait_seconds: float) -> DefineMiddleware:
    return DefineMiddleware(MaintenanceGate, maintenance=maintenance, wait_seconds=wait_seconds)
