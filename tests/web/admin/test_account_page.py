"""The admin's own account: password, second factor, sessions."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
import segno
from pyotp.totp import TOTP

from berrypod.accounts.throttle import DEVICE
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.web.admin.conftest import Page, Shop, Visitor

ACCOUNT = "/admin/account"
AUTHENTICATOR = "/admin/account/authenticator"
NEW_PASSWORD = "four plums on a plate"

_CODE = re.compile(r"<code>((?:[0-9a-z]{4}-){3}[0-9a-z]{4})</code>")


def _begun(admin: Visitor) -> tuple[Page, str]:
    page = admin.follow(admin.post(AUTHENTICATOR, on=ACCOUNT, password=PASSWORD))
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.html)
    assert found
    return page, found[1].replace(" ", "")


def _now(secret: str) -> str:
    return TOTP(secret).at(datetime.now(UTC))


def test_the_password_is_changed_and_the_other_sessions_end(shop: Shop, admin: Visitor) -> None:
    other = shop.visitor()
    other.sign_in()
    page = admin.post(
        f"{ACCOUNT}/password",
        on=ACCOUNT,
        password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )
    assert "The password is changed." in admin.follow(page).text
    assert other.get(ACCOUNT).status == 303
    assert other.sign_in(password=PASSWORD).status == 401
    assert other.sign_in(password=NEW_PASSWORD).status == 303


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "a wrong guess!!"}, "This is not your password."),
        ({"new_password": "short", "new_password_again": "short"}, "At least 12 characters"),
        ({"new_password_again": "something else!"}, "This is not the same as above."),
    ],
)
def test_a_change_that_is_refused_says_why_and_changes_nothing(
    shop: Shop, admin: Visitor, change: dict[str, str], words: str
) -> None:
    fields = {"password": PASSWORD, "new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD, **change}
    page = admin.post(f"{ACCOUNT}/password", on=ACCOUNT, **fields)
    assert page.status == 422
    assert words in page.text
    assert shop.outside(lambda accounts: accounts.admins.verify(EMAIL, PASSWORD))


@pytest.mark.usefixtures("no_wait_ends")
def test_the_password_cannot_be_guessed_in_a_browser_that_was_left_open(admin: Visitor) -> None:
    statuses = [
        admin.post(AUTHENTICATOR, on=ACCOUNT, password="a wrong guess!!").status for _ in range(DEVICE.free + 1)
    ]
    assert statuses == [422] * DEVICE.free + [429]
    page = admin.post(AUTHENTICATOR, on=ACCOUNT, password=PASSWORD)
    assert page.status == 429
    assert "Too many attempts" in page.text


def test_an_authenticator_is_set_up_with_a_qr_code_and_a_first_code(shop: Shop, admin: Visitor) -> None:
    page, secret = _begun(admin)
    uri = TOTP(secret).provisioning_uri(name=EMAIL, issuer_name="Berrypod")
    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", svgns=False, xmldecl=False, border=4, omitsize=True)
    drawn = re.findall(r' d="([^"]+)"', out.getvalue().decode())
    assert all(path in page.html for path in drawn), "the code in the page is the one that the app needs"
    assert "style=" not in page.html
    confirmed = admin.post(f"{AUTHENTICATOR}/confirm", on=AUTHENTICATOR, code=_now(secret))
    assert "The second factor is on" in confirmed.text
    assert len(set(_CODE.findall(confirmed.html))) == 10
    assert shop.visitor().sign_in().leads_to == "/admin/login/code"


def test_a_wrong_first_code_leaves_it_off_and_the_same_qr_code_there(shop: Shop, admin: Visitor) -> None:
    page, secret = _begun(admin)
    refused = admin.post(f"{AUTHENTICATOR}/confirm", on=AUTHENTICATOR, code="000000")
    assert refused.status == 422
    assert "check the clock of the phone" in refused.text
    assert re.findall(r"<svg class=\"qr.*?</svg>", refused.html) == re.findall(r"<svg class=\"qr.*?</svg>", page.html)
    assert shop.visitor().sign_in().leads_to == "/admin"
    assert admin.post(f"{AUTHENTICATOR}/confirm", on=AUTHENTICATOR, code=_now(secret)).status == 200


def test_cancelled_it_is_forgotten(admin: Visitor) -> None:
    _begun(admin)
    admin.post(f"{AUTHENTICATOR}/cancel", on=AUTHENTICATOR)
    assert admin.get(AUTHENTICATOR).leads_to == f"{ACCOUNT}#authenticator"


def test_neither_secret_nor_recovery_codes_are_shown_a_second_time(admin: Visitor) -> None:
    _, secret = _begun(admin)
    confirmed = admin.post(f"{AUTHENTICATOR}/confirm", on=AUTHENTICATOR, code=_now(secret))
    codes = _CODE.findall(confirmed.html)
    again = admin.post(f"{AUTHENTICATOR}/confirm", on=ACCOUNT, code=_now(secret))
    pages = [again, *(admin.get(path) for path in (ACCOUNT, AUTHENTICATOR, "/admin", "/admin/tokens"))]
    for page in pages:
        assert secret not in page.html.replace(" ", "")
        assert not any(code in page.html for code in codes)
    assert confirmed.response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "form"), [("/disable", "disable"), ("/recovery-codes", "codes"), ("", "authenticator")]
)
def test_nothing_about_the_second_factor_changes_without_the_password(
    shop: Shop, admin: Visitor, path: str, form: str
) -> None:
    if path:
        shop.with_totp()
    before = shop.outside(lambda accounts: accounts.totp.status(1))
    page = admin.post(AUTHENTICATOR + path, on=ACCOUNT, password="a wrong guess!!")
    assert page.status == 422
    assert f'id="{form}-password-error"' in page.html
    assert shop.outside(lambda accounts: accounts.totp.status(1)) == before
    assert shop.outside(lambda accounts: accounts.totp.pending(1)) is None


def test_recovery_codes_are_renewed_and_the_second_factor_turned_off(shop: Shop, admin: Visitor) -> None:
    shop.with_totp()
    renewed = admin.post(f"{AUTHENTICATOR}/recovery-codes", on=ACCOUNT, password=PASSWORD)
    assert len(_CODE.findall(renewed.html)) == 10
    off = admin.post(f"{AUTHENTICATOR}/disable", on=ACCOUNT, password=PASSWORD)
    assert "The second factor is off" in admin.follow(off).text
    assert shop.visitor().sign_in().leads_to == "/admin"


def test_sessions_are_listed_and_each_can_be_ended(shop: Shop, admin: Visitor) -> None:
    phone = shop.visitor()
    phone.client.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1 <b>"
    phone.sign_in()
    page = admin.get(ACCOUNT)
    assert "Safari on iPhone" in page.text
    assert page.html.count("This one") == 1
    revoke = re.search(r'action="(/admin/account/sessions/\d+/revoke)"', page.html)
    assert revoke
    ended = admin.post(revoke[1], on=ACCOUNT)
    assert "That session has ended." in admin.follow(ended).text
    assert phone.get("/admin").status == 303
    assert admin.post(revoke[1], on=ACCOUNT).status == 404


def test_another_admins_session_cannot_be_ended(shop: Shop, admin: Visitor) -> None:
    shop.outside(lambda accounts: accounts.admins.create(email="ben@example.com", password=PASSWORD))
    ben = shop.visitor()
    ben.sign_in("ben@example.com")
    for session_id in range(1, 20):
        ben.post(f"/admin/account/sessions/{session_id}/revoke", on=ACCOUNT)
    assert admin.get("/admin").status == 200
