"""Columns with a second layer of encryption."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, text

from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from berrypod.storage.fields import FieldUnreadable, derive_subkey
from berrypod.storage.models import Admin

AUTHENTICATOR = "JBSWY3DPEHPK3PXP"


async def store(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    async with database.write() as session:
        session.add(Admin(email="ada@example.org", password_hash="x", totp_secret=AUTHENTICATOR))
    await database.close()


async def load(settings: Settings) -> str | None:
    database = Database(settings)
    await database.open()
    try:
        async with database.read() as session:
            return (await session.scalars(select(Admin))).one().totp_secret
    finally:
        await database.close()


async def test_it_comes_back_as_it_went_and_is_not_in_the_file(settings: Settings) -> None:
    await store(settings)
    assert await load(settings) == AUTHENTICATOR
    assert AUTHENTICATOR.encode() not in settings.database_path.read_bytes()


async def test_with_another_base_key_it_is_unreadable_and_says_what_to_do(settings: Settings) -> None:
    await store(settings)
    with pytest.raises(FieldUnreadable) as caught:
        await load(replace(settings, secret_key_base=Secret("another one, that is long enough to be one")))
    assert "SECRET_KEY_BASE" in caught.value.hint


async def test_two_shops_in_one_process_have_their_own_keys(settings: Settings, encrypted_settings: Settings) -> None:
    other = replace(encrypted_settings, secret_key_base=Secret("another one, that is long enough to be one"))
    await store(settings)
    await store(other)
    assert [await load(settings), await load(other)] == [AUTHENTICATOR] * 2


async def test_null_stays_null(database: Database) -> None:
    async with database.write() as session:
        session.add(Admin(email="ada@example.org", password_hash="x"))
    async with database.read() as session:
        assert (await session.execute(text("SELECT totp_secret FROM admins"))).scalar_one() is None


def test_subkeys_of_different_purposes_are_unrelated() -> None:
    secret = Secret("a base key that is long enough to be one")
    assert derive_subkey(secret, "sessions") != derive_subkey(secret, "encrypted fields")
    assert derive_subkey(secret, "sessions") == derive_subkey(secret, "sessions")
    assert len(derive_subkey(secret, "x", 64)) == 64
