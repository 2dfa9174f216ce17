"""Signing in: both steps, and who is held up when strangers try."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyotp.totp import TOTP

from berrypod.accounts import Accounts
from berrypod.accounts.admins import AdminRecord
from berrypod.accounts.sign_in import CodeNeeded, CodeRefused, SignedIn, SignInRefused, Visitor
from berrypod.accounts.throttle import ACCOUNT, DEVICE, SECOND_FACTOR
from berrypod.errors import Invalid, NotFound, Throttled, Unauthenticated
from tests.accounts.conftest import EMAIL, PASSWORD, Clock

HERE = Visitor(address="192.0.2.7", user_agent="Firefox")


async def _sign_in(accounts: Accounts, visitor: Visitor = HERE, password: str = PASSWORD) -> SignedIn:
    found = await accounts.sign_in.with_password(EMAIL, password, visitor)
    assert isinstance(found, SignedIn)
    return found


async def _attack(accounts: Accounts, *, addresses: int, each: int = 3) -> None:
    for number in range(addresses):
        for _ in range(each):
            try:
                await _sign_in(accounts, Visitor(address=f"198.51.{number // 256}.{number % 256}"), "a wrong guess!!")
            except (SignInRefused, Throttled):
                continue


@pytest.fixture
async def secret(accounts: Accounts, admin: AdminRecord, clock: Clock) -> str:
    await accounts.totp.begin(admin.id)
    setup = await accounts.totp.pending(admin.id)
    assert setup
    secret = setup.secret.reveal()
    await accounts.totp.confirm(admin.id, TOTP(secret).at(clock()))
    clock.forward(minutes=2)
    return secret


async def test_the_right_password_begins_a_session(accounts: Accounts, admin: AdminRecord, clock: Clock) -> None:
    signed_in = await _sign_in(accounts)
    found = await accounts.sessions.authenticate(signed_in.token.reveal())
    assert found
    assert found.admin_id == admin.id
    assert (await accounts.admins.get(admin.id)).last_login_at == clock()


async def test_an_unknown_address_and_a_wrong_password_are_refused_in_the_same_words(
    accounts: Accounts, admin: AdminRecord
) -> None:
    refusals: list[tuple[str, str, str]] = []
    for email, password in ((EMAIL, "a wrong guess!!"), ("nobody@example.com", PASSWORD)):
        with pytest.raises(SignInRefused) as caught:
            await accounts.sign_in.with_password(email, password, HERE)
        refusals.append((caught.value.code, caught.value.message, caught.value.hint))
    assert refusals[0] == refusals[1]


async def test_unknown_addresses_are_throttled_as_known_ones_are(accounts: Accounts, admin: AdminRecord) -> None:
    """Otherwise the limit itself would tell which addresses are admins'."""
    outcomes: list[list[str]] = []
    for email, network in ((EMAIL, "198.51.100"), ("nobody@example.com", "203.0.113")):
        seen: list[str] = []
        for number in range(15):
            try:
                await accounts.sign_in.with_password(email, "a wrong guess!!", Visitor(address=f"{network}.{number}"))
            except (SignInRefused, Throttled) as error:
                seen.append(error.code)
        outcomes.append(seen)
    assert outcomes[0] == outcomes[1]
    assert "throttled" in outcomes[0]


async def test_with_a_second_factor_the_password_alone_begins_no_session(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    first = await accounts.sign_in.with_password(EMAIL, PASSWORD, HERE)
    assert isinstance(first, CodeNeeded)
    assert await accounts.sessions.list(admin.id) == ()
    with pytest.raises(CodeRefused):
        await accounts.sign_in.with_code(first, "000000", HERE)
    signed_in = await accounts.sign_in.with_code(first, TOTP(secret).at(clock()), HERE)
    assert await accounts.sessions.authenticate(signed_in.token.reveal())


async def test_a_recovery_code_stands_in_for_the_authenticator_once(
    accounts: Accounts, admin: AdminRecord, secret: str
) -> None:
    codes = await accounts.totp.renew_recovery_codes(admin.id)
    first = await accounts.sign_in.with_password(EMAIL, PASSWORD, HERE)
    assert isinstance(first, CodeNeeded)
    await accounts.sign_in.with_code(first, codes[0].upper(), HERE)
    with pytest.raises(CodeRefused):
        await accounts.sign_in.with_code(first, codes[0], HERE)


async def test_a_first_step_is_void_when_the_password_was_changed_since(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    first = await accounts.sign_in.with_password(EMAIL, PASSWORD, HERE)
    assert isinstance(first, CodeNeeded)
    await accounts.admins.change_password(admin.id, "four plums on a plate")
    with pytest.raises(Unauthenticated):
        await accounts.sign_in.with_code(first, TOTP(secret).at(clock()), HERE)
    with pytest.raises(NotFound):
        await accounts.sign_in.with_code(replace(first, admin_id=77), "000000", HERE)


async def test_codes_cannot_be_guessed_from_many_addresses_with_a_stolen_password(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    first = await accounts.sign_in.with_password(EMAIL, PASSWORD, HERE)
    assert isinstance(first, CodeNeeded)
    looked_at = 0
    for number in range(60):
        try:
            await accounts.sign_in.with_code(first, "000000", Visitor(address=f"198.51.100.{number}"))
        except CodeRefused:
            looked_at += 1
        except Throttled:
            continue
    assert looked_at == SECOND_FACTOR.free
    with pytest.raises(Throttled):  # a right code is not looked at either
        await accounts.sign_in.with_code(first, TOTP(secret).at(clock()), Visitor(address="203.0.113.1"))


async def test_a_known_browser_gets_in_while_strangers_attack_the_account(
    accounts: Accounts, admin: AdminRecord
) -> None:
    device = (await _sign_in(accounts)).device
    await _attack(accounts, addresses=40)
    with pytest.raises(Throttled):
        await _sign_in(accounts, Visitor(address="203.0.113.1"))
    await _sign_in(accounts, Visitor(address="203.0.113.1", device=device))


async def test_a_known_browser_gets_in_from_an_address_that_strangers_have_closed(
    accounts: Accounts, admin: AdminRecord
) -> None:
    """A whole office, or a badly set up proxy, has one address."""
    device = (await _sign_in(accounts)).device
    await _attack(accounts, addresses=1, each=30)
    shared = Visitor(address="198.51.0.0")
    with pytest.raises(Throttled):
        await _sign_in(accounts, shared)
    await _sign_in(accounts, replace(shared, device=device))


async def test_an_unknown_browser_waits_a_minute_at_most_for_what_strangers_did(
    accounts: Accounts, admin: AdminRecord, clock: Clock
) -> None:
    for _ in range(20):
        await _attack(accounts, addresses=10)
        clock.forward(seconds=61)
    await _attack(accounts, addresses=40)
    with pytest.raises(Throttled) as caught:
        await _sign_in(accounts, Visitor(address="203.0.113.1"))
    assert caught.value.retry_after <= ACCOUNT.longest_seconds
    clock.forward(seconds=caught.value.retry_after)
    await _sign_in(accounts, Visitor(address="203.0.113.1"))


async def test_whoever_runs_the_server_can_lift_the_limits_of_an_account(
    accounts: Accounts, admin: AdminRecord
) -> None:
    await _attack(accounts, addresses=40)
    await accounts.sign_in.lift_limits(admin)
    await _sign_in(accounts, Visitor(address="203.0.113.1"))


async def test_a_stolen_device_cookie_has_a_limit_of_its_own(accounts: Accounts, admin: AdminRecord) -> None:
    device = (await _sign_in(accounts)).device
    looked_at = 0
    for number in range(30):
        try:
            await _sign_in(accounts, Visitor(address=f"198.51.100.{number}", device=device), "a wrong guess!!")
        except SignInRefused:
            looked_at += 1
        except Throttled:
            continue
    assert looked_at == DEVICE.free
    await _sign_in(accounts)


@pytest.mark.parametrize("cookie", ["", "x", "0" * 97, f"{'0' * 32}.{'0' * 64}", "\udcff", "ü" * 97])
async def test_a_forged_device_cookie_is_a_strangers(accounts: Accounts, admin: AdminRecord, cookie: str) -> None:
    await _attack(accounts, addresses=40)
    with pytest.raises(Throttled):
        await _sign_in(accounts, Visitor(address="203.0.113.1", device=cookie))


async def test_a_device_cookie_is_good_for_the_account_that_signed_in_there_alone(
    accounts: Accounts, admin: AdminRecord
) -> None:
    """An admin must not be able to attack another's account beside its limit."""
    await accounts.admins.create(email="eve@example.com", password=PASSWORD)
    eve = await accounts.sign_in.with_password("eve@example.com", PASSWORD, HERE)
    assert isinstance(eve, SignedIn)
    await _attack(accounts, addresses=40)
    with pytest.raises(Throttled):
        await _sign_in(accounts, Visitor(address="203.0.113.1", device=eve.device))


async def test_the_password_is_asked_again_with_a_limit_per_session(accounts: Accounts, admin: AdminRecord) -> None:
    """Whoever finds a browser open cannot guess the password there."""
    principal = await accounts.sessions.authenticate((await _sign_in(accounts)).token.reveal())
    assert principal
    await accounts.sign_in.confirm_password(principal, PASSWORD)
    for _ in range(DEVICE.free):
        with pytest.raises(Invalid):
            await accounts.sign_in.confirm_password(principal, "a wrong guess!!")
    with pytest.raises(Throttled):
        await accounts.sign_in.confirm_password(principal, PASSWORD)
    await _sign_in(accounts, Visitor(address="203.0.113.1"))


@pytest.mark.parametrize("email", ["", "\0", "ü" * 10_000, "\udcff", "a@b\r\nSet-Cookie: x"])
async def test_any_text_in_place_of_an_address_is_refused_and_no_more(accounts: Accounts, email: str) -> None:
    with pytest.raises(SignInRefused):
        await accounts.sign_in.with_password(email, "\udcff\0" * 1_000, HERE)
