"""The page of the key: it shows a fingerprint, asks for the key that is kept, and gives nothing away."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypod.events import KeyKept, KeyNotRecognised
from berrypod.settings import Secret, Settings
from berrypod.storage.keys import passphrase_fingerprint
from tests.accounts.conftest import EMAIL
from tests.conftest import KEY
from tests.web.admin.conftest import Shop, Visitor, encrypted_copy, running

PAGE = "/admin/key"
WORDS = "Is the key of the shop kept elsewhere?"


@pytest.fixture(scope="module")
def encrypted_file_with_admin(tmp_path_factory: pytest.TempPathFactory, shop_file_with_admin: Path) -> Path:
    path = tmp_path_factory.mktemp("encrypted-with-admin") / "shop.db"
    encrypted_copy(shop_file_with_admin, path)
    return path


@pytest.fixture
def shop(tmp_path: Path, encrypted_file_with_admin: Path) -> Iterator[Shop]:
    path = tmp_path / "shop.db"
    shutil.copyfile(encrypted_file_with_admin, path)
    base = Secret("a key base of the tests, long")
    with running(Settings(environment="test", database_path=path, secret_key_base=base, secret_key_db=KEY)) as shop:
        yield shop


@pytest.fixture
def admin(shop: Shop) -> Visitor:
    visitor = shop.visitor()
    assert visitor.sign_in().status == 303
    return visitor


def test_the_admin_is_asked_until_the_key_was_shown(shop: Shop, admin: Visitor) -> None:
    assert WORDS in admin.get("/admin").text
    assert "Is the key kept elsewhere, too?" in admin.get("/admin/backup").text
    page = admin.get(PAGE)
    assert "Not shown yet" in page.text
    assert passphrase_fingerprint(KEY) in page.text

    after = admin.follow(admin.post(f"{PAGE}/kept", on=PAGE, key=KEY.reveal()))

    assert "You will not be asked again" in after.text
    assert f"{EMAIL} showed it" in after.text
    assert WORDS not in admin.get("/admin").text
    assert "kept elsewhere, too" not in admin.get("/admin/backup").text
    (event,) = [event for event in shop.told() if isinstance(event, KeyKept)]
    assert (event.actor, event.fingerprint) == (f"admin:{EMAIL}", passphrase_fingerprint(KEY))


def test_another_key_is_told_and_neither_it_nor_the_right_one_is_anywhere(
    shop: Shop, admin: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    entered = "a key of yesterday that somebody kept"
    with caplog.at_level(logging.DEBUG):
        page = admin.post(f"{PAGE}/kept", on=PAGE, key=entered)

    assert page.status == 422
    assert "That is another key" in page.text
    events = [event for event in shop.told() if isinstance(event, KeyNotRecognised)]
    assert len(events) == 1
    for key in (entered, KEY.reveal()):
        assert key not in page.html
        assert key not in caplog.text
        assert key not in repr(events)
        assert key not in str(admin.cookies())


@pytest.mark.usefixtures("no_wait_ends")
def test_guessing_is_made_slow(admin: Visitor) -> None:
    for _ in range(6):
        admin.post(f"{PAGE}/kept", on=PAGE, key="a guess")
    page = admin.post(f"{PAGE}/kept", on=PAGE, key=KEY.reveal())

    assert page.status == 429
    assert "Too many keys were tried" in page.text
    assert int(page.response.headers["retry-after"]) >= 1


def test_it_is_for_admins_alone(shop: Shop) -> None:
    assert shop.visitor().get(PAGE).leads_to.startswith("/admin/login")


def test_a_shop_without_a_key_is_told_what_to_do(one_shop: Shop) -> None:
    visitor = one_shop.visitor()
    visitor.sign_in()
    page = visitor.get(PAGE)

    assert "berrypod db encrypt" in page.text
    assert WORDS not in visitor.get("/admin").text
    assert visitor.post(f"{PAGE}/kept", on=PAGE, key="anything").status == 409
