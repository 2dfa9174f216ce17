"""API tokens in a browser: made, shown once, listed, revoked."""

from __future__ import annotations

import re

import pytest

from berrypod.accounts import SCOPES
from berrypod.events import TokenCreated, TokenRevoked
from tests.accounts.conftest import EMAIL
from tests.web.admin.conftest import Page, Shop, Visitor

TOKENS = "/admin/tokens"

_TOKEN = re.compile(r"bp_[a-z0-9]{8}_[A-Za-z0-9]{43}")


def _made(admin: Visitor, **fields: object) -> Page:
    return admin.post(TOKENS, on=TOKENS, **{"name": "Monitor", "scopes": ["stats:read"], "expires_in": "30", **fields})


def _shown(page: Page) -> str:
    found = _TOKEN.search(page.html)
    assert found, page.text
    return found[0]


def _answer(shop: Shop, token: str) -> int:
    visitor = shop.visitor()
    return visitor.client.get("/api/plugins", headers={"authorization": f"Bearer {token}"}).status_code


def test_a_token_is_shown_once_and_works_until_it_is_revoked(shop: Shop, admin: Visitor) -> None:
    token = _shown(page := _made(admin))
    assert page.response.headers["cache-control"] == "no-store"
    assert _answer(shop, token) == 200
    listing = admin.get(TOKENS)
    assert token not in listing.html
    assert f"bp_{token.split('_')[1]}_…" in listing.html
    assert not _TOKEN.search(str(admin.cookies()))
    revoke = re.search(r'action="(/admin/tokens/\d+/revoke)"', listing.html)
    assert revoke
    assert "“Monitor” is revoked" in admin.follow(admin.post(revoke[1], on=TOKENS)).text
    assert _answer(shop, token) == 401
    assert "Revoked tokens (1)" in admin.get(TOKENS).text


def test_every_scope_is_offered_with_what_it_allows(admin: Visitor) -> None:
    page = admin.get(TOKENS)
    assert re.findall(r'name="scopes" value="([^"]+)"', page.html) == list(SCOPES)


def test_a_token_may_do_what_was_ticked_and_no_more(shop: Shop, admin: Visitor) -> None:
    token = _shown(_made(admin, scopes=["shop:read", "shop:write"]))
    assert _answer(shop, token) == 403


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scopes": []}, "Choose what the token may do."),
        ({"scopes": ["everything"]}, "There is no scope everything."),
        ({"name": " "}, "A name of 1 to 100 characters"),
        ({"expires_in": "1"}, "Choose one of the list."),
        ({"expires_in": "x"}, "Choose one of the list."),
    ],
)
def test_a_form_that_is_refused_comes_back_with_the_reason(
    shop: Shop, admin: Visitor, fields: dict[str, object], words: str
) -> None:
    page = _made(admin, **fields)
    assert page.status == 422
    assert words in page.text
    assert shop.outside(lambda accounts: accounts.tokens.list()) == ()


@pytest.mark.parametrize(("choice", "days"), [("30", 30), ("365", 365), ("never", None)])
def test_a_token_expires_when_it_was_told_to(shop: Shop, admin: Visitor, choice: str, days: int | None) -> None:
    _made(admin, expires_in=choice)
    (record,) = shop.outside(lambda accounts: accounts.tokens.list())
    assert record.created_by == EMAIL
    if days is None:
        assert record.expires_at is None
    else:
        assert record.expires_at
        assert round((record.expires_at - record.created_at).total_seconds() / 86_400) == days


def test_a_name_is_text_and_not_markup(admin: Visitor) -> None:
    page = _made(admin, name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in page.html + admin.get(TOKENS).html
    assert "<script>alert(1)</script>" in page.text


def test_observers_hear_the_prefix_and_never_the_token(shop: Shop, admin: Visitor) -> None:
    token = _shown(_made(admin))
    admin.post("/admin/tokens/1/revoke", on=TOKENS)
    made, revoked = (event for event in shop.told() if isinstance(event, TokenCreated | TokenRevoked))
    assert made.prefix == revoked.prefix == token.split("_")[1]
    assert made.actor == f"admin:{EMAIL}"
    assert token not in str(shop.told())
