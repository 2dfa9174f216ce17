"""The first run in a browser: the link, the first admin, and a door that closes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypod.events import AdminCreated, AdminSignedIn
from berrypod.settings import Secret, Settings
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.web.admin.conftest import Shop, Visitor, running

FIELDS = {"email": EMAIL, "name": "Ana", "password": PASSWORD, "password_again": PASSWORD}


@pytest.fixture
def new_shop(tmp_path: Path, empty_shop_file: Path) -> Iterator[Shop]:
    path = tmp_path / "new.db"
    shutil.copyfile(empty_shop_file, path)
    with running(Settings(environment="test", database_path=path, secret_key_base=Secret("k" * 40))) as shop:
        yield shop


def _link(shop: Shop) -> str:
    link = shop.outside(lambda accounts: accounts.setup.link())
    assert link
    return link


def _opened(shop: Shop) -> Visitor:
    visitor = shop.visitor()
    visitor.follow(visitor.get(_link(shop)))
    return visitor


def test_the_link_that_another_process_printed_opens_the_form_and_leaves_the_address_bar(new_shop: Shop) -> None:
    visitor, link = new_shop.visitor(), _link(new_shop)
    page = visitor.get(link)
    assert page.leads_to == "/admin/setup"
    form = visitor.follow(page)
    assert "Who looks after this shop?" in form.text
    assert link.partition("=")[2] not in form.html


def test_the_first_admin_is_made_and_signed_in(new_shop: Shop) -> None:
    visitor = _opened(new_shop)
    page = visitor.post("/admin/setup", on="/admin/setup", **FIELDS)
    assert page.leads_to == "/admin"
    assert "Hello, Ana" in visitor.follow(page).text
    made, signed_in = (event for event in new_shop.told() if isinstance(event, AdminCreated | AdminSignedIn))
    assert made.email == signed_in.email == EMAIL


def test_after_the_first_admin_the_same_link_opens_nothing(new_shop: Shop) -> None:
    link = _link(new_shop)
    first, second = new_shop.visitor(), new_shop.visitor()
    for visitor in (first, second):
        visitor.follow(visitor.get(link))
    assert first.post("/admin/setup", on="/admin/setup", **FIELDS).status == 303
    refused = second.post("/admin/setup", on="/admin/login", **{**FIELDS, "email": "eve@example.com"})
    assert refused.status == 403
    assert "The shop is set up already" in refused.text
    assert second.get(link).status == 403
    assert len(new_shop.outside(lambda accounts: accounts.admins.list())) == 1


@pytest.mark.parametrize("path", ["/admin/setup", "/admin/setup?token=", "/admin/setup?token=guessed"])
def test_without_a_good_link_there_is_no_form(new_shop: Shop, path: str) -> None:
    _link(new_shop)
    page = new_shop.visitor().get(path)
    assert page.status == 403
    assert "This takes the set-up link" in page.text
    assert "<form" not in page.html


def test_without_a_good_link_nothing_can_be_sent(new_shop: Shop) -> None:
    assert new_shop.visitor().post("/admin/setup", **FIELDS).status == 403
    assert not new_shop.outside(lambda accounts: accounts.admins.any())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "short", "password_again": "short"}, "At least 12 characters"),
        ({"password_again": "something else!"}, "This is not the same as above."),
        ({"email": "nobody"}, "E-mail address :"),
    ],
)
def test_what_cannot_be_accepted_is_told_beside_its_field(new_shop: Shop, change: dict[str, str], words: str) -> None:
    page = _opened(new_shop).post("/admin/setup", on="/admin/setup", **{**FIELDS, **change})
    assert page.status == 422
    assert words in page.text
    assert 'value="Ana"' in page.html
    assert PASSWORD not in page.html


def test_the_login_of_a_new_shop_tells_how_to_begin(new_shop: Shop) -> None:
    assert "This shop has no admin yet" in new_shop.visitor().get("/admin/login").text


def test_a_set_up_link_signs_nobody_out(admin: Visitor) -> None:
    assert admin.get("/admin/setup?token=from-a-stranger").status == 403
    assert admin.get("/admin").status == 200
