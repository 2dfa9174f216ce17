"""No form of the administration is accepted without the token of a page of this shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from litestar import Router
from litestar.routes import HTTPRoute

from berrypod.settings import Secret, Settings
from berrypod.web.admin import handlers
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.web.admin.conftest import ORIGIN, Shop, Visitor, running


def _posts() -> Iterator[str]:
    for route in Router("/", route_handlers=list(handlers)).routes:
        if isinstance(route, HTTPRoute) and "POST" in route.methods:
            yield route.path.replace("{session_id:int}", "1").replace("{token_id:int}", "1")


POSTS = sorted(_posts())


def test_there_are_forms_to_test() -> None:
    assert {"/admin/login", "/admin/logout", "/admin/tokens", "/admin/setup", "/admin/account/password"} < set(POSTS)


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_token_or_with_a_foreign_one_is_refused(shop: Shop, admin: Visitor, path: str) -> None:
    """Also one with a token that is genuine, but of another browser: an attacker gets as many as he likes."""
    attacker = shop.visitor()
    attacker.get("/admin/login")
    genuine = attacker.client.cookies["berrypod_csrf"]
    for fields in ({}, {"_csrf_token": ""}, {"_csrf_token": "x" * 128}, {"_csrf_token": genuine}):
        answer = admin.client.post(
            path,
            data={"email": EMAIL, "password": PASSWORD, **fields},
            headers={"accept": "text/html", "origin": "https://evil.example"},
        )
        assert answer.status_code == 403, fields
        assert "The form is no longer valid" in answer.text
    assert admin.get("/admin").status == 200
    assert len(shop.outside(lambda accounts: accounts.sessions.list(1))) == 1


def test_a_genuine_form_is_accepted(admin: Visitor) -> None:
    assert admin.post("/admin/account/authenticator/cancel", on="/admin/account").status == 303


def test_json_in_place_of_a_form_does_not_get_around_the_token(admin: Visitor) -> None:
    answer = admin.client.post("/admin/logout", json={}, headers={"origin": ORIGIN})
    assert answer.status_code == 403


def test_in_production_no_other_host_can_plant_the_token(encrypted_settings: Settings) -> None:
    """Browsers take a cookie with the prefix `__Host-` from the host itself alone, and only with these flags."""
    settings = replace(encrypted_settings, environment="prod", secret_key_base=Secret("a key base of the tests, long"))
    with running(settings) as shop:
        shop.outside(lambda accounts: accounts.admins.create(email=EMAIL, password=PASSWORD))
        attacker, visitor = shop.visitor(), shop.visitor()
        attacker.get("/admin/login")
        planted = attacker.client.cookies["__Host-berrypod_csrf"]
        form = {"email": EMAIL, "password": PASSWORD, "_csrf_token": planted}
        visitor.get("/admin/login")
        mine = visitor.client.cookies["__Host-berrypod_csrf"]
        visitor.client.cookies.set("berrypod_csrf", planted, domain="shop.test", path="/")
        refused = visitor.client.post("/admin/login", data=form, headers={"accept": "text/html"})
        assert refused.status_code == 403
        (taken_away,) = refused.headers.get_list("set-cookie")
        assert taken_away.startswith('__Host-berrypod_csrf="";')
        assert {"max-age=0", "path=/", "secure", "httponly"} <= set(taken_away.lower().split("; "))
        assert mine != planted
        assert visitor.sign_in().status == 303
