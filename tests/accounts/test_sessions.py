"""Sessions: found by a token of which only the hash is stored, ended at once everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from berrypod.accounts import Accounts, AdminPrincipal
from berrypod.accounts.admins import AdminRecord
from berrypod.accounts.sessions import ABSOLUTE, IDLE, SEEN_EVERY
from berrypod.errors import DiskFull, NotFound, Unauthenticated
from berrypod.storage.database import Database
from tests.accounts.conftest import PASSWORD, Clock


async def _start(accounts: Accounts, admin: AdminRecord) -> str:
    token = await accounts.sessions.start(admin.id, stamp=admin.stamp, address="192.0.2.7", user_agent="Firefox")
    return token.reveal()


async def test_a_token_finds_its_admin(accounts: Accounts, admin: AdminRecord) -> None:
    found = await accounts.sessions.authenticate(await _start(accounts, admin))
    assert found == AdminPrincipal(admin.id, admin.email, "Ana", found.session_id if found else 0)


async def test_every_session_has_a_token_of_its_own_and_the_file_holds_none(
    accounts: Accounts, admin: AdminRecord, database: Database
) -> None:
    tokens = {await _start(accounts, admin) for _ in range(3)}
    assert len(tokens) == 3
    async with database.read() as session:
        stored = str((await session.execute(text("SELECT * FROM admin_sessions"))).all())
    assert not any(token in stored for token in tokens)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(token=st.text(max_size=200))
async def test_what_is_no_token_is_nobody(accounts: Accounts, token: str) -> None:
    assert await accounts.sessions.authenticate(token) is None


async def test_a_session_that_is_used_goes_on_and_one_that_is_not_ends(
    accounts: Accounts, admin: AdminRecord, clock: Clock
) -> None:
    token = await _start(accounts, admin)
    for _ in range(5):
        clock.forward(seconds=IDLE.total_seconds() - 60)
        assert await accounts.sessions.authenticate(token)
    clock.forward(seconds=IDLE.total_seconds())
    assert await accounts.sessions.authenticate(token) is None
    assert await accounts.sessions.list(admin.id) == ()


async def test_no_session_outlives_its_absolute_end_however_much_it_is_used(
    accounts: Accounts, admin: AdminRecord, clock: Clock
) -> None:
    token, start = await _start(accounts, admin), clock()
    while clock() - start < ABSOLUTE - timedelta(hours=6):
        assert await accounts.sessions.authenticate(token)
        clock.forward(hours=6)
    assert await accounts.sessions.authenticate(token)
    clock.forward(hours=6)
    assert await accounts.sessions.authenticate(token) is None


async def test_reading_pages_writes_at_most_every_few_minutes(
    accounts: Accounts, admin: AdminRecord, clock: Clock, database: Database
) -> None:
    token = await _start(accounts, admin)
    before = database.data_version()
    for _ in range(10):
        clock.forward(seconds=10)
        assert await accounts.sessions.authenticate(token)
    assert database.data_version() == before
    clock.forward(seconds=SEEN_EVERY.total_seconds())
    await accounts.sessions.authenticate(token)
    after = database.data_version()
    assert after != before
    await accounts.sessions.authenticate(token)
    assert database.data_version() == after
    assert (await accounts.sessions.list(admin.id))[0].last_seen_at == clock()


async def test_a_full_disk_signs_nobody_out(
    accounts: Accounts, admin: AdminRecord, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await _start(accounts, admin)
    clock.forward(minutes=10)

    def full() -> None:
        raise DiskFull

    monkeypatch.setattr(database, "write", full)
    assert await accounts.sessions.authenticate(token)


async def test_a_revoked_session_has_ended_at_once_in_every_process(
    accounts: Accounts, elsewhere: Accounts, admin: AdminRecord
) -> None:
    token = await _start(accounts, admin)
    found = await elsewhere.sessions.authenticate(token)
    assert found
    assert await accounts.sessions.authenticate(token)
    await accounts.sessions.revoke(admin.id, found.session_id)
    assert await elsewhere.sessions.authenticate(token) is None, "its cache must not keep it"
    assert await accounts.sessions.authenticate(token) is None
    with pytest.raises(NotFound):
        await accounts.sessions.revoke(admin.id, found.session_id)


async def test_an_admin_who_is_disabled_is_out_at_once_in_every_process(
    accounts: Accounts, elsewhere: Accounts, admin: AdminRecord
) -> None:
    await accounts.admins.create(email="ben@example.com", password=PASSWORD)
    token = await _start(accounts, admin)
    assert await elsewhere.sessions.authenticate(token)
    await accounts.admins.disable(admin.id)
    assert await elsewhere.sessions.authenticate(token) is None
    await accounts.admins.enable(admin.id)
    assert await elsewhere.sessions.authenticate(token) is None, "and does not come back by itself"


async def test_nobody_ends_the_session_of_another_admin(accounts: Accounts, admin: AdminRecord) -> None:
    other = await accounts.admins.create(email="ben@example.com", password=PASSWORD)
    token = await _start(accounts, admin)
    mine = await accounts.sessions.authenticate(token)
    assert mine
    with pytest.raises(NotFound):
        await accounts.sessions.revoke(other.id, mine.session_id)
    assert await accounts.sessions.authenticate(token)


async def test_log_out_everywhere_ends_all_sessions_of_this_admin_and_no_others(
    accounts: Accounts, admin: AdminRecord
) -> None:
    other = await accounts.admins.create(email="ben@example.com", password=PASSWORD)
    mine = [await _start(accounts, admin) for _ in range(3)]
    theirs = await _start(accounts, other)
    assert await accounts.sessions.revoke_all(admin.id) == 3
    assert [await accounts.sessions.authenticate(token) for token in mine] == [None] * 3
    assert await accounts.sessions.authenticate(theirs)


async def test_the_list_shows_where_and_when_the_last_used_first(
    accounts: Accounts, admin: AdminRecord, clock: Clock
) -> None:
    await _start(accounts, admin)
    clock.forward(minutes=1)
    await accounts.sessions.start(admin.id, stamp=admin.stamp, address="::1", user_agent="x" * 5_000)
    newest, oldest = await accounts.sessions.list(admin.id)
    assert (oldest.address, oldest.user_agent) == ("192.0.2.7", "Firefox")
    assert newest.created_at > oldest.created_at
    assert len(newest.user_agent) == 300


async def test_no_session_begins_with_a_password_that_was_changed_meanwhile(
    accounts: Accounts, admin: AdminRecord
) -> None:
    await accounts.admins.change_password(admin.id, "four plums on a plate")
    with pytest.raises(Unauthenticated):
        await _start(accounts, admin)


async def test_expired_sessions_are_removed_when_a_new_one_begins(
    accounts: Accounts, admin: AdminRecord, clock: Clock, database: Database
) -> None:
    await _start(accounts, admin)
    clock.forward(days=1)
    await _start(accounts, admin)
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM admin_sessions"))).scalar_one() == 1
