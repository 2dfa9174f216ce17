"""The first run: one link, one admin, over all processes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from berrypod.accounts import Accounts
from berrypod.accounts.setup import SetupClosed
from berrypod.errors import Invalid
from berrypod.storage.database import Database
from tests.accounts.conftest import EMAIL, PASSWORD


async def _token(accounts: Accounts) -> str:
    link = await accounts.setup.link("http://127.0.0.1:8000")
    assert link
    before, _, token = link.partition("?token=")
    assert before == "http://127.0.0.1:8000/admin/setup"
    assert len(token) >= 43
    return token


async def test_the_link_of_one_process_makes_the_first_admin_in_another(
    accounts: Accounts, elsewhere: Accounts
) -> None:
    token = await _token(accounts)
    assert await elsewhere.setup.good(token)
    admin = await elsewhere.setup.complete(token, email=EMAIL, name="Ana", password=PASSWORD)
    assert (await accounts.admins.list()) == (admin,)


async def test_with_an_admin_there_is_no_link_and_no_older_one_is_good(accounts: Accounts) -> None:
    token = await _token(accounts)
    await accounts.admins.create(email=EMAIL, password=PASSWORD)
    assert await accounts.setup.link() is None
    assert not await accounts.setup.good(token)
    with pytest.raises(SetupClosed):
        await accounts.setup.complete(token, email="eve@example.com", password=PASSWORD)
    assert len(await accounts.admins.list()) == 1


async def test_of_two_at_the_same_moment_one_becomes_the_admin(accounts: Accounts, elsewhere: Accounts) -> None:
    token = await _token(accounts)
    outcomes = await asyncio.gather(
        *(
            worker.setup.complete(token, email=f"{name}@example.com", password=PASSWORD)
            for worker, name in ((accounts, "ana"), (elsewhere, "eve"), (accounts, "joe"))
        ),
        return_exceptions=True,
    )
    assert sorted(isinstance(outcome, SetupClosed) for outcome in outcomes) == [False, True, True]
    assert len(await accounts.admins.list()) == 1


async def test_links_of_earlier_starts_stay_good_for_a_while(accounts: Accounts) -> None:
    tokens = [await _token(accounts) for _ in range(7)]
    assert [await accounts.setup.good(token) for token in tokens] == [False, False, True, True, True, True, True]


@pytest.mark.parametrize("token", ["", "x", "\udcff", "0" * 43])
async def test_a_guessed_token_is_not_good(accounts: Accounts, token: str) -> None:
    await _token(accounts)
    assert not await accounts.setup.good(token)
    with pytest.raises(SetupClosed):
        await accounts.setup.complete(token, email=EMAIL, password=PASSWORD)


async def test_without_a_link_nothing_is_good(accounts: Accounts) -> None:
    assert not await accounts.setup.good("")


async def test_a_refused_password_leaves_the_link_good(accounts: Accounts) -> None:
    token = await _token(accounts)
    with pytest.raises(Invalid):
        await accounts.setup.complete(token, email=EMAIL, password="short")
    assert await accounts.setup.good(token)


async def test_the_file_holds_the_hash_of_the_token_until_there_is_an_admin(
    accounts: Accounts, database: Database
) -> None:
    token = await _token(accounts)
    async with database.read() as session:
        stored = str((await session.execute(text("SELECT * FROM settings"))).all())
    assert "accounts.setup_token_hashes" in stored
    assert token not in stored
    await accounts.setup.complete(token, email=EMAIL, password=PASSWORD)
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM settings"))).scalar_one() == 0
