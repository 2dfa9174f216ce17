"""A shop over HTTP with the restore plugin, and an admin who sends its forms as a browser without scripts does."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from berrypod_restore import plugin
from berrypod_restore.records import CONFIRMATION
from berrypod_restore.service import Restores
from litestar import Litestar
from litestar.testing import TestClient

from berrypod.accounts import passwords
from berrypod.app import create_app
from berrypod.declarations import BackupExporter, ExportedFile, KeptCopy, RestoreGuard
from berrypod.parts import Parts
from berrypod.plugins import Plugins
from berrypod.settings import Secret, Settings
from berrypod.storage.snapshot import make_snapshot
from tests.accounts.conftest import cheap_hasher
from tests.conftest import KEY
from tests.restore.making import QUICK, ThirdParty, numbers_of, sources

EMAIL, PASSWORD = "ada@example.org", "a long password of the tests"
OTHER_KEY = Secret("the key that this shop had last year")
HTML = {"accept": "text/html"}


@dataclass
class Site:
    """A shop over HTTP, with an admin who is signed in."""

    client: TestClient[Litestar]
    settings: Settings
    third_party: ThirdParty
    token: str = field(default="")

    @property
    def parts(self) -> Parts:
        return self.client.app.state.parts

    @property
    def restores(self) -> Restores:
        return plugin.restores_of(self.parts.context("restore"))

    @property
    def staged(self) -> list[Path]:
        """The files that wait to be restored, or are on their way."""
        return list(self.restores.context.work_folder().rglob("candidate.db"))

    def call(self, function: Callable[[], Any]) -> Any:
        return self.client.blocking_portal.call(function)

    def sign_in(self) -> None:
        admins = self.parts.accounts.admins
        self.call(lambda: admins.create(email=EMAIL, name="Ada", password=PASSWORD))
        form = {"_csrf_token": csrf_of(self.client.get("/admin/login").text), "email": EMAIL, "password": PASSWORD}
        assert self.client.post("/admin/login", data=form).status_code == 200
        self.token = csrf_of(self.get("/admin/backup").text)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, headers=HTML, follow_redirects=False)

    def send(self, path: str, **fields: str) -> httpx.Response:
        """A form of the page."""
        data = {"_csrf_token": self.token, **fields}
        return self.client.post(path, data=data, headers=HTML, follow_redirects=False)

    def upload(self, content: bytes, name: str = "backup.db", **headers: str) -> httpx.Response:
        """As the script does."""
        return self.client.post(
            "/admin/backup/restores",
            params={"filename": name},
            content=content,
            headers={
                "content-type": "application/octet-stream",
                "accept": "application/json",
                "x-csrftoken": self.token,
                **headers,
            },
        )

    def room_for(self, size_bytes: int) -> httpx.Response:
        """As the script asks before it sends."""
        headers = {"accept": "application/json"}
        return self.client.get("/admin/backup/restores/room", params={"size_bytes": size_bytes}, headers=headers)

    def uploaded(self, file: Path) -> str:
        """Upload a file and wait until it was looked at. Returns the address of its page."""
        answer = self.upload(file.read_bytes(), file.name)
        assert answer.status_code == 201, answer.text
        return self.settled(answer.json()["url"])

    def settled(self, path: str) -> str:
        """Wait until nobody works on it."""
        record = self.call(lambda: self.restores.settled(path.rsplit("/", 1)[1], timeout=60))
        assert not record.active, record
        return path

    def followed(self, answer: httpx.Response) -> str:
        """The page to which a form led, when what it began has ended."""
        assert answer.status_code == 303, words(answer.text)
        return self.get(self.settled(answer.headers["location"])).text

    def order(self, *numbers: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        statement = (
            "INSERT INTO orders (number, status, email, name, address_line1, address_line2, postcode, city, country, "
            "note, currency, total_minor, placed_at, request_digest, created_at, updated_at) VALUES (?, 'placed', "
            "'bo@example.org', 'Bo', '1 Lane', '', '12345', 'Ripe', 'DE', '', 'EUR', 2400, ?, '', ?, ?)"
        )
        database = self.parts.database
        rows = [(number, now, now, now) for number in numbers]
        self.call(lambda: database.run_in_thread(lambda shop: shop.executemany(statement, rows), read_only=False))

    def run(self, statement: str) -> None:
        """Change the shop, as its other pages do."""
        database = self.parts.database
        self.call(lambda: database.run_in_thread(lambda shop: shop.execute(statement), read_only=False))

    @property
    def orders(self) -> list[str]:
        return self.call(lambda: self.parts.database.run_in_thread(numbers_of))

    def backup(self, name: str = "backup.db") -> Path:
        target = self.settings.database_path.with_name(name)
        self.call(lambda: make_snapshot(self.parts.database, target, overwrite=True))
        return target

    def empty(self) -> None:
        """Forget what the test before has left."""
        for record in self.call(self.restores.all):
            self.call(partial(self.restores.discard, record.id, by=None))
        shutil.rmtree(self.restores.context.database.path.with_name("shop.db-former"), ignore_errors=True)
        for table in ("orders", "newsletter_subscribers", "settings"):
            self.run(f"DELETE FROM {table}")

    def confirm(self, path: str, **fields: str) -> httpx.Response:
        page = self.get(path).text
        given = {"confirm": CONFIRMATION, "expect": hidden(page, "expect"), "looked_at": hidden(page, "looked_at")}
        return self.send(f"{path}/apply", **{**given, **fields})


def csrf_of(page: str) -> str:
    return hidden(page, "_csrf_token")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"there is no field {name}"
    return unescape(found[1])


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


OpenSite = Callable[..., Site]


@contextmanager
def _opening() -> Generator[Callable[..., Site]]:
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "default_hasher", cheap_hasher)

        def opened(
            settings: Settings, *guards: RestoreGuard, exporters: tuple[BackupExporter, ...] = (), **environ: str
        ) -> Site:
            third_party = ThirdParty(guards, exporters)
            settings = replace(settings, environment_values=environ)
            app = create_app(settings, Plugins.discover(settings, sources(third_party), installed=False))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            site = Site(client, settings, third_party)
            site.restores.pace = QUICK
            site.sign_in()
            return site

        yield opened


@pytest.fixture
def open_site(encrypted_settings: Settings) -> Iterator[OpenSite]:
    """A shop of its own, with guards and exporters of a third party, and variables of the environment."""
    with _opening() as opened:
        yield partial(opened, encrypted_settings)


@pytest.fixture(scope="module")
def one_site(tmp_path_factory: pytest.TempPathFactory, empty_encrypted_file: Path) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("site") / "shop.db"
    shutil.copyfile(empty_encrypted_file, path)
    with _opening() as opened:
        yield opened(Settings(environment="test", database_path=path, secret_key_db=KEY))


@pytest.fixture
def site(one_site: Site) -> Site:
    """The one shop of a file's tests, without orders, restores and former databases: an app takes its time to build."""
    one_site.empty()
    return one_site


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, empty_encrypted_file: Path) -> Iterator[TestClient[Litestar]]:
    """A browser in which nobody is signed in."""
    path = tmp_path_factory.mktemp("stranger") / "shop.db"
    shutil.copyfile(empty_encrypted_file, path)
    settings = Settings(environment="test", database_path=path, secret_key_db=KEY)
    app = create_app(settings, Plugins.discover(settings, sources(ThirdParty()), installed=False))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@dataclass
class Shelf:
    """Kept copies, in memory. Each is a day older than the one before."""

    copies: dict[str, bytes] = field(default_factory=dict)

    def list(self) -> list[KeptCopy]:
        return [
            KeptCopy(
                id=name,
                filename=f"{name}.db",
                created_at=datetime(2026, 3, 14 - number, tzinfo=UTC),
                size_bytes=len(content),
            )
            for number, (name, content) in enumerate(self.copies.items())
        ]

    async def open(self, copy_id: str) -> AsyncIterator[bytes]:
        content = self.copies[copy_id]
        for start in range(0, len(content), 10_000):
            yield content[start : start + 10_000]

    def delete(self, copy_id: str) -> None:
        del self.copies[copy_id]


def page_id(page: str) -> str:
    found = re.search(r'data-restore="/admin/backup/restores/([\w-]+)"', page)
    assert found
    return found[1]


def never_exports(*_: object) -> ExportedFile:
    raise AssertionError("nobody makes a backup here")
