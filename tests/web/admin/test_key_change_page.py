"""Changing the key in the browser: shown once, entered from where it is kept, and only then in use."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from berrypod.keys.rotation import KeyRotation
from berrypod.keys.rotation_records import RotationRunning
from berrypod.settings import Secret, Settings
from berrypod.storage.diagnosis import identify
from berrypod.storage.keys import passphrase_fingerprint
from tests.accounts.conftest import PASSWORD
from tests.conftest import KEY
from tests.web.admin.conftest import Page, Shop, Visitor, encrypted_copy, running

PAGE, CHANGE = "/admin/key", "/admin/key/change"

_SHOWN = re.compile(r'<pre class="token"><code>([^<]{64})</code>')


@pytest.fixture(scope="module")
def key_settings(tmp_path_factory: pytest.TempPathFactory, shop_file_with_admin: Path) -> Settings:
    path = tmp_path_factory.mktemp("key-change") / "shop.db"
    encrypted_copy(shop_file_with_admin, path)
    base = Secret("a key base of the tests, long")
    return Settings(environment="test", database_path=path, secret_key_base=base, secret_key_db=KEY)


@pytest.fixture(scope="module")
def shop(key_settings: Settings) -> Iterator[Shop]:
    """One for all: what would begin a change is replaced, but in the last test, which has one of its own."""
    with running(key_settings) as shop:
        yield shop


@pytest.fixture
def admin(shop: Shop) -> Visitor:
    visitor = shop.visitor()
    assert visitor.sign_in().status == 303
    return visitor


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were to be changed to; nothing else is done."""
    keys: list[str] = []

    async def begin(self: KeyRotation, new: Secret, *, by: str) -> None:
        keys.append(new.reveal())

    monkeypatch.setattr(KeyRotation, "begin", begin)
    return keys


def new_key(admin: Visitor) -> str:
    page = admin.post(f"{CHANGE}/new", on=PAGE, password=PASSWORD)
    assert page.status == 200, page.text
    found = _SHOWN.search(page.html)
    assert found
    return found[1]


def enter(admin: Visitor, key: str) -> Page:
    return admin.post(CHANGE, on=CHANGE, key=key)


def test_the_new_key_is_shown_once_and_begins_when_it_is_entered(admin: Visitor, begun: list[str]) -> None:
    key = new_key(admin)
    assert passphrase_fingerprint(Secret(key)) in admin.get(CHANGE).text
    for path in (PAGE, CHANGE, "/admin"):
        assert key not in admin.get(path).html
    assert key not in str(admin.cookies())
    assert begun == []

    assert enter(admin, f" {key} ").leads_to == PAGE

    assert begun == [key]
    assert admin.get(CHANGE).leads_to == PAGE, "it is not begun twice"


def test_what_is_entered_must_be_the_key_that_was_shown(admin: Visitor, begun: list[str]) -> None:
    key = new_key(admin)
    for entered in ("", key[:-1], KEY.reveal(), "a weak key of my own that is long enough"):
        page = enter(admin, entered)
        assert page.status == 422
        assert "That is another key" in page.text
        assert not entered or entered not in page.html
    assert begun == []


def test_without_a_key_that_was_shown_nothing_begins(admin: Visitor, begun: list[str]) -> None:
    assert admin.get(CHANGE).leads_to == PAGE
    page = admin.post(CHANGE, on=PAGE, key="a key of my own, which is long enough for it")
    assert "Make a new key" in admin.follow(page).text
    assert begun == []


def test_it_asks_for_the_password(admin: Visitor) -> None:
    page = admin.post(f"{CHANGE}/new", on=PAGE, password="not this one")
    assert page.status == 422
    assert "This is not your password" in page.text
    assert not _SHOWN.search(page.html)


def test_what_refuses_it_is_told(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(self: KeyRotation, new: Secret, *, by: str) -> None:
        raise RotationRunning

    monkeypatch.setattr(KeyRotation, "begin", begin)
    page = enter(admin, new_key(admin))

    assert page.status == 409
    assert "The key is being changed already" in page.text


def test_a_confirmation_of_nothing_is_told(admin: Visitor) -> None:
    page = admin.follow(admin.post(f"{CHANGE}/confirm", on=PAGE))
    assert "There is no change of the key to confirm" in page.text


def test_it_is_for_admins_alone(shop: Shop) -> None:
    assert shop.visitor().get(CHANGE).leads_to.startswith("/admin/login")


@pytest.mark.slow
def test_from_one_key_to_the_other(key_settings: Settings, shop_file_with_admin: Path, tmp_path: Path) -> None:
    """With a restart in between, as an admin does it."""
    encrypted_copy(shop_file_with_admin, tmp_path / "shop.db")
    key_settings = replace(key_settings, database_path=tmp_path / "shop.db")
    with running(key_settings) as shop:
        admin = shop.visitor()
        admin.sign_in()
        admin.post(f"{PAGE}/kept", on=PAGE, key=KEY.reveal())
        key = new_key(admin)
        admin.follow(enter(admin, key))
        deadline = time.monotonic() + 120
        while "The key was changed" not in (page := admin.get(PAGE)).text:
            assert time.monotonic() < deadline, page.text
            assert "could not be changed" not in page.text
        assert "The server does not know the new key yet" in page.text
        assert passphrase_fingerprint(Secret(key)) in page.text
        assert "Not shown yet" not in page.text, "it was entered from where it is kept"
        assert "The key was changed on" in admin.get("/admin").text
        refused = admin.follow(admin.post(f"{CHANGE}/confirm", on=PAGE))
        assert "SECRET_KEY_DB is not the key" in refused.text
        cookies = admin.client.cookies
    with running(replace(key_settings, secret_key_db=Secret(key))) as shop:
        admin = shop.visitor()
        admin.client.cookies.update(cookies)
        told = admin.get(PAGE).text
        assert "This server was started with the new key" in told
        assert "No kept backup needs it." in told, "it is said how many need the former key"
        page = admin.follow(admin.post(f"{CHANGE}/confirm", on=PAGE, remove_former="yes"))
        assert "The change of the key is confirmed" in page.text
        assert "Make a new key" in page.text
    assert identify(key_settings.database_path, Secret(key))
    assert not list(key_settings.database_path.parent.glob("*-former/*.db"))
