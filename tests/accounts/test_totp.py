"""The second factor: put in force by a code, good once, with a little drift; recovery codes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import parse_uri
from pyotp.totp import TOTP
from sqlalchemy import select, text

from berrypod.accounts import Accounts, recovery
from berrypod.accounts.admins import AdminRecord
from berrypod.errors import Conflict, Invalid
from berrypod.storage.database import Database
from berrypod.storage.models import Admin
from tests.accounts.conftest import EMAIL, Clock


async def _begin(accounts: Accounts, admin: AdminRecord) -> str:
    await accounts.totp.begin(admin.id)
    setup = await accounts.totp.pending(admin.id)
    assert setup
    return setup.secret.reveal()


def _code(secret: str, clock: Clock, *, steps: int = 0) -> str:
    return TOTP(secret).at(int(clock().timestamp()) + 30 * steps)


@pytest.fixture
async def secret(accounts: Accounts, admin: AdminRecord, clock: Clock) -> str:
    """An authenticator in force. The clock has moved on, so that the first code may be followed by another."""
    secret = await _begin(accounts, admin)
    await accounts.totp.confirm(admin.id, _code(secret, clock))
    clock.forward(minutes=2)
    return secret


async def test_the_app_is_told_secret_account_and_shop(accounts: Accounts, admin: AdminRecord) -> None:
    secret = await _begin(accounts, admin)
    setup = await accounts.totp.pending(admin.id, issuer="Plum & Co: jams")
    assert setup
    parsed = parse_uri(setup.uri.reveal())
    assert isinstance(parsed, TOTP)
    assert (parsed.secret, parsed.name, parsed.issuer) == (secret, EMAIL, "Plum & Co  jams")
    assert secret not in repr(setup)


async def test_it_counts_only_after_a_first_code(accounts: Accounts, admin: AdminRecord, clock: Clock) -> None:
    secret = await _begin(accounts, admin)
    assert not (await accounts.admins.get(admin.id)).totp
    with pytest.raises(Invalid):
        await accounts.totp.confirm(admin.id, "000000")
    assert not (await accounts.totp.status(admin.id)).enabled
    codes = await accounts.totp.confirm(admin.id, _code(secret, clock))
    assert (await accounts.admins.get(admin.id)).totp
    assert len(set(codes)) == 10
    assert (await accounts.totp.status(admin.id)).recovery_codes_left == 10
    assert await accounts.totp.pending(admin.id) is None, "a secret in force is shown no more"


async def test_a_set_up_that_was_cancelled_can_be_confirmed_no_more(
    accounts: Accounts, admin: AdminRecord, clock: Clock
) -> None:
    secret = await _begin(accounts, admin)
    await accounts.totp.cancel(admin.id)
    with pytest.raises(Invalid):
        await accounts.totp.confirm(admin.id, _code(secret, clock))


async def test_one_in_force_cannot_be_replaced_or_cancelled_by_a_new_set_up(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    with pytest.raises(Conflict):
        await accounts.totp.begin(admin.id)
    await accounts.totp.cancel(admin.id)
    assert await accounts.totp.verify(admin.id, _code(secret, clock))


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_clock_may_be_one_step_off(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock, steps: int, good: bool
) -> None:
    assert await accounts.totp.verify(admin.id, _code(secret, clock, steps=steps)) is good


async def test_a_code_is_good_once(accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock) -> None:
    code = _code(secret, clock)
    assert await accounts.totp.verify(admin.id, code)
    assert not await accounts.totp.verify(admin.id, code)
    clock.forward(seconds=30)
    assert not await accounts.totp.verify(admin.id, code), "nor within the drift"
    assert await accounts.totp.verify(admin.id, _code(secret, clock))


async def test_the_code_that_put_it_in_force_is_used_up(accounts: Accounts, admin: AdminRecord, clock: Clock) -> None:
    secret = await _begin(accounts, admin)
    code = _code(secret, clock)
    await accounts.totp.confirm(admin.id, code)
    assert not await accounts.totp.verify(admin.id, code)


async def test_an_earlier_code_is_not_good_after_a_later_one(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    assert await accounts.totp.verify(admin.id, _code(secret, clock, steps=1))
    assert not await accounts.totp.verify(admin.id, _code(secret, clock))


async def test_of_one_code_sent_to_two_workers_at_once_one_is_accepted(
    accounts: Accounts, elsewhere: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    code = _code(secret, clock)
    answers = await asyncio.gather(
        *(worker.totp.verify(admin.id, code) for worker in (accounts, elsewhere, accounts, elsewhere))
    )
    assert sorted(answers) == [False, False, False, True]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "12 34 5", "\0" * 6])
async def test_what_is_no_code_is_refused_and_harms_nothing(
    accounts: Accounts, admin: AdminRecord, secret: str, code: str
) -> None:
    assert not await accounts.totp.verify(admin.id, code)


async def test_a_code_may_be_typed_in_groups(accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock) -> None:
    code = _code(secret, clock)
    assert await accounts.totp.verify(admin.id, f" {code[:3]} {code[3:]} ")


async def test_a_recovery_code_is_good_once_in_whichever_worker_it_arrives(
    accounts: Accounts, elsewhere: Accounts, admin: AdminRecord, secret: str
) -> None:
    codes = await accounts.totp.renew_recovery_codes(admin.id)
    answers = await asyncio.gather(
        *(worker.totp.verify(admin.id, codes[3]) for worker in (accounts, elsewhere, elsewhere))
    )
    assert sorted(answers) == [False, False, True]
    assert (await accounts.totp.status(admin.id)).recovery_codes_left == 9
    assert await accounts.totp.verify(admin.id, codes[4])


async def test_new_recovery_codes_void_the_former_ones(accounts: Accounts, admin: AdminRecord, secret: str) -> None:
    old = await accounts.totp.renew_recovery_codes(admin.id)
    new = await accounts.totp.renew_recovery_codes(admin.id)
    assert not await accounts.totp.verify(admin.id, old[0])
    assert await accounts.totp.verify(admin.id, new[0])


async def test_without_an_authenticator_there_are_no_recovery_codes(accounts: Accounts, admin: AdminRecord) -> None:
    with pytest.raises(Conflict):
        await accounts.totp.renew_recovery_codes(admin.id)


async def test_disabled_neither_codes_nor_recovery_codes_are_good(
    accounts: Accounts, admin: AdminRecord, secret: str, clock: Clock
) -> None:
    codes = await accounts.totp.renew_recovery_codes(admin.id)
    await accounts.totp.disable(admin.id)
    assert not await accounts.totp.verify(admin.id, _code(secret, clock))
    assert not await accounts.totp.verify(admin.id, codes[0])
    assert not (await accounts.totp.status(admin.id)).enabled


async def test_neither_the_secret_nor_a_recovery_code_is_readable_in_the_file(
    database: Database, accounts: Accounts, admin: AdminRecord, secret: str
) -> None:
    """The fields have a layer of their own: this file is not encrypted as a whole."""
    codes = await accounts.totp.renew_recovery_codes(admin.id)
    async with database.read() as session:
        stored = (await session.execute(text("SELECT totp_secret, recovery_codes FROM admins"))).one()
        hashes = (await session.execute(select(Admin.recovery_codes))).scalar_one()
    assert secret not in stored[0]
    assert hashes == [recovery.hashed(code) for code in codes]
    assert not any(code in stored[1] for code in codes)


@given(st.sampled_from(recovery.new_codes()), st.data())
def test_a_recovery_code_is_recognised_however_it_is_typed(code: str, data: st.DataObject) -> None:
    letters = [letter for letter in code if letter != "-"]
    look_alikes = {"0": "0oO", "1": "1iIlL"}
    typed = "".join(
        data.draw(st.sampled_from(look_alikes.get(letter, letter + letter.upper())))
        + data.draw(st.sampled_from(["", "-", " "]))
        for letter in letters
    )
    assert recovery.looks_like_one(typed)
    assert recovery.hashed(typed) == recovery.hashed(code)
