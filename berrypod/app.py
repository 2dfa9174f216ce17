"""The only wiring: settings and plugins in, an ASGI app out. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from litestar import Litestar, Router
from litestar.datastructures import State

from berrypod.parts import Parts, create_parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.web import admin, api, assets, openapi, storefront
from berrypod.web.access import access_guard
from berrypod.web.form_tokens import form_tokens
from berrypod.web.head import HeadLitestar
from berrypod.web.health import health
from berrypod.web.maintenance import maintenance_gate
from berrypod.web.problems import handle_error
from berrypod.web.provided import provided
from berrypod.web.security import SecurityHeaders, form_token_rules, sessions
from berrypod.web.templating import create_environment, template_config

T = TypeVar("T")

# Of a body that no handler limits further: forms and JSON are small, pictures and restores set their own limit.
MAX_BODY_BYTES = 1_000_000


def create_app(settings: Settings, plugins: Plugins | None = None) -> Litestar:
    """The shop as an ASGI app. The file is opened when the app starts, and closed when it stops.

    :raises SettingsError: see `create_parts`.
    """
    return app_of(create_parts(settings, plugins))


def app_of(parts: Parts) -> Litestar:
    """The app over parts whose plugins have declared what they have."""
    return parts.plugins.build_with_routes(lambda routers: _litestar(parts, routers))


def _litestar(parts: Parts, plugin_routers: Sequence[Router]) -> Litestar:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        async with parts.opened():
            yield

    settings = parts.settings
    rules = form_token_rules(settings)
    return HeadLitestar(
        route_handlers=[
            *storefront.handlers,
            *admin.handlers,
            *api.handlers,
            *openapi.handlers,
            health,
            assets.router(),
            *plugin_routers,
        ],
        lifespan=[lifespan],
        state=State({"accounts": parts.accounts, "parts": parts, "form_tokens": rules}),
        dependencies=provided(
            {
                "settings": settings,
                "database": parts.database,
                "maintenance": parts.maintenance,
                "plugins": parts.plugins,
                "accounts": parts.accounts,
                "shop": parts.shop,
                "audit": parts.audit,
            }
        ),
        guards=[access_guard],
        # In the place of Litestar's own check of forms (`csrf_config`), which knows one key alone.
        middleware=[
            maintenance_gate(parts.maintenance, settings.maintenance_wait_seconds),
            sessions(settings),
            form_tokens(rules),
        ],
        before_send=[SecurityHeaders(settings)],
        exception_handlers={Exception: handle_error},
        template_config=template_config(create_environment()),
        openapi_config=openapi.config(),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,  # whoever runs the app decides: `berrypod serve`, or a test
    )
