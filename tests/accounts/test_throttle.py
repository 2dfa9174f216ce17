"""Throttling: guessing is slow, over all processes, and no stranger locks an admin out."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from berrypod.accounts import Accounts
from berrypod.accounts.throttle import ACCOUNT, ADDRESS, DEVICE, SECOND_FACTOR, Bucket, Policy
from berrypod.errors import Throttled
from berrypod.storage.database import Database
from tests.accounts.conftest import Clock

HOME = Bucket.of_address("192.0.2.7")
ANA = Bucket(ACCOUNT, "ana@example.com")


async def _fail(accounts: Accounts, *buckets: Bucket, times: int = 1) -> int:
    """How many of the attempts were admitted."""
    admitted = 0
    for _ in range(times):
        try:
            await accounts.throttle.charge(*buckets)
        except Throttled:
            continue
        admitted += 1
    return admitted


@given(st.sampled_from([ACCOUNT, ADDRESS, DEVICE, SECOND_FACTOR]), st.integers(1, 100_000))
def test_the_wait_never_shrinks_with_more_failures_and_has_an_end(policy: Policy, failures: int) -> None:
    wait = policy.wait(failures)
    assert policy.wait(failures + 1) >= wait
    assert wait.total_seconds() <= policy.longest_seconds
    assert (wait.total_seconds() > 0) == (failures >= policy.free)


def test_an_account_is_never_closed_for_long_because_strangers_can_close_it() -> None:
    assert ACCOUNT.longest_seconds <= 60


async def test_a_few_failures_are_free_and_then_the_wait_doubles(accounts: Accounts, clock: Clock) -> None:
    assert await _fail(accounts, HOME, times=50) == ADDRESS.free
    waits: list[int] = []
    for _ in range(12):
        with pytest.raises(Throttled) as caught:
            await accounts.throttle.charge(HOME)
        waits.append(caught.value.retry_after)
        clock.forward(seconds=caught.value.retry_after)
        await accounts.throttle.charge(HOME)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


async def test_attempts_that_are_refused_do_not_make_the_wait_longer(accounts: Accounts, clock: Clock) -> None:
    await _fail(accounts, HOME, times=ADDRESS.free)
    await _fail(accounts, HOME, times=100)
    clock.forward(seconds=2)
    assert await _fail(accounts, HOME) == 1


async def test_attempts_that_are_refused_cost_no_write(accounts: Accounts, database: Database) -> None:
    await _fail(accounts, HOME, times=ADDRESS.free)
    before = database.data_version()
    await _fail(accounts, HOME, times=20)
    assert database.data_version() == before


async def test_all_processes_count_together(accounts: Accounts, elsewhere: Accounts) -> None:
    await _fail(accounts, HOME, times=ADDRESS.free - 1)
    assert await _fail(elsewhere, HOME, times=5) == 1
    assert await _fail(accounts, HOME) == 0


async def test_many_attempts_at_once_are_many_attempts(accounts: Accounts, elsewhere: Accounts) -> None:
    """They are charged before any password is looked at, so that none slips in beside the others."""
    admitted = await asyncio.gather(*(_fail(worker, HOME, ANA) for _ in range(20) for worker in (accounts, elsewhere)))
    assert sum(admitted) == ADDRESS.free


async def test_a_success_clears_the_account_and_takes_back_one_charge_of_the_address(
    accounts: Accounts, clock: Clock
) -> None:
    """Otherwise whoever has an account of his own could guess at another's from one address for ever."""
    eve = Bucket(ACCOUNT, "eve@example.com")
    for _ in range(ADDRESS.free - 1):
        await accounts.throttle.charge(HOME, ANA)
        await accounts.throttle.charge(HOME, eve)
        await accounts.throttle.succeeded(HOME, eve)
    await accounts.throttle.charge(HOME, ANA)
    with pytest.raises(Throttled):
        await accounts.throttle.charge(HOME, eve)


async def test_right_attempts_alone_never_close_anything(accounts: Accounts, database: Database) -> None:
    for _ in range(30):
        await accounts.throttle.charge(HOME, ANA)
        await accounts.throttle.succeeded(HOME, ANA)
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM login_attempts"))).scalar_one() == 0


async def test_after_a_quiet_hour_the_count_begins_anew(accounts: Accounts, clock: Clock) -> None:
    await _fail(accounts, HOME, times=ADDRESS.free - 1)
    clock.forward(hours=1, seconds=1)
    assert await _fail(accounts, HOME, times=50) == ADDRESS.free


async def test_one_address_does_not_hold_up_another(accounts: Accounts) -> None:
    await _fail(accounts, HOME, times=20)
    assert await _fail(accounts, Bucket.of_address("192.0.2.8")) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("testclient", "testclient", True),
        ("", "192.0.2.7", False),
    ],
)
def test_the_addresses_of_one_network_of_ipv6_count_as_one(one: str, other: str, same: bool) -> None:
    assert (Bucket.of_address(one) == Bucket.of_address(other)) is same


async def test_old_counts_are_removed_and_names_are_not_readable(
    accounts: Accounts, clock: Clock, database: Database
) -> None:
    await _fail(accounts, HOME, Bucket(ACCOUNT, "my password, in the wrong field"))
    async with database.read() as session:
        stored = str((await session.execute(text("SELECT * FROM login_attempts"))).all())
    assert "192.0.2.7" not in stored
    assert "password" not in stored
    clock.forward(days=2)
    await _fail(accounts, ANA)
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM login_attempts"))).scalar_one() == 1
