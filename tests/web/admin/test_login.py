"""Signing in and out in a browser."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from pyotp.totp import TOTP

from berrypod.accounts.throttle import ADDRESS
from berrypod.events import AdminSignedIn, AdminSignedOut, AdminSignInFailed
from berrypod.settings import Secret, Settings
from berrypod.web.admin import state
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.web.admin.conftest import Shop, Visitor, running

NEW_PASSWORD = "four plums on a plate"


def _code(secret: str) -> str:
    return TOTP(secret).at(datetime.now(UTC))


def test_whoever_is_not_signed_in_is_led_to_the_login_and_then_on(visitor: Visitor) -> None:
    page = visitor.get("/admin/tokens?x=1")
    assert page.leads_to == "/admin/login?next=/admin/tokens%3Fx%3D1"
    form = visitor.follow(page)
    assert 'name="next" value="/admin/tokens?x=1"' in form.html
    assert visitor.sign_in(next="/admin/tokens?x=1").leads_to == "/admin/tokens?x=1"


def test_the_right_password_leads_to_the_dashboard(visitor: Visitor) -> None:
    page = visitor.sign_in()
    assert page.leads_to == "/admin"
    assert "Hello, Ana" in visitor.follow(page).text


def test_a_wrong_password_and_an_unknown_address_get_the_same_page(shop: Shop) -> None:
    pages = [shop.visitor().sign_in(email, "a wrong guess!!") for email in (EMAIL, "nob@example.com")]
    assert [page.status for page in pages] == [401, 401]
    assert pages[0].text == pages[1].text
    assert "The e-mail address or the password is wrong" in pages[0].text


def test_what_was_typed_comes_back_but_for_the_password(visitor: Visitor) -> None:
    page = visitor.sign_in("ana@exmaple.com", "a wrong guess!!")
    assert 'value="ana@exmaple.com"' in page.html
    assert "a wrong guess!!" not in page.html


@pytest.mark.usefixtures("no_wait_ends")
def test_too_many_attempts_get_429_and_when_to_come_back(visitor: Visitor) -> None:
    for _ in range(ADDRESS.free):
        assert visitor.sign_in(password="a wrong guess!!").status == 401
    page = visitor.sign_in()
    assert page.status == 429
    assert page.response.headers["retry-after"] == "2"
    assert "Too many attempts to sign in Wait 2 seconds and try again." in page.text


@pytest.mark.usefixtures("no_wait_ends")
def test_a_browser_that_is_known_is_not_held_up_by_strangers_on_its_address(shop: Shop) -> None:
    known, stranger = shop.visitor(), shop.visitor()
    known.sign_in()
    known.post("/admin/logout", on="/admin/account")
    for _ in range(ADDRESS.free + 1):
        stranger.sign_in(password="a wrong guess!!")
    assert stranger.sign_in().status == 429
    assert known.sign_in().status == 303


def test_with_a_second_factor_the_password_alone_opens_nothing(shop: Shop, visitor: Visitor) -> None:
    secret = shop.with_totp()
    page = visitor.sign_in(next="/admin/plugins")
    assert page.leads_to == "/admin/login/code"
    assert visitor.get("/admin").leads_to.startswith("/admin/login")
    wrong = visitor.post("/admin/login/code", on="/admin/login/code", code="000000")
    assert wrong.status == 401
    assert "That code is not right" in wrong.text
    assert visitor.post("/admin/login/code", on="/admin/login/code", code=_code(secret)).leads_to == "/admin/plugins"
    assert visitor.get("/admin").status == 200


def test_a_code_that_was_used_opens_no_second_session(shop: Shop) -> None:
    code = _code(shop.with_totp())
    first, second = shop.visitor(), shop.visitor()
    for browser in (first, second):
        browser.sign_in()
    assert first.post("/admin/login/code", on="/admin/login/code", code=code).status == 303
    assert second.post("/admin/login/code", on="/admin/login/code", code=code).status == 401


def test_a_recovery_code_opens_a_session_once(shop: Shop) -> None:
    shop.with_totp()
    codes = shop.outside(lambda accounts: accounts.totp.renew_recovery_codes(1))
    outcomes: list[int] = []
    for _ in range(2):
        browser = shop.visitor()
        browser.sign_in()
        page = browser.get("/admin/login/code?recovery=1")
        assert "One of your recovery codes" in page.text
        outcomes.append(browser.post("/admin/login/code", on="/admin/login/code", code=codes[0], recovery="1").status)
    assert outcomes == [303, 401]


@pytest.mark.usefixtures("no_wait_ends")
def test_codes_are_not_guessed_by_sending_an_old_cookie_again(shop: Shop, visitor: Visitor) -> None:
    """The count of attempts is not in the cookie, which could be turned back."""
    shop.with_totp()
    visitor.sign_in()
    cookies = visitor.cookies()
    statuses: list[int] = []
    for _ in range(8):
        browser = shop.visitor()
        for name, value in cookies.items():
            browser.client.cookies.set(name, value, domain="shop.test")
        statuses.append(browser.post("/admin/login/code", on="/admin/login/code", code="000000").status)
    assert statuses == [401] * 5 + [429] * 3


def test_the_second_step_waits_ten_minutes_and_no_longer(
    shop: Shop, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = shop.with_totp()
    monkeypatch.setattr(state, "STEP_GOOD_FOR", timedelta(seconds=-1))
    visitor.sign_in()
    assert visitor.get("/admin/login/code").leads_to == "/admin/login"
    page = visitor.post("/admin/login/code", code=_code(secret))
    assert page.leads_to == "/admin/login"
    assert "Please sign in again" in visitor.follow(page).text


def test_the_second_step_is_void_after_a_change_of_the_password(shop: Shop, visitor: Visitor) -> None:
    secret = shop.with_totp()
    visitor.sign_in()
    shop.outside(lambda accounts: accounts.admins.change_password(1, NEW_PASSWORD))
    page = visitor.post("/admin/login/code", on="/admin/login/code", code=_code(secret))
    assert page.leads_to == "/admin/login"
    assert visitor.get("/admin").status == 303


def test_without_a_first_step_there_is_no_second(visitor: Visitor) -> None:
    assert visitor.get("/admin/login/code").leads_to == "/admin/login"
    assert visitor.post("/admin/login/code", code="000000").leads_to == "/admin/login"


def test_whoever_is_signed_in_is_not_asked_again(admin: Visitor) -> None:
    assert admin.get("/admin/login?next=/admin/plugins").leads_to == "/admin/plugins"


def test_every_sign_in_gets_a_session_of_its_own_and_keeps_nothing_from_before(shop: Shop) -> None:
    """Session fixation: a cookie that an attacker planted before the sign-in is worth nothing after it."""
    attacker, victim = shop.visitor(), shop.visitor()
    attacker.sign_in()
    planted = attacker.cookies()["berrypod_admin"]
    attacker.post("/admin/logout", on="/admin/account")
    victim.client.cookies.set("berrypod_admin", planted, domain="shop.test", path="/admin")
    victim.sign_in()
    assert victim.cookies()["berrypod_admin"] != planted
    assert victim.get("/admin").status == 200
    attacker.client.cookies.set("berrypod_admin", planted, domain="shop.test", path="/admin")
    assert attacker.get("/admin").status == 303
    assert len(shop.outside(lambda accounts: accounts.sessions.list(1))) == 1


def test_after_signing_out_the_old_cookie_opens_nothing(shop: Shop, admin: Visitor) -> None:
    kept = admin.cookies()["berrypod_admin"]
    page = admin.post("/admin/logout", on="/admin/account")
    assert "You are signed out." in admin.follow(page).text
    thief = shop.visitor()
    thief.client.cookies.set("berrypod_admin", kept, domain="shop.test", path="/admin")
    assert thief.get("/admin").status == 303


def test_signing_out_everywhere_ends_all_sessions_at_once(shop: Shop, admin: Visitor) -> None:
    other = shop.visitor()
    other.sign_in()
    page = admin.post("/admin/logout-everywhere", on="/admin/account")
    assert "all 2 sessions have ended" in admin.follow(page).text
    assert other.get("/admin").status == 303


def test_a_link_cannot_sign_anybody_out(admin: Visitor) -> None:
    assert admin.get("/admin/logout").status in (404, 405)
    assert admin.get("/admin").status == 200


def test_a_session_that_another_process_ended_is_out_at_once(shop: Shop, admin: Visitor) -> None:
    assert admin.get("/admin").status == 200
    shop.outside(lambda accounts: accounts.sessions.revoke_all(1))
    assert admin.get("/admin").status == 303


def test_an_admin_who_is_disabled_is_out_at_once_and_gets_in_no_more(shop: Shop, admin: Visitor) -> None:
    shop.outside(lambda accounts: accounts.admins.create(email="ben@example.com", password=PASSWORD))
    shop.outside(lambda accounts: accounts.admins.disable(1))
    assert admin.get("/admin").status == 303
    assert admin.sign_in().status == 401


@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_the_cookies_have_their_flags(encrypted_settings: Settings, environment: str) -> None:
    settings = Settings(
        environment="prod" if environment == "prod" else "dev",
        database_path=encrypted_settings.database_path,
        secret_key_db=encrypted_settings.secret_key_db,
        secret_key_base=Secret("a key base of the tests, long"),
    )
    with running(settings) as shop:
        shop.outside(lambda accounts: accounts.admins.create(email=EMAIL, password=PASSWORD))
        visitor = shop.visitor()
        found = visitor.get("/admin/login").response.headers.get_list("set-cookie")
        found += visitor.sign_in().response.headers.get_list("set-cookie")
    by_name = {cookie.partition("=")[0]: cookie.lower() for cookie in found}
    csrf = "__Host-berrypod_csrf" if environment == "prod" else "berrypod_csrf"
    assert {"berrypod_admin", "berrypod_device", csrf} == set(by_name)
    for cookie in by_name.values():
        assert "httponly" in cookie
        assert "samesite=" in cookie
        assert "samesite=none" not in cookie
        assert ("secure" in cookie) is (environment == "prod")
    assert "path=/admin;" in by_name["berrypod_admin"] + ";"
    assert "path=/admin/login;" in by_name["berrypod_device"] + ";"
    assert "samesite=strict" in by_name["berrypod_device"]
    assert "path=/;" in by_name[csrf] + ";"
    assert "domain=" not in by_name[csrf]


def test_observers_are_told_who_signed_in_and_of_failures_without_what_was_typed(shop: Shop, visitor: Visitor) -> None:
    visitor.sign_in("secret typed in the wrong field", "a wrong guess!!")
    visitor.sign_in()
    visitor.post("/admin/logout", on="/admin/account")
    by_kind = {type(event): event.as_dict() for event in shop.told()}
    failed, signed_in = by_kind[AdminSignInFailed], by_kind[AdminSignedIn]
    assert (failed["reason"], failed["actor"], failed["address"]) == ("password", None, "testclient")
    assert (signed_in["email"], signed_in["actor"]) == (EMAIL, f"admin:{EMAIL}")
    assert by_kind[AdminSignedOut]["actor"] == f"admin:{EMAIL}"
    told = str([event.as_dict() for event in shop.told()])
    assert "secret typed" not in told
    assert "wrong guess" not in told


def test_no_secret_gets_into_the_log(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = shop.with_totp()
    code = _code(secret)
    browser = shop.visitor()
    browser.sign_in(password="a wrong guess!!")
    browser.sign_in()
    browser.post("/admin/login/code", on="/admin/login/code", code="000000")
    browser.post("/admin/login/code", on="/admin/login/code", code=code)
    assert browser.get("/admin").status == 200
    written = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for kept in (PASSWORD, "a wrong guess!!", secret, browser.cookies()["berrypod_admin"]):
        assert kept not in written
