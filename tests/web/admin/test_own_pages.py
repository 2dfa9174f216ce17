"""A plugin's page of its own: in the frame of the administration, for admins, with forms that it may read itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from litestar import Request, get, post
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from berrypod.context import PluginContext
from berrypod.hookspecs import hookimpl
from berrypod.plugins import PluginSource
from berrypod.settings import Settings
from berrypod.web.pages import CHECKS_FORM_TOKEN, admin_page, form_token, is_form_token
from tests.web.admin.conftest import Shop, Visitor, running


class _Hens:
    @hookimpl
    def berrypod_route_handlers(self, context: PluginContext) -> Sequence[ControllerRouterHandler]:
        page = context.templates("berrypod.web").from_string(
            '<header class="admin__head"><h1>{{ name }}</h1></header>'
            '<form method="post"><input type="hidden" name="_csrf_token" value="{{ token }}"></form>'
        )

        @get("/admin/backup/hens/{name:str}", include_in_schema=False)
        async def hen(request: Request[Any, Any, Any]) -> Template:
            html = page.render(name=request.path_params["name"], token=form_token(request))
            return await admin_page(request, title="Hens", html=html, style_sheets=["/admin/hens.css?v=1"], status=203)

        @post("/admin/backup/eggs", include_in_schema=False, opt={**CHECKS_FORM_TOKEN}, status_code=200)
        async def eggs(request: Request[Any, Any, Any]) -> bool:
            return is_form_token(request, (await request.body()).decode("latin-1"))

        return [hen, eggs]


@pytest.fixture(scope="module")
def farm(one_shop: Shop) -> Iterator[Shop]:
    settings = Settings(
        environment="test",
        database_path=one_shop.settings.database_path,
        secret_key_base=one_shop.settings.secret_key_base,
    )
    with running(settings, PluginSource.of(_Hens(), "hens")) as shop:
        yield shop


@pytest.fixture
def farmer(farm: Shop, shop: Shop) -> Visitor:
    visitor = farm.visitor()
    assert visitor.sign_in().status == 303
    return visitor


def test_it_has_the_navigation_the_title_and_the_style_sheet(farmer: Visitor) -> None:
    page = farmer.get("/admin/backup/hens/Berta%20%3Cfirst%3E")
    assert page.status == 203
    assert "<h1>Berta &lt;first&gt;</h1>" in page.html
    assert "<title>Hens · " in page.html
    assert '<link rel="stylesheet" href="/admin/hens.css?v=1">' in page.html
    assert 'href="/admin/backup" aria-current="page"' in page.html
    assert "Sign out" in page.text


def test_it_is_for_admins_alone(farm: Shop) -> None:
    page = farm.visitor().get("/admin/backup/hens/Berta")
    assert page.status == 303
    assert page.leads_to.startswith("/admin/login")


def test_a_form_that_is_read_piece_by_piece_is_checked_as_others_are(farm: Shop, farmer: Visitor) -> None:
    farmer.get("/admin/backup/hens/Berta")
    token = farmer.client.cookies["berrypod_csrf"]
    attacker = farm.visitor()
    attacker.get("/admin/login")
    foreign = attacker.client.cookies["berrypod_csrf"]

    def said(text: str) -> bool:
        return farmer.client.post("/admin/backup/eggs", content=text.encode("latin-1")).json()

    assert said(token)
    assert not any(said(text) for text in ("", "x", "ä" * 128, token[:-1], token[:64], "0" * 128, foreign))


def test_a_cookie_that_this_shop_has_not_made_is_worth_nothing(farmer: Visitor) -> None:
    """Who can plant a cookie in a browser can plant the same words in a form."""
    for planted in ("0" * 128, "0" * 64, "x"):
        farmer.client.cookies.delete("berrypod_csrf")
        farmer.client.cookies.set("berrypod_csrf", planted, domain="shop.test", path="/")
        assert farmer.client.post("/admin/backup/eggs", content=planted.encode()).json() is False
