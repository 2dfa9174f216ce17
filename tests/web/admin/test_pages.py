"""What holds for every page: the strict policy is kept, the reader knows where he is, nothing is cached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from berrypod.settings import Secret, Settings
from tests.conftest import KEY
from tests.web.admin.conftest import Page, Shop, Visitor, running

PAGES = ("/admin", "/admin/backup", "/admin/account", "/admin/tokens", "/admin/plugins")
ENTRANCES = ("/admin/login", "/admin/login/code", "/admin/setup", "/admin/no/such/page")

# A tag without an end tag.
_VOID = {"meta", "link", "input", "br", "hr", "img"}


class _Reader(HTMLParser):
    """Notes what a page is made of, and tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unmatched: list[str] = []
        self.feed(html)
        self.unmatched += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in _VOID:
            self.unmatched.append(f"/{tag}")


def _check(page: Page) -> None:
    reader = _Reader(page.html)
    assert not reader.unmatched
    for tag, attributes in reader.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag not in ("style", "base", "iframe", "object"), tag
        assert tag != "script" or (attributes.get("src") or "").startswith(("/static/", "/admin/")), tag
        for name in ("href", "src", "action"):
            assert not re.match(r"(?i)(https?:)?//|javascript:|data:", attributes.get(name) or ""), (tag, attributes)
        if tag == "form" and attributes.get("method") == "post":
            assert attributes.get("action"), "a form says where it goes"
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), "every id once"
    fields = {attributes.get("for") for tag, attributes in reader.tags if tag == "label" and "for" in attributes}
    assert fields <= set(ids), "every label has its field"
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    assert "{{" not in page.html
    policy = page.response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_keeps_the_policy_and_is_whole(admin: Visitor, path: str) -> None:
    page = admin.get(path)
    assert page.status == 200
    _check(page)
    assert f'href="{path}" aria-current="page"' in page.html, "the menu shows where the reader is"
    assert 'class="skip-link" href="#main"' in page.html
    assert " · Berrypod</title>" in page.html


@pytest.mark.parametrize("path", ENTRANCES)
def test_a_page_before_the_sign_in_keeps_it_too(shop: Shop, visitor: Visitor, path: str) -> None:
    if path.endswith("code"):
        shop.with_totp()
        visitor.sign_in()
    _check(visitor.get(path))


def test_states_of_pages_keep_it_too(shop: Shop, admin: Visitor) -> None:
    _check(admin.post("/admin/tokens", on="/admin/tokens", name="", expires_in="30"))
    _check(admin.post("/admin/tokens", on="/admin/tokens", name="x", scopes="stats:read", expires_in="30"))
    _check(admin.get("/admin/tokens"))
    _check(admin.post("/admin/account/password", on="/admin/account", password="x"))
    shop.with_totp()
    _check(admin.get("/admin/account"))
    _check(shop.visitor().sign_in(password="a wrong guess!!"))


def test_a_message_is_shown_once(admin: Visitor) -> None:
    admin.post("/admin/logout-everywhere", on="/admin/account")
    assert "You are signed out everywhere" in admin.get("/admin/login").text
    assert "You are signed out everywhere" not in admin.get("/admin/login").text


@pytest.fixture
def careless(admin_settings: Settings) -> Iterator[Shop]:
    """A development shop with nothing set."""
    with running(Settings(database_path=admin_settings.database_path)) as shop:
        yield shop


def test_the_dashboard_tells_what_is_not_safe(careless: Shop) -> None:
    visitor = careless.visitor()
    page = visitor.follow(visitor.sign_in())
    assert "The shop's file is not encrypted" in page.text
    assert "The public development key is in use" in page.text
    assert "Your account has no second factor" in page.text
    _check(page)


def test_the_dashboard_is_quiet_when_all_is_well(encrypted_settings: Settings) -> None:
    settings = Settings(
        environment="test",
        database_path=encrypted_settings.database_path,
        secret_key_db=encrypted_settings.secret_key_db,
        secret_key_base=Secret("k" * 40),
    )
    with running(settings) as shop:
        shop.outside(
            lambda accounts: accounts.admins.create(email="ana@example.com", password="three berries in a bowl")
        )
        visitor = shop.visitor()
        visitor.sign_in()
        shop.with_totp()
        visitor.post("/admin/key/kept", on="/admin/key", key=KEY.reveal())
        assert "Everything is in order." in visitor.get("/admin").text


def test_few_recovery_codes_are_told_in_time(shop: Shop, admin: Visitor) -> None:
    shop.with_totp()
    codes = shop.outside(lambda accounts: accounts.totp.renew_recovery_codes(1))
    assert "recovery code" not in admin.get("/admin").text
    for left, words in (
        (3, "You have 3 recovery codes left"),
        (1, "one recovery code left"),
        (0, "no recovery codes left"),
    ):
        while shop.outside(lambda accounts: accounts.totp.status(1)).recovery_codes_left > left:
            code, codes = codes[0], codes[1:]
            assert shop.outside(lambda accounts, code=code: accounts.totp.verify(1, code))
        assert words in admin.get("/admin").text
