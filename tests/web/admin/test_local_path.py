"""Where a sign-in may lead: pages of the administration, and nowhere else."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypod.web.admin.local_path import local_path
from tests.web.admin.conftest import Visitor

FOREIGN = (
    "https://evil.example/admin",
    "//evil.example/admin",
    "///evil.example/admin",
    "/\\evil.example/admin",
    "\\\\evil.example/admin",
    "https:evil.example",
    "javascript:alert(1)",
    "/admin/\t/evil.example",
    "/\t/evil.example",
    "/admin\r\nSet-Cookie: a=b",
    " https://evil.example",
    "/admin/../../evil",
    "/admin/%2e%2e/%2e%2e/evil",
    "/admin//evil.example",
    "/administrator",
    "/basket",
    "/admin/logout",
    "/admin/login?next=/admin",
    "admin",
    "http://[evil",
    "/admin/ünïcode",
    "",
    "/admin/" + "x" * 3_000,
)


@pytest.mark.parametrize("value", FOREIGN)
def test_a_foreign_address_is_replaced_by_the_dashboard(value: str) -> None:
    assert local_path(value) == "/admin"


@pytest.mark.parametrize(
    "value", ["/admin", "/admin/backup", "/admin/tokens?page=2&x=a%20b", "/admin/account#sessions"]
)
def test_a_page_of_the_administration_is_followed(value: str) -> None:
    assert local_path(value) == value


@given(st.text(alphabet="/\\:admin.evl?#@%\t\r\n hts[]", max_size=30) | st.text(max_size=30))
def test_whatever_comes_in_a_browser_stays_on_this_host_and_in_the_administration(value: str) -> None:
    target = urljoin("https://shop.test/admin/login", local_path(value))
    parts = urlsplit(target)
    assert (parts.scheme, parts.netloc) == ("https", "shop.test")
    assert parts.path == "/admin" or parts.path.startswith("/admin/")


@pytest.mark.parametrize("value", FOREIGN[:8])
def test_no_sign_in_leads_away(visitor: Visitor, value: str) -> None:
    assert visitor.sign_in(next=value).leads_to == "/admin"
