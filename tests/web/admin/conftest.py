"""The administration in a browser that runs no JavaScript, and the shop's accounts as another process sees them."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from litestar import Litestar
from litestar.testing import TestClient
from pyotp.totp import TOTP
from sqlalchemy import delete, update

from berrypod.accounts import Accounts
from berrypod.accounts import passwords as passwords_module
from berrypod.accounts.throttle import Bucket, Throttle
from berrypod.app import create_app
from berrypod.clock import Clock, utc_now
from berrypod.hookspecs import hookimpl
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.models import Admin, AdminSession, ApiToken, LoginAttempts
from tests.accounts.conftest import EMAIL, PASSWORD, cheap_hasher
from tests.conftest import KEY

T = TypeVar("T")

ORIGIN = "https://shop.test"

_CSRF = re.compile(r'name="_csrf_token" value="([^"]+)"')


@dataclass
class Page:
    """An answer, with what a reader sees of it."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def html(self) -> str:
        return self.response.text

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.html)))

    @property
    def leads_to(self) -> str:
        return self.response.headers.get("location", "")


@dataclass
class Visitor:
    """A browser: it keeps cookies, and sends forms with the token of the page that they are on."""

    client: TestClient[Litestar]

    def get(self, path: str) -> Page:
        return Page(self.client.get(path, headers={"accept": "text/html"}))

    def post(self, path: str, /, *, on: str = "/admin/login", **fields: Any) -> Page:
        """Send a form that is on the page `on`."""
        found = _CSRF.search(self.get(on).html)
        token = found[1] if found else self.client.cookies.get("berrypod_csrf", path="/")
        return Page(self.client.post(path, data={"_csrf_token": token, **fields}, headers={"accept": "text/html"}))

    def follow(self, page: Page) -> Page:
        assert page.status == 303, page.text
        return self.get(page.leads_to)

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Page:
        return self.post("/admin/login", email=email, password=password, **fields)

    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}


@dataclass
class Shop:
    """A running shop with one admin, and a way to its accounts that does not go through the app."""

    settings: Settings
    app: Litestar
    portal: BlockingPortal
    plugins: Plugins
    events: list[Any]

    def visitor(self) -> Visitor:
        """A browser with no cookies. All of them talk to the one running app, in its event loop."""
        client = TestClient(self.app, base_url=ORIGIN, raise_server_exceptions=False)
        client.blocking_portal = self.portal
        client.follow_redirects = False
        return Visitor(client)

    def outside(self, job: Callable[[Accounts], Awaitable[T]], clock: Clock = utc_now) -> T:
        """Do something as another process would: with a database and caches of its own."""

        async def run() -> T:
            database = Database(self.settings)
            await database.open()
            try:
                return await job(Accounts(database, self.settings, clock=clock, hasher=cheap_hasher()))
            finally:
                await database.close()

        return asyncio.run(run())

    def with_totp(self) -> str:
        """Put an authenticator in force for the admin, half a minute ago. Returns its secret."""
        then = utc_now() - timedelta(seconds=30)

        async def run(accounts: Accounts) -> str:
            admin = await accounts.admins.by_email(EMAIL)
            await accounts.totp.begin(admin.id)
            setup = await accounts.totp.pending(admin.id)
            assert setup
            secret = setup.secret.reveal()
            await accounts.totp.confirm(admin.id, TOTP(secret).at(then))
            return secret

        return self.outside(run, clock=lambda: then)

    def told(self) -> list[Any]:
        """The events so far."""
        assert self.plugins.flush(60)
        return self.events


class _Listener:
    def __init__(self, events: list[Any]) -> None:
        self._events = events

    @hookimpl
    def berrypod_observe(self, event: Any) -> None:
        self._events.append(event)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords_module, "default_hasher", cheap_hasher)
        yield


@pytest.fixture(scope="session")
def shop_file_with_admin(tmp_path_factory: pytest.TempPathFactory, empty_shop_file: Path) -> Path:
    path = tmp_path_factory.mktemp("with-admin") / "shop.db"
    shutil.copyfile(empty_shop_file, path)
    settings = Settings(environment="test", database_path=path)

    async def run() -> None:
        database = Database(settings)
        await database.open()
        await Accounts(database, settings, hasher=cheap_hasher()).admins.create(
            email=EMAIL, name="Ana", password=PASSWORD
        )
        await database.close()

    asyncio.run(run())
    return path


@contextmanager
def running(settings: Settings, *sources: PluginSource) -> Generator[Shop]:
    """The app of these settings, with no plugins but those given."""
    events: list[Any] = []
    listener = PluginSource.of(_Listener(events), "listener")
    plugins = Plugins.discover(settings, [*sources, listener], installed=False)
    app = create_app(settings, plugins)
    with TestClient(app, base_url=ORIGIN) as client:
        yield Shop(settings, app, client.blocking_portal, plugins, events)


def encrypted_copy(plain: Path, path: Path) -> None:
    """The same shop under `KEY`."""
    with closing(open_connection(plain, None)) as connection:
        connection.execute("ATTACH ? AS target KEY ?", (str(path), DatabaseKey.for_new_file(KEY).raw()))
        connection.execute("SELECT sqlcipher_export('target')").fetchone()


@pytest.fixture
def admin_settings(tmp_path: Path, shop_file_with_admin: Path) -> Settings:
    path = tmp_path / "shop.db"
    shutil.copyfile(shop_file_with_admin, path)
    return Settings(environment="test", database_path=path, secret_key_base=Secret("a key base of the tests, long"))


@pytest.fixture(scope="session")
def one_shop(tmp_path_factory: pytest.TempPathFactory, shop_file_with_admin: Path) -> Iterator[Shop]:
    path = tmp_path_factory.mktemp("admin") / "shop.db"
    shutil.copyfile(shop_file_with_admin, path)
    settings = Settings(environment="test", database_path=path, secret_key_base=Secret("a key base of the tests, long"))
    with running(settings) as shop:
        yield shop


@pytest.fixture
def shop(one_shop: Shop) -> Shop:
    """The one shop of all these tests, with its accounts as they were at first: an app takes half a second to build."""

    async def reset() -> None:
        database = Database(one_shop.settings)
        await database.open()
        async with database.write() as session:
            for table in (AdminSession, ApiToken, LoginAttempts):
                await session.execute(delete(table))
            await session.execute(delete(Admin).where(Admin.id != 1))
            await session.execute(
                update(Admin).values(
                    password_hash=cheap_hasher().hash(PASSWORD),
                    totp_secret=None,
                    totp_confirmed_at=None,
                    totp_last_step=None,
                    recovery_codes=[],
                    disabled_at=None,
                )
            )
        await database.close()

    asyncio.run(reset())
    assert one_shop.plugins.flush(60)
    one_shop.events.clear()
    return one_shop


@pytest.fixture
def no_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever counts attempts, no time passes: a busy machine may need the seconds of a wait for the next one."""
    moment, charge = utc_now(), Throttle.charge

    async def charged(throttle: Throttle, *buckets: Bucket) -> None:
        with patch.object(throttle, "_clock", lambda: moment):
            await charge(throttle, *buckets)

    monkeypatch.setattr(Throttle, "charge", charged)


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    return shop.visitor()


@pytest.fixture
def admin(shop: Shop) -> Visitor:
    """A browser in which the admin is signed in."""
    visitor = shop.visitor()
    assert visitor.sign_in().status == 303
    return visitor
