"""What those who call the shop notice while its file is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from litestar import Litestar

from berrypod.app import create_app
from berrypod.maintenance import Maintenance
from berrypod.parts import Parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings


class Client(httpx.AsyncClient):
    """In the loop of the app: what a test does with the gate happens between two steps of a request."""

    def __init__(self, app: Litestar) -> None:
        asgi: Any = app  # The same protocol, typed by two libraries.
        super().__init__(transport=httpx.ASGITransport(app=asgi), base_url="http://shop.test")
        self.app = app


@pytest.fixture(params=[60.0])
async def client(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    settings = replace(settings, maintenance_wait_seconds=request.param)
    app = create_app(settings, Plugins.discover(settings, installed=False))
    parts: Parts = app.state.parts
    await parts.database.open()
    async with parts.maintenance.watching(), Client(app) as client:
        yield client
    await parts.database.close()


def maintenance_of(client: Client) -> Maintenance:
    parts: Parts = client.app.state.parts
    return parts.maintenance


async def test_requests_wait_and_are_answered(client: Client) -> None:
    async with maintenance_of(client).alone("restore"):
        waiting = [asyncio.create_task(client.get(path)) for path in ("/", "/api/products", "/admin/login")]
        health = await client.get("/health")
        assert not any(task.done() for task in waiting)
    assert [(await task).status_code for task in waiting] == [200, 200, 200]
    assert health.status_code == 200
    assert health.json() == {
        "alive": True,
        "ready": False,
        "maintenance": True,
        "stage": "closed",
        "operation": "restore",
        "degraded": False,
        "parts": {},
    }


async def test_afterwards_the_shop_is_ready_as_before(client: Client) -> None:
    async with maintenance_of(client).alone("restore"):
        """Nothing is done."""
    health = (await client.get("/health")).json()
    assert (health["ready"], health["maintenance"], health["stage"]) == (True, False, "open")


@pytest.mark.parametrize("client", [0.05], indirect=True)
async def test_whoever_waited_long_enough_is_told_when_to_come_back(client: Client) -> None:
    async with maintenance_of(client).alone("restore"):
        page = await client.get("/", headers={"accept": "text/html"})
        problem = await client.get("/api/products")
        admin = await client.get("/admin/login", headers={"accept": "text/html"})
        style = await client.get("/static/css/base.css")

    assert page.status_code == admin.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert "Back in a moment" in page.text
    assert problem.status_code == 503
    assert problem.headers["content-type"] == "application/problem+json"
    assert int(problem.headers["retry-after"]) > 0
    assert problem.json()["code"] == "under_maintenance"
    assert problem.json()["stage"] == "closed"
    assert problem.json()["operation"] == "restore"
    assert "being replaced" in admin.text, "the admin is told what is going on"
    assert style.status_code == 200, "the page that says so needs its style"


async def test_requests_that_began_before_are_answered_before(client: Client) -> None:
    maintenance = maintenance_of(client)
    with maintenance.request():
        restoring = asyncio.create_task(_alone(maintenance))
        while maintenance.stage.state == "open":
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert maintenance.stage.state == "closing", "it waits for us"
    await restoring


async def _alone(maintenance: Maintenance) -> None:
    async with maintenance.alone("restore"):
        """Nothing is done."""


async def test_a_file_that_cannot_be_opened_is_told_at_once(client: Client) -> None:
    maintenance = maintenance_of(client)
    parts: Parts = client.app.state.parts
    whole = parts.database.path.read_bytes()
    async with maintenance.alone("restore"):
        parts.database.path.write_bytes(b"")

    answer = await client.get("/api/products")
    health = await client.get("/health")

    assert answer.status_code == health.status_code == 503
    assert "berrypod restore apply" in answer.json()["hint"]
    assert health.json()["stage"] == "unavailable"
    parts.database.path.write_bytes(whole)
    while maintenance.stage.state != "open":
        await asyncio.sleep(0.01)
    assert (await client.get("/api/products")).status_code == 200
