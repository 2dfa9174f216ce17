"""The shop itself, with every kind of broken plugin installed at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from berrypod.app import create_app
from berrypod.declarations import Figure
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from tests.plugins.making import failing_at_import, healthy, impatient, plugin, provider


def broken_plugins(hang: Callable[..., None]) -> list[PluginSource]:
    @asynccontextmanager
    async def hangs_at_start(context):
        await asyncio.Event().wait()
        yield

    @get("/", opt={"access": "public"})
    async def takes_the_front_page() -> str:
        return "mine"

    async def hangs() -> list[Figure]:
        await asyncio.Event().wait()
        return []

    def observe(event: object) -> None:
        raise SystemExit(5)

    return [
        failing_at_import("exits-at-import", lambda: sys.exit(1)),
        failing_at_import("hangs-at-import", hang),
        plugin("misspelt", berrypod_stat_providers=lambda context: []),
        plugin("raises-in-a-hook", berrypod_admin_panels=lambda context: 1 / 0),
        plugin("hangs-in-a-hook", berrypod_backup_exporters=lambda context: hang()),
        plugin("answers-nonsense", berrypod_stats_providers=lambda context: "nonsense"),
        plugin("hangs-at-start", berrypod_lifespan=hangs_at_start),
        plugin("takes-a-route", berrypod_route_handlers=lambda context: [takes_the_front_page]),
        plugin("hangs-when-asked", berrypod_stats_providers=lambda context: [provider("slow", hangs)]),
        plugin("raises-at-events", berrypod_observe=observe),
    ]


@pytest.fixture
def app(settings: Settings, hang) -> tuple[Litestar, Plugins]:
    limits = impatient("import", "hook", "lifespan_enter")
    plugins = Plugins.discover(settings, [*broken_plugins(hang), healthy()], installed=False, limits=limits)
    return create_app(settings, plugins), plugins


def test_customers_notice_nothing(app: tuple[Litestar, Plugins]) -> None:
    with TestClient(app[0]) as client:
        assert client.get("/").status_code == 200
        assert "mine" not in client.get("/").text
        assert client.get("/api/products").status_code == 200
        assert client.get("/health").status_code == 200
        assert client.get("/schema/openapi.json").status_code == 200


def test_every_broken_plugin_is_named_with_its_error_and_the_healthy_one_is_active(
    app: tuple[Litestar, Plugins],
) -> None:
    with TestClient(app[0]):
        states = {report.name: (report.state.value, report.error is not None) for report in app[1].report()}

    at_run_time = {"hangs-when-asked", "raises-at-events", "healthy"}
    assert {name for name, state in states.items() if state == ("active", False)} == at_run_time
    assert {name for name, state in states.items() if state == ("quarantined", True)} == set(states) - at_run_time
