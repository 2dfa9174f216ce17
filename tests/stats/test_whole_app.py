"""In the whole shop: who may see the figures, and how quickly the page answers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from berrypod_stats import plugin
from litestar import Litestar
from litestar.testing import TestClient

from berrypod.app import create_app
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings


@pytest.fixture
def client(encrypted_settings: Settings) -> Iterator[TestClient[Litestar]]:
    """The shop with the stats plugin and no other."""
    plugins = Plugins.discover(encrypted_settings, [PluginSource.of(plugin, "stats")], installed=False)
    with TestClient(create_app(encrypted_settings, plugins)) as client:
        yield client


def token_for(client: TestClient[Litestar], *scopes: str) -> dict[str, str]:
    """The header of a new token."""
    tokens = client.app.state.accounts.tokens
    new = client.blocking_portal.call(lambda: tokens.create(name="monitoring", scopes=scopes))
    return {"Authorization": f"Bearer {new.token.reveal()}"}


def test_a_token_with_the_scope_is_needed(client: TestClient[Litestar]) -> None:
    """Nobody, a wrong token and a token for something else are refused, each with a problem document."""
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer bp_wrong_token"}, 401),
        (token_for(client, "shop:read"), 403),
    ):
        response = client.get("/api/stats", headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"].startswith("application/problem+json")
    response = client.get("/api/stats", headers=token_for(client, "stats:read"))
    assert response.status_code == 200
    assert response.json()["providers"][0]["name"] == "stats.shop"


def test_panel_script_and_style_are_for_admins(client: TestClient[Litestar]) -> None:
    """Without a session nothing of the panel is told; a token of the API does not help."""
    headers = token_for(client, "stats:read")
    for path in ("/admin/stats/panel", "/admin/stats/stats.js", "/admin/stats/stats.css", "/admin/backup"):
        for given in ({}, headers):
            response = client.get(path, headers=given, follow_redirects=False)
            assert response.status_code in (302, 303, 401)
            assert "products" not in response.text


def test_the_answer_comes_from_memory(client: TestClient[Litestar]) -> None:
    """Token check and all, the API answers well within 50 ms once measured."""
    headers = token_for(client, "stats:read")
    end = time.monotonic() + 60
    while client.get("/api/stats", headers=headers).json()["sizes"] is None:
        assert time.monotonic() < end
        time.sleep(0.05)

    def took() -> float:
        begun = time.perf_counter()
        client.get("/api/stats", headers=headers)
        return time.perf_counter() - begun

    assert any(took() < 0.05 for _ in range(200)), "however busy the machine is, now and then it is not"


def test_it_is_in_the_openapi_document(client: TestClient[Litestar]) -> None:
    """With its scope, its answer and its words."""
    operation = client.app.openapi_schema.to_schema()["paths"]["/api/stats"]["get"]
    assert "stats:read" in operation["description"]
    assert operation["summary"]


def test_the_shop_runs_without_it(encrypted_settings: Settings) -> None:
    """The core needs no plugin: the route is not there, the rest is."""
    plugins = Plugins.discover(encrypted_settings, installed=False)
    with TestClient(create_app(encrypted_settings, plugins)) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/api/stats").status_code == 404
