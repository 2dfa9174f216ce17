"""A change of SECRET_KEY_BASE as browsers notice it: not at all, as long as the former one is named."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from berrypod.keys.base_key import renew
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from tests.web.admin.conftest import _CSRF, Shop, Visitor, running

NEW = Secret("a new key base of the tests, just as long")


@pytest.fixture
def between(admin_settings: Settings) -> Settings:
    return replace(admin_settings, secret_key_base=NEW, secret_key_base_former=(admin_settings.secret_key_base,))


@pytest.fixture
def after(admin_settings: Settings) -> Settings:
    return replace(admin_settings, secret_key_base=NEW)


@contextmanager
def visited(settings: Settings, cookies: httpx.Cookies) -> Generator[tuple[Shop, Visitor]]:
    """The shop under these settings, in a browser that has been there before."""
    with running(settings) as shop:
        visitor = shop.visitor()
        visitor.client.cookies.update(cookies)
        yield shop, visitor


def token_on(visitor: Visitor, path: str) -> str:
    found = _CSRF.search(visitor.get(path).html)
    assert found
    return found[1]


def test_sessions_go_on_and_are_under_the_new_key_from_then_on(
    admin_settings: Settings, between: Settings, after: Settings
) -> None:
    with running(admin_settings) as shop:
        visitor = shop.visitor()
        assert visitor.sign_in().status == 303
        cookies = visitor.client.cookies
    with visited(between, cookies) as (_, visitor):
        assert visitor.get("/admin").status == 200
        cookies = visitor.client.cookies
    with visited(after, cookies) as (_, visitor):
        assert visitor.get("/admin").status == 200


def test_without_the_former_key_they_end(admin_settings: Settings, after: Settings) -> None:
    with running(admin_settings) as shop:
        visitor = shop.visitor()
        visitor.sign_in()
        cookies = visitor.client.cookies
    with visited(after, cookies) as (_, visitor):
        assert visitor.get("/admin").leads_to.startswith("/admin/login")


def test_sessions_that_were_ended_with_the_change_are_over(admin_settings: Settings, between: Settings) -> None:
    with running(admin_settings) as shop:
        visitor = shop.visitor()
        visitor.sign_in()
        cookies = visitor.client.cookies

    async def run() -> int:
        database = Database(between)
        await database.open()
        try:
            return (await renew(database, end_sessions=True)).sessions_ended
        finally:
            await database.close()

    assert asyncio.run(run()) == 1
    with visited(between, cookies) as (_, visitor):
        assert visitor.get("/admin").leads_to.startswith("/admin/login")


def test_a_form_that_was_open_during_the_change_can_be_sent(admin_settings: Settings, between: Settings) -> None:
    with running(admin_settings) as shop:
        visitor = shop.visitor()
        visitor.sign_in()
        token, cookies = token_on(visitor, "/admin/account"), visitor.client.cookies
    with visited(between, cookies) as (_, visitor):
        sent = visitor.client.post("/admin/logout", data={"_csrf_token": token})
        assert sent.status_code == 303


def test_the_cookie_of_forms_is_renewed_with_the_next_page(
    admin_settings: Settings, between: Settings, after: Settings
) -> None:
    with running(admin_settings) as shop:
        visitor = shop.visitor()
        old, cookies = token_on(visitor, "/admin/login"), visitor.client.cookies
    with visited(between, cookies) as (_, visitor):
        new = token_on(visitor, "/admin/login")
        assert new != old
        cookies = visitor.client.cookies
    with visited(after, cookies) as (_, visitor):
        assert token_on(visitor, "/admin/login") == new
        assert visitor.sign_in().status == 303


@pytest.mark.parametrize("forged", ["", "short", "é" * 128, "0" * 128, "0" * 64])
def test_a_forged_form_is_refused_as_ever(admin_settings: Settings, between: Settings, forged: str) -> None:
    with running(admin_settings) as shop:
        visitor = shop.visitor()
        visitor.sign_in()
        cookies = visitor.client.cookies
    with visited(between, cookies) as (_, visitor):
        assert visitor.client.post("/admin/logout", data={"_csrf_token": forged}).status_code == 403


def test_a_token_of_another_visitor_is_refused(admin_settings: Settings, between: Settings) -> None:
    with running(admin_settings) as shop:
        other = token_on(shop.visitor(), "/admin/login")
        visitor = shop.visitor()
        visitor.sign_in()
        cookies = visitor.client.cookies
    with visited(between, cookies) as (_, visitor):
        assert visitor.client.post("/admin/logout", data={"_csrf_token": other}).status_code == 403
