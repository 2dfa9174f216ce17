"""A guard that a third party wrote from docs/hooks.md alone, in a package of its own, has its say in a real shop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from berrypod_restore.records import CONFIRMATION

from berrypod.settings import Secret, Settings
from berrypod.testing_shop import create_sample_shop
from tests.plugins import pages
from tests.plugins.installing import install, python_path, run
from tests.restore.two_shops import Shop
from tests.support.server import RunningServer, environment

pytestmark = pytest.mark.slow

SECTION = "berrypod_restore_guards"
KEY = Secret("the key of a shop that a third party guards")
WORDS = "The prices in this file are in CHF, the shop's are in EUR."
HINT = "Choose a backup from after the change of currency; or set the shop's currency back first."


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The section's files, and the page's own pyproject.toml with the names that a reader would put into it."""
    folder = tmp_path_factory.mktemp("third-party") / "berrypod-guards"
    pages.write(SECTION, folder)
    text = pages.files(pages.FIRST_PLUGIN)["pyproject.toml"]
    for theirs, own in {
        "berrypod-orders-csv": "berrypod-guards",
        "Orders of a Berrypod shop as a CSV file": "Guards of a Berrypod shop",
        'orders_csv = "orders_csv"': 'same_currency = "same_currency"\norders_to_send = "orders_to_send"',
        '["orders_csv.py"]': '["same_currency.py", "orders_to_send.py"]',
    }.items():
        assert theirs in text
        text = text.replace(theirs, own)
    (folder / "pyproject.toml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def site(project: Path) -> Path:
    return install(project)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "shop.db"
    create_sample_shop(path, KEY)
    return Settings(environment="test", database_path=path, secret_key_db=KEY)


@pytest.fixture
def in_francs(settings: Settings) -> Path:
    """A backup of the shop as it would be if its prices were in another currency."""
    return backup(settings).run("UPDATE settings SET value = '\"CHF\"' WHERE key = 'shop.currency'").path


def backup(settings: Settings) -> Shop:
    return Shop(settings.database_path, KEY).copied("backup.db")


def berrypod(site: Path, settings: Settings, *arguments: str) -> tuple[int, str, str]:
    done = run(site, "-m", "berrypod", *arguments, cwd=settings.database_path.parent, **environment(settings))
    return done.returncode, done.stdout, done.stderr


def test_its_authors_tests_pass(site: Path, project: Path) -> None:
    done = run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_same_currency.py", cwd=project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


class Client:
    """A program with a token, beside a server that runs."""

    def __init__(self, server: RunningServer, token: str) -> None:
        self.http = httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=60)

    def staged(self, file: Path) -> dict[str, Any]:
        """Upload a file, and wait for what is said of it."""
        raw = {"content-type": "application/octet-stream"}
        response = self.http.post("/api/restores", content=file.read_bytes(), headers=raw)
        assert response.status_code == 202, response.text
        return self.http.get(response.headers["location"], params={"wait": 60}).json()

    def apply(self, restore: dict[str, Any]) -> httpx.Response:
        confirmed = {"confirm": CONFIRMATION, "expect": restore["expect"] or "0-0-0"}
        return self.http.post(f"/api/restores/{restore['id']}/apply", json=confirmed)


@pytest.fixture
def client(site: Path, settings: Settings, serve: Callable[..., RunningServer]) -> Client:
    scopes = ("--scope", "restore:write", "--scope", "shop:read")
    status, token, error = berrypod(site, settings, "token", "create", "tests", *scopes)
    assert status == 0, error
    return Client(serve(settings, env={"PYTHONPATH": python_path(site)}), token.strip())


def test_it_refuses_with_its_own_words_and_the_shop_stays(client: Client, settings: Settings, in_francs: Path) -> None:
    restore = client.staged(in_francs)

    assert restore["state"] == "refused"
    assert restore["verdict"]["acceptable"], "the file itself is whole"
    (refusal,) = [guard for guard in restore["guards"] if guard["answer"] == "refuse"]
    assert refusal == {
        "plugin": "same_currency",
        "guard": "same-currency",
        "title": "Same currency",
        "answer": "refuse",
        "code": "other_currency",
        "message": WORDS,
        "hint": HINT,
    }
    assert client.apply(restore).status_code == 409
    assert [product["currency"] for product in client.http.get("/api/products").json()["items"]] == ["EUR", "EUR"]


def test_it_allows_what_it_has_nothing_against_and_another_warns(client: Client, settings: Settings) -> None:
    restore = client.staged(backup(settings).run("DELETE FROM orders WHERE status = 'placed'").path)
    answers = {guard["guard"]: (guard["answer"], guard["message"]) for guard in restore["guards"]}

    assert restore["state"] == "ready"
    assert answers["same-currency"] == ("allow", "")
    assert answers["orders-to-send"] == ("warn", "Orders that are paid and not shipped in this file: 1.")
    response = client.apply(restore)
    assert response.status_code == 202, response.text
    ended = client.http.get(response.headers["location"], params={"wait": 60}).json()
    assert (ended["state"], ended["outcome"]) == ("applied", "replaced")


def test_the_command_line_says_the_same(site: Path, settings: Settings, in_francs: Path) -> None:
    status, output, error = berrypod(site, settings, "restore", "check", str(in_francs))

    assert status == 1
    words = " ".join((output + error).split())
    assert WORDS in words
    assert HINT in words


def test_a_shop_that_cannot_be_opened_is_rescued_in_spite_of_it(
    site: Path, settings: Settings, in_francs: Path
) -> None:
    """It cannot know the shop's currency, says so to itself, and lets the rescue go on."""
    rescue = shutil.copyfile(in_francs, in_francs.with_name("rescue.db"))
    settings.database_path.write_bytes(b"x" * 8192)
    status, output, error = berrypod(site, settings, "restore", "check", str(rescue), "--json")

    assert status == 0, error
    told = json.loads(output)
    assert {guard["guard"]: guard["answer"] for guard in told["guards"]}["same-currency"] == "allow"
