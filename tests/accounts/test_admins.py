"""Admins: made, checked, changed, disabled."""

from __future__ import annotations

from typing import Any

import argon2
import pytest
from sqlalchemy import select, update

from berrypod.accounts import Accounts, recovery
from berrypod.accounts.admins import AdminRecord
from berrypod.errors import Conflict, Invalid, NotFound
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from berrypod.storage.fields import FieldUnreadable
from berrypod.storage.models import Admin
from tests.accounts.conftest import EMAIL, PASSWORD, Clock, cheap_hasher

NEW_PASSWORD = "four plums on a plate"


async def _stored_hash(database: Database, admin_id: int) -> str:
    async with database.read() as session:
        return (await session.execute(select(Admin.password_hash).where(Admin.id == admin_id))).scalar_one()


async def test_the_password_is_stored_as_an_argon2id_hash_alone(database: Database, admin: AdminRecord) -> None:
    stored = await _stored_hash(database, admin.id)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


async def test_the_right_password_finds_the_admin_however_the_address_is_written(
    accounts: Accounts, admin: AdminRecord
) -> None:
    assert await accounts.admins.verify("  ANA@Example.COM ", PASSWORD) == admin


async def test_a_wrong_password_an_unknown_address_and_a_disabled_account_get_the_same_answer(
    accounts: Accounts, admin: AdminRecord
) -> None:
    other = await accounts.admins.create(email="ben@example.com", password=PASSWORD)
    await accounts.admins.disable(other.id)
    assert await accounts.admins.verify(EMAIL, NEW_PASSWORD) is None
    assert await accounts.admins.verify("nobody@example.com", PASSWORD) is None
    assert await accounts.admins.verify("ben@example.com", PASSWORD) is None


class _CountingHasher(argon2.PasswordHasher):
    """Notes the parameters of every hash that is really computed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 - the library's name
        assert isinstance(hash, str)
        self.verified.append(hash.rsplit("$", 2)[0])
        return super().verify(hash, password)


async def test_one_hash_of_the_same_cost_is_computed_whether_there_is_such_an_admin_or_not(
    database: Database, settings: Settings
) -> None:
    """The time of an answer must not tell which addresses are admins': the work is the same."""
    hasher = _CountingHasher()
    accounts = Accounts(database, settings, hasher=hasher)
    admin = await accounts.admins.create(email=EMAIL, password=PASSWORD)
    other = await accounts.admins.create(email="ben@example.com", password=PASSWORD)
    await accounts.admins.disable(other.id)
    work: list[list[str]] = []
    for email, password in (
        (admin.email, PASSWORD),
        (admin.email, "wrong password"),
        (other.email, PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("not an address", ""),
    ):
        hasher.verified.clear()
        await accounts.admins.verify(email, password)
        work.append(list(hasher.verified))
    assert work == [["$argon2id$v=19$m=8,t=1,p=1"]] * 5


async def test_a_hash_with_old_parameters_is_renewed_at_the_next_sign_in(
    database: Database, settings: Settings, admin: AdminRecord
) -> None:
    stronger = Accounts(database, settings, hasher=argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    before = await _stored_hash(database, admin.id)
    found = await stronger.admins.verify(EMAIL, PASSWORD)
    after = await _stored_hash(database, admin.id)
    assert found
    assert before != after
    assert "m=16,t=2" in after
    assert found.stamp == (await stronger.admins.get(admin.id)).stamp, "the sign-in goes on with the renewed hash"
    assert await stronger.admins.verify(EMAIL, PASSWORD)


@pytest.mark.parametrize("email", ["", "ana", "ana@", "@example.com", "ana b@example.com", "ana@example.com\n<b>"])
async def test_what_is_no_address_is_refused(accounts: Accounts, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        await accounts.admins.create(email=email, password=PASSWORD)
    assert "email" in caught.value.fields


async def test_a_second_admin_with_one_address_is_a_conflict(accounts: Accounts, admin: AdminRecord) -> None:
    with pytest.raises(Conflict):
        await accounts.admins.create(email=EMAIL.upper(), password=NEW_PASSWORD)
    assert len(await accounts.admins.list()) == 1


async def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(
    accounts: Accounts, admin: AdminRecord
) -> None:
    here = await accounts.sessions.start(admin.id, stamp=admin.stamp, address="", user_agent="")
    there = await accounts.sessions.start(admin.id, stamp=admin.stamp, address="", user_agent="")
    mine = await accounts.sessions.authenticate(here.reveal())
    assert mine
    await accounts.admins.change_password(admin.id, NEW_PASSWORD, keep_session=mine.session_id)
    assert await accounts.sessions.authenticate(here.reveal()) == mine
    assert await accounts.sessions.authenticate(there.reveal()) is None
    assert await accounts.admins.verify(EMAIL, PASSWORD) is None
    assert await accounts.admins.verify(EMAIL, NEW_PASSWORD)


async def test_a_bad_new_password_changes_nothing(accounts: Accounts, admin: AdminRecord) -> None:
    with pytest.raises(Invalid) as caught:
        await accounts.admins.change_password(admin.id, "short")
    assert "new_password" in caught.value.fields
    assert await accounts.admins.verify(EMAIL, PASSWORD)


async def test_the_last_admin_who_can_sign_in_cannot_be_disabled(accounts: Accounts, admin: AdminRecord) -> None:
    other = await accounts.admins.create(email="ben@example.com", password=PASSWORD)
    await accounts.admins.disable(other.id)
    with pytest.raises(Conflict):
        await accounts.admins.disable(admin.id)
    await accounts.admins.enable(other.id)
    await accounts.admins.disable(admin.id)
    assert (await accounts.admins.by_email(EMAIL)).disabled


async def test_an_unknown_admin_is_not_found(accounts: Accounts) -> None:
    with pytest.raises(NotFound):
        await accounts.admins.by_email("nobody@example.com")
    with pytest.raises(NotFound):
        await accounts.admins.change_password(77, NEW_PASSWORD)


async def test_an_authenticator_secret_that_cannot_be_read_keeps_nobody_from_being_recognised(
    database: Database, settings: Settings, admin: AdminRecord, clock: Clock
) -> None:
    """After a change of SECRET_KEY_BASE the password still works, and so do listing and helping."""
    async with database.write() as session:
        await session.execute(
            update(Admin).values(
                totp_secret="JBSWY3DPEHPK3PXP",
                totp_confirmed_at=clock(),
                recovery_codes=[recovery.hashed("0123-4567-89ab-cdef")],
            )
        )
    changed = Settings(
        environment="test", database_path=settings.database_path, secret_key_base=Secret("another key " * 4)
    )
    other = Database(changed)
    await other.open()
    try:
        accounts = Accounts(other, changed, clock=clock, hasher=cheap_hasher())
        assert await accounts.admins.verify(EMAIL, PASSWORD)
        assert (await accounts.admins.list())[0].totp
        with pytest.raises(FieldUnreadable):
            await accounts.totp.verify(admin.id, "123456")
        assert await accounts.totp.verify(admin.id, "0123-4567-89ab-cdef")
        await accounts.totp.disable(admin.id)
        assert not (await accounts.admins.get(admin.id)).totp
    finally:
        await other.close()
