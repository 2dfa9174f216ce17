"""A shop, encrypted and not; and the whole of it as a client sees it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import pytest
from berrypod_backup import plugin
from berrypod_backup.service import Backups
from litestar import Litestar
from litestar.testing import TestClient

from berrypod.accounts import passwords
from berrypod.app import create_app
from berrypod.declarations import BackupExporter
from berrypod.parts import Parts
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from tests.accounts.conftest import cheap_hasher
from tests.backup.making import QUICK
from tests.support.third_party import ThirdParty

EMAIL, PASSWORD = "ada@example.org", "a long password of the tests"


@pytest.fixture(params=["encrypted", "plain"])
def either_settings(request: pytest.FixtureRequest) -> Settings:
    """Each test that takes it runs for an encrypted shop and for a plain one."""
    return request.getfixturevalue("encrypted_settings" if request.param == "encrypted" else "settings")


@dataclass
class Site:
    """A shop over HTTP, with a token for each scope, and an admin who signs in."""

    client: TestClient[Litestar]
    settings: Settings
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        return self.client.app.state.parts

    @property
    def backups(self) -> Backups:
        return plugin.backups_of(self.parts.context("backup"))

    def bearer(self, scope: str) -> dict[str, str]:
        if scope not in self.tokens:
            tokens = self.parts.accounts.tokens
            made = self.client.blocking_portal.call(lambda: tokens.create(name=scope, scopes=[scope]))
            self.tokens[scope] = made.token.reveal()
        return {"authorization": f"Bearer {self.tokens[scope]}"}

    def api(self, method: str, path: str = "", scope: str = "backup:write", **more: Any) -> httpx.Response:
        address = path if path.startswith("/api/") else f"/api/backups{path}"
        return self.client.request(method, address, headers=self.bearer(scope), **more)

    def start(self, *exporters: str) -> str:
        """Start a backup by the API. Returns its address."""
        response = self.api("POST", json={"exporters": exporters or ("download",)})
        assert response.status_code == 202, response.text
        return response.headers["location"]

    def ended(self, address: str, *states: str) -> dict[str, Any]:
        until = time.monotonic() + 60
        while True:
            backup = self.api("GET", address, "backup:read").json()
            if backup["state"] in (states or ("ready", "done", "failed", "interrupted", "gone")):
                return backup
            assert time.monotonic() < until, f"still {backup['state']}"
            time.sleep(0.02)

    def sign_in(self) -> None:
        admins = self.parts.accounts.admins
        self.client.blocking_portal.call(lambda: admins.create(email=EMAIL, name="Ada", password=PASSWORD))
        page = self.client.get("/admin/login").text
        response = self.client.post(
            "/admin/login", data={"_csrf_token": csrf_of(page), "email": EMAIL, "password": PASSWORD}
        )
        assert response.status_code == 200, response.text

    def page(self, query: str = "") -> str:
        response = self.client.get(f"/admin/backup{query}", headers={"accept": "text/html"})
        assert response.status_code == 200, response.text
        return response.text

    def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the page, as a browser without scripts does."""
        data = {"_csrf_token": csrf_of(self.page()), **fields}
        return self.client.post(path, data=data, headers={"accept": "text/html"}, follow_redirects=False)


def csrf_of(page: str) -> str:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def words_of(page: str) -> str:
    """What a reader sees."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(encrypted_settings: Settings) -> Iterator[OpenSite]:
    """Open the shop, encrypted unless other settings are given, with exporters of a third party."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "default_hasher", cheap_hasher)

        def opened(*exporters: BackupExporter, settings: Settings = encrypted_settings) -> Site:
            sources = [
                PluginSource.of(plugin, "backup"),
                PluginSource.of(ThirdParty(exporters=exporters), "third_party"),
            ]
            app = create_app(settings, Plugins.discover(settings, sources, installed=False))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            site = Site(client, settings)
            site.backups.pace = QUICK
            return site

        yield opened


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    return open_site()
