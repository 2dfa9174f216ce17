"""A change of SECRET_KEY_BASE as browsers notice it: not at all, as long as the former one is named."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from berrypod.keys.base_key import renew
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from tests.web.admin.conftest import _CSRF, Shop, Visitor, running

OLD, NEW = Secret("the key base of the tests, from before"), Secret("a new key base of the tests, just as long")
FORM, WITH_FORM = "/admin/account/authenticator/cancel", "/admin/account"


@dataclass(frozen=True)
class Before:
    """What a browser has from before the change: its cookies, and the token of a form on a page that is open.

    `other` is the token of another visitor.
    """

    settings: Settings
    cookies: httpx.Cookies
    token: str
    other: str


def token_on(visitor: Visitor, path: str) -> str:
    found = _CSRF.search(visitor.get(path).html)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, shop_file_with_admin: Path) -> Before:
    path = tmp_path_factory.mktemp("former") / "shop.db"
    shutil.copyfile(shop_file_with_admin, path)
    settings = Settings(environment="test", database_path=path, secret_key_base=OLD)
    with running(settings) as shop:
        visitor = shop.visitor()
        assert visitor.sign_in().status == 303
        token = token_on(visitor, WITH_FORM)
        return Before(settings, visitor.client.cookies, token, token_on(shop.visitor(), "/admin/login"))


@pytest.fixture(scope="module")
def between(before: Before) -> Iterator[Shop]:
    """The shop with the new key, and the former one beside it."""
    with running(replace(before.settings, secret_key_base=NEW, secret_key_base_former=(OLD,))) as shop:
        yield shop


@pytest.fixture(scope="module")
def after(before: Before) -> Iterator[Shop]:
    """The shop with the new key alone."""
    with running(replace(before.settings, secret_key_base=NEW)) as shop:
        yield shop


def back(shop: Shop, cookies: httpx.Cookies) -> Visitor:
    """A browser that has been there before."""
    visitor = shop.visitor()
    visitor.client.cookies.update(cookies)
    return visitor


def sent(visitor: Visitor, token: str) -> int:
    return visitor.client.post(FORM, data={"_csrf_token": token}).status_code


def test_sessions_go_on_and_are_under_the_new_key_from_then_on(before: Before, between: Shop, after: Shop) -> None:
    visitor = back(between, before.cookies)
    assert visitor.get("/admin").status == 200

    assert back(after, visitor.client.cookies).get("/admin").status == 200


def test_without_the_former_key_they_end(before: Before, after: Shop) -> None:
    assert back(after, before.cookies).get("/admin").leads_to.startswith("/admin/login")


def test_a_form_that_was_open_during_the_change_can_be_sent(before: Before, between: Shop, after: Shop) -> None:
    assert sent(back(between, before.cookies), before.token) == 303


def test_the_cookie_of_forms_is_renewed_with_the_next_page(before: Before, between: Shop, after: Shop) -> None:
    visitor = back(between, before.cookies)
    token = token_on(visitor, WITH_FORM)
    assert token != before.token

    later = back(after, visitor.client.cookies)
    assert token_on(later, WITH_FORM) == token
    assert sent(later, token) == 303


def test_forged_forms_are_refused_as_ever(before: Before, between: Shop) -> None:
    for forged in ("", "short", "é" * 128, "0" * 128, "0" * 64, before.other):
        assert sent(back(between, before.cookies), forged) == 403, forged


def test_sessions_that_were_ended_with_the_change_are_over(before: Before, tmp_path: Path) -> None:
    shutil.copyfile(before.settings.database_path, tmp_path / "shop.db")
    between = replace(
        before.settings, database_path=tmp_path / "shop.db", secret_key_base=NEW, secret_key_base_former=(OLD,)
    )

    async def run() -> int:
        database = Database(between)
        await database.open()
        try:
            return (await renew(database, end_sessions=True)).sessions_ended
        finally:
            await database.close()

    assert asyncio.run(run()) == 1
    with running(between) as shop:
        assert back(shop, before.cookies).get("/admin").leads_to.startswith("/admin/login")
