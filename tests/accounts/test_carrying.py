"""What survives a restore: who is signed in stays in, who is shut out stays out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pyotp.totp import TOTP
from sqlalchemy import text
from sqlcipher3 import dbapi2

from berrypod.accounts import Accounts, AdminPrincipal, carrying
from berrypod.accounts.admins import AdminRecord
from berrypod.accounts.carrying import Keep, carry, missing_admin
from berrypod.accounts.sign_in import SignedIn, SignInRefused, Visitor
from berrypod.accounts.tokens import NewToken
from berrypod.errors import Throttled
from berrypod.settings import Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from tests.accounts.conftest import EMAIL, PASSWORD, Clock, cheap_hasher

NOBODY = Keep()
BEN = "ben@example.com"
CLEO = "cleo@example.com"
VISITOR = Visitor(address="192.0.2.7", user_agent="a browser")


class Restore:
    """A shop, a backup of it, and what the shop is after the restore."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.path = settings.database_path.with_name("backup.db")

    def backup(self) -> None:
        """The file as it is now. An hour later life goes on."""
        with closing(open_connection(self.settings.database_path, None)) as live:
            live.execute("VACUUM INTO ?", (str(self.path),))
        self.clock.forward(hours=1)

    def another_shop(self) -> None:
        """The file of a shop that has nobody."""
        schema.create(self.path, None)

    def change(self, sql: str, *parameters: object) -> None:
        """Change the backup."""
        with closing(open_connection(self.path, None)) as staged:
            staged.execute(sql, parameters)

    def carry(self, keep: Keep = NOBODY) -> None:
        with (
            closing(open_connection(self.settings.database_path, None, read_only=True)) as live,
            closing(open_connection(self.path, None)) as staged,
        ):
            carry(live, staged, keep)
            assert not staged.in_transaction

    def lacks(self, email: str) -> bool:
        with closing(open_connection(self.path, None, read_only=True)) as candidate:
            return missing_admin(candidate, email)

    @asynccontextmanager
    async def restored(self) -> AsyncGenerator[Accounts]:
        """The accounts of the shop that the backup has become."""
        database = Database(replace(self.settings, database_path=self.path))
        await database.open()
        try:
            yield Accounts(database, self.settings, clock=self.clock, hasher=cheap_hasher())
        finally:
            await database.close()

    def count(self, sql: str) -> int:
        with closing(open_connection(self.path, None, read_only=True)) as staged:
            return int(staged.execute(sql).fetchone()[0])


@pytest.fixture
def restore(settings: Settings, clock: Clock) -> Restore:
    return Restore(settings, clock)


@pytest.fixture
def clock() -> Clock:
    """Begins now: rows note by the computer's clock when they were changed."""
    return Clock(datetime.now(UTC))


async def signed_in(accounts: Accounts, email: str, password: str = PASSWORD) -> str:
    found = await accounts.sign_in.with_password(email, password, VISITOR)
    assert isinstance(found, SignedIn)
    return found.token.reveal()


async def made(accounts: Accounts, email: str) -> AdminRecord:
    return await accounts.admins.create(email=email, password=PASSWORD)


async def a_token(accounts: Accounts, name: str = "backups at night") -> NewToken:
    return await accounts.tokens.create(name=name, scopes=["restore:write"])


def header(token: NewToken) -> str:
    return f"Bearer {token.token.reveal()}"


class TestSessions:
    async def test_who_is_signed_in_stays_so_under_another_id(self, accounts: Accounts, restore: Restore) -> None:
        for email in (EMAIL, BEN):
            await made(accounts, email)
        restore.backup()
        restore.change("UPDATE admins SET id = id + 100")
        tokens = {email: await signed_in(accounts, email) for email in (EMAIL, BEN)}
        restore.carry()

        async with restore.restored() as after:
            for email, token in tokens.items():
                principal = await after.sessions.authenticate(token)
                assert isinstance(principal, AdminPrincipal)
                assert principal.email == email
                assert principal.admin_id == (await after.admins.by_email(email)).id > 100

    async def test_ids_that_another_admin_has_in_the_backup_sign_in_nobody_else(
        self, accounts: Accounts, restore: Restore
    ) -> None:
        """Ana is 1 and Ben is 2 in the shop, and the other way round in the backup."""
        for email in (EMAIL, BEN):
            await made(accounts, email)
        restore.backup()
        restore.change("UPDATE admins SET id = -id")
        restore.change("UPDATE admins SET id = 3 + id")
        token = await signed_in(accounts, BEN)
        restore.carry()

        async with restore.restored() as after:
            principal = await after.sessions.authenticate(token)
            assert principal
            assert (principal.email, principal.admin_id) == (BEN, 1)

    async def test_it_keeps_what_it_was(self, accounts: Accounts, restore: Restore) -> None:
        """Where it began, when it was last used, and when it ends."""
        ana = await made(accounts, EMAIL)
        restore.backup()
        await signed_in(accounts, EMAIL)
        before = await accounts.sessions.list(ana.id)
        restore.carry()

        async with restore.restored() as after:
            assert await after.sessions.list(ana.id) == before

    async def test_one_that_was_ended_since_does_not_come_back(self, accounts: Accounts, restore: Restore) -> None:
        ana = await made(accounts, EMAIL)
        ended = await signed_in(accounts, EMAIL)
        restore.backup()
        await accounts.sessions.revoke_all(ana.id)
        kept = await signed_in(accounts, EMAIL)
        restore.carry()

        async with restore.restored() as after:
            assert await after.sessions.authenticate(ended) is None
            assert await after.sessions.authenticate(kept)

    async def test_one_that_is_in_both_is_there_once(self, accounts: Accounts, restore: Restore) -> None:
        ana = await made(accounts, EMAIL)
        token = await signed_in(accounts, EMAIL)
        restore.backup()
        restore.carry()

        async with restore.restored() as after:
            assert await after.sessions.authenticate(token)
            assert len(await after.sessions.list(ana.id)) == 1

    async def test_of_an_admin_who_is_not_in_the_backup_they_end(self, accounts: Accounts, restore: Restore) -> None:
        await made(accounts, EMAIL)
        restore.backup()
        await made(accounts, BEN)
        token = await signed_in(accounts, BEN)
        restore.carry()

        async with restore.restored() as after:
            assert await after.sessions.authenticate(token) is None
            assert [admin.email for admin in await after.admins.list()] == [EMAIL]

    async def test_of_an_admin_who_is_disabled_in_the_backup_they_end(
        self, accounts: Accounts, restore: Restore
    ) -> None:
        for email in (EMAIL, BEN):
            await made(accounts, email)
        restore.backup()
        restore.change("UPDATE admins SET disabled_at = updated_at WHERE email = ?", BEN)
        await signed_in(accounts, BEN)
        restore.carry()

        assert restore.count("SELECT count(*) FROM admin_sessions") == 0

    async def test_a_deleted_account_comes_back_without_a_session(
        self, accounts: Accounts, database: Database, restore: Restore
    ) -> None:
        for email in (EMAIL, BEN):
            await made(accounts, email)
        token = await signed_in(accounts, BEN)
        restore.backup()
        async with database.write() as session:
            await session.execute(text("DELETE FROM admins WHERE email = :email"), {"email": BEN})
        restore.carry()

        async with restore.restored() as after:
            assert await after.sessions.authenticate(token) is None
            assert await after.admins.by_email(BEN)


class TestDisabledAdmins:
    async def test_who_was_disabled_since_stays_so(self, accounts: Accounts, restore: Restore) -> None:
        await made(accounts, EMAIL)
        ben = await made(accounts, BEN)
        token = await signed_in(accounts, BEN)
        restore.backup()
        await accounts.admins.disable(ben.id)
        restore.carry()

        async with restore.restored() as after:
            assert (await after.admins.by_email(BEN)).disabled
            assert not (await after.admins.by_email(EMAIL)).disabled
            assert await after.sessions.authenticate(token) is None
            with pytest.raises(SignInRefused):
                await signed_in(after, BEN)

    async def test_unless_nobody_could_sign_in_then(self, accounts: Accounts, restore: Restore) -> None:
        """Ben made Cleo an admin, and then left: the backup knows Ben alone."""
        ben = await made(accounts, BEN)
        restore.backup()
        await made(accounts, CLEO)
        await accounts.admins.disable(ben.id)
        restore.carry()

        async with restore.restored() as after:
            assert not (await after.admins.by_email(BEN)).disabled

    async def test_whose_account_is_kept_is_somebody_who_can(self, accounts: Accounts, restore: Restore) -> None:
        ben = await made(accounts, BEN)
        restore.backup()
        await made(accounts, CLEO)
        await accounts.admins.disable(ben.id)
        restore.carry(Keep(admin_email=CLEO))

        async with restore.restored() as after:
            assert (await after.admins.by_email(BEN)).disabled
            assert not (await after.admins.by_email(CLEO)).disabled

    async def test_an_undo_brings_back_who_was_enabled_before(self, accounts: Accounts, restore: Restore) -> None:
        """Ben was disabled, the backup was made, Ben was enabled, the backup was restored: and now undone."""
        await made(accounts, EMAIL)
        ben = await made(accounts, BEN)
        await accounts.admins.disable(ben.id)
        restore.backup()
        later = f"{restore.clock():%Y-%m-%d %H:%M:%S.%f}"
        restore.change("UPDATE admins SET disabled_at = NULL, updated_at = ? WHERE email = ?", later, BEN)
        restore.carry()

        async with restore.restored() as after:
            assert not (await after.admins.by_email(BEN)).disabled


class TestTheAdminWhoRestores:
    async def test_is_kept_with_password_authenticator_and_recovery_codes(
        self, accounts: Accounts, restore: Restore, clock: Clock
    ) -> None:
        restore.another_shop()
        ana = await made(accounts, EMAIL)
        await accounts.totp.begin(ana.id)
        setup = await accounts.totp.pending(ana.id)
        assert setup
        authenticator = TOTP(setup.secret.reveal())
        codes = await accounts.totp.confirm(ana.id, authenticator.at(clock().timestamp()))
        session = await accounts.sessions.start(ana.id, stamp=ana.stamp, address="192.0.2.7", user_agent="")
        assert restore.lacks(EMAIL)
        restore.carry(Keep(admin_email=EMAIL.upper()))

        assert not restore.lacks(EMAIL)
        clock.forward(minutes=2)
        async with restore.restored() as after:
            kept = await after.admins.verify(EMAIL, PASSWORD)
            assert kept
            assert kept.totp
            assert await after.sessions.authenticate(session.reveal())
            assert await after.totp.verify(kept.id, authenticator.at(clock().timestamp()))
            assert await after.totp.verify(kept.id, codes[0])
            assert not await after.totp.verify(kept.id, codes[0])

    async def test_is_not_there_unless_asked_for(self, accounts: Accounts, restore: Restore) -> None:
        restore.another_shop()
        await made(accounts, EMAIL)
        restore.carry()

        assert restore.count("SELECT count(*) FROM admins") == 0

    async def test_whose_id_another_admin_has_gets_a_new_one(
        self, accounts: Accounts, database: Database, restore: Restore
    ) -> None:
        ana = await made(accounts, EMAIL)
        restore.backup()
        async with database.write() as session:
            await session.execute(text("UPDATE admins SET email = :email"), {"email": CLEO})
        token = await signed_in(accounts, CLEO)
        restore.carry(Keep(admin_email=CLEO))

        async with restore.restored() as after:
            assert (await after.admins.by_email(EMAIL)).id == ana.id
            kept = await after.admins.by_email(CLEO)
            assert kept.id != ana.id
            principal = await after.sessions.authenticate(token)
            assert principal
            assert principal.admin_id == kept.id

    async def test_who_is_disabled_in_the_backup_has_the_account_of_today(
        self, accounts: Accounts, restore: Restore
    ) -> None:
        ana = await made(accounts, EMAIL)
        restore.backup()
        restore.change("UPDATE admins SET disabled_at = updated_at")
        await accounts.admins.change_password(ana.id, "another bowl of berries")
        token = await signed_in(accounts, EMAIL, "another bowl of berries")
        assert restore.lacks(EMAIL)
        restore.carry(Keep(admin_email=EMAIL))

        assert not restore.lacks(EMAIL)
        async with restore.restored() as after:
            assert await after.sessions.authenticate(token)
            assert await after.admins.verify(EMAIL, "another bowl of berries")

    async def test_who_is_in_the_backup_has_the_password_of_then(self, accounts: Accounts, restore: Restore) -> None:
        ana = await made(accounts, EMAIL)
        restore.backup()
        await accounts.admins.change_password(ana.id, "another bowl of berries")
        token = await signed_in(accounts, EMAIL, "another bowl of berries")
        restore.carry(Keep(admin_email=EMAIL))

        async with restore.restored() as after:
            assert await after.sessions.authenticate(token)
            assert await after.admins.verify(EMAIL, PASSWORD)
            assert await after.admins.verify(EMAIL, "another bowl of berries") is None

    async def test_who_was_disabled_meanwhile_does_not_come_back(self, accounts: Accounts, restore: Restore) -> None:
        await made(accounts, BEN)
        restore.backup()
        ana = await made(accounts, EMAIL)
        await accounts.admins.disable(ana.id)
        restore.carry(Keep(admin_email=EMAIL))

        assert restore.lacks(EMAIL)
        assert restore.count("SELECT count(*) FROM admins") == 1

    async def test_an_address_that_nobody_has_changes_nothing(self, accounts: Accounts, restore: Restore) -> None:
        await made(accounts, EMAIL)
        restore.backup()
        restore.carry(Keep(admin_email="nobody@example.com", token_prefix="nothing"))

        assert restore.count("SELECT count(*) FROM admins") == 1
        assert restore.count("SELECT count(*) FROM api_tokens") == 0


class TestTokens:
    async def test_one_that_was_revoked_since_stays_so(self, accounts: Accounts, restore: Restore) -> None:
        revoked, good = await a_token(accounts), await a_token(accounts)
        restore.backup()
        record = await accounts.tokens.revoke(revoked.record.id)
        restore.carry(Keep(token_prefix=revoked.record.prefix))

        async with restore.restored() as after:
            assert await after.tokens.authenticate(header(revoked)) is None
            assert (await after.tokens.find(revoked.record.prefix)).revoked_at == record.revoked_at
            assert await after.tokens.authenticate(header(good))

    async def test_one_that_the_backup_has_revoked_keeps_its_date(self, accounts: Accounts, restore: Restore) -> None:
        revoked = await a_token(accounts)
        before = await accounts.tokens.revoke(revoked.record.id)
        restore.backup()
        restore.carry()

        async with restore.restored() as after:
            assert (await after.tokens.find(revoked.record.prefix)).revoked_at == before.revoked_at

    async def test_that_of_the_program_that_restores_is_kept(
        self, accounts: Accounts, database: Database, restore: Restore
    ) -> None:
        """Under a new id: the backup has other tokens with those of today."""
        await a_token(accounts)
        restore.backup()
        async with database.write() as session:
            await session.execute(text("DELETE FROM api_tokens"))
        mine, other = await a_token(accounts, "restores"), await a_token(accounts, "another")
        restore.carry(Keep(token_prefix=mine.record.prefix))

        async with restore.restored() as after:
            principal = await after.tokens.authenticate(header(mine))
            assert principal
            assert (principal.name, principal.scopes) == ("restores", {"restore:write"})
            assert await after.tokens.authenticate(header(other)) is None
            assert len(await after.tokens.list()) == 2

    async def test_one_that_is_in_both_is_there_once(self, accounts: Accounts, restore: Restore) -> None:
        mine = await a_token(accounts)
        restore.backup()
        restore.carry(Keep(token_prefix=mine.record.prefix))

        async with restore.restored() as after:
            assert await after.tokens.authenticate(header(mine))
            assert len(await after.tokens.list()) == 1

    async def test_one_that_was_revoked_before_the_swap_is_not_kept(self, accounts: Accounts, restore: Restore) -> None:
        restore.another_shop()
        mine = await a_token(accounts)
        await accounts.tokens.revoke(mine.record.id)
        restore.carry(Keep(token_prefix=mine.record.prefix))

        assert restore.count("SELECT count(*) FROM api_tokens") == 0


class TestGuessing:
    async def test_a_restore_gives_nobody_new_attempts(self, accounts: Accounts, restore: Restore) -> None:
        await made(accounts, EMAIL)
        restore.backup()
        with pytest.raises(Throttled):
            for _ in range(20):
                with pytest.raises(SignInRefused):
                    await signed_in(accounts, EMAIL, "guessed")
        restore.carry()

        async with restore.restored() as after:
            with pytest.raises(Throttled):
                await signed_in(after, EMAIL, "guessed")

    async def test_nor_does_it_bring_former_ones_back(
        self, accounts: Accounts, database: Database, restore: Restore
    ) -> None:
        with pytest.raises(SignInRefused):
            await signed_in(accounts, EMAIL, "guessed")
        restore.backup()
        async with database.write() as session:
            await session.execute(text("DELETE FROM login_attempts"))
        assert restore.count("SELECT count(*) FROM login_attempts") > 0
        restore.carry()

        assert restore.count("SELECT count(*) FROM login_attempts") == 0

    async def test_an_attack_does_not_keep_the_shop_closed(
        self, database: Database, restore: Restore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        restore.another_shop()
        monkeypatch.setattr(carrying, "_ATTEMPTS_AT_MOST", 5)
        at = "2026-07-01 12:00:{:02}.000000"
        insert = "INSERT INTO login_attempts (key, failures, last_at, blocked_until, created_at, updated_at) VALUES {}"
        rows = ", ".join(
            f"('{n}', 1, {(moment := repr(at.format(n)))}, {moment}, {moment}, {moment})" for n in range(9)
        )
        async with database.write() as session:
            await session.execute(text(insert.format(rows)))
        restore.carry()

        assert restore.count("SELECT count(*) FROM login_attempts") == 5
        assert restore.count("SELECT min(failures) FROM login_attempts WHERE key = '8'") == 1


class TestTheTransaction:
    async def test_is_all_or_nothing(self, accounts: Accounts, restore: Restore) -> None:
        """The disk is full at the last of its steps, say."""
        ana = await made(accounts, EMAIL)
        token = await signed_in(accounts, EMAIL)
        restore.backup()
        await accounts.sessions.revoke_all(ana.id)
        await made(accounts, BEN)
        restore.change(
            "CREATE TRIGGER full BEFORE DELETE ON login_attempts BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )
        restore.change(
            "INSERT INTO login_attempts (key, failures, last_at, blocked_until, created_at, updated_at)"
            " VALUES ('x', 1, '2026', '2026', '2026', '2026')"
        )
        with pytest.raises(dbapi2.IntegrityError, match="the disk is full"):
            restore.carry(Keep(admin_email=BEN))

        assert restore.lacks(BEN)
        async with restore.restored() as after:
            assert await after.sessions.authenticate(token)

    async def test_writes_nothing_to_the_live_file(self, accounts: Accounts, restore: Restore) -> None:
        ana = await made(accounts, EMAIL)
        await signed_in(accounts, EMAIL)
        restore.backup()
        restore.carry(Keep(admin_email=EMAIL))

        assert len(await accounts.sessions.list(ana.id)) == 1


class TestADamagedShop:
    async def test_a_table_that_cannot_be_read_stops_nothing(
        self, accounts: Accounts, database: Database, restore: Restore
    ) -> None:
        """It is why a backup is restored. The sessions are lost, the account is not."""
        await made(accounts, BEN)
        token = await signed_in(accounts, BEN)
        restore.backup()
        await made(accounts, EMAIL)
        async with database.write() as session:
            await session.execute(text("DROP TABLE admin_sessions"))
        restore.carry(Keep(admin_email=EMAIL))

        async with restore.restored() as after:
            assert await after.admins.verify(EMAIL, PASSWORD)
            assert await after.sessions.authenticate(token) is None

    async def test_nor_does_a_damaged_page(
        self, accounts: Accounts, database: Database, restore: Restore, caplog: pytest.LogCaptureFixture
    ) -> None:
        mine = await a_token(accounts)
        restore.another_shop()
        await made(accounts, EMAIL)
        page = await database.fetch(
            lambda live: live.execute("SELECT rootpage FROM sqlite_master WHERE name = 'admin_sessions'").fetchone()[0]
        )
        await database.close()
        with restore.settings.database_path.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
        restore.carry(Keep(admin_email=EMAIL, token_prefix=mine.record.prefix))

        assert "admin_sessions of the former file cannot be read" in caplog.text
        async with restore.restored() as after:
            assert await after.admins.verify(EMAIL, PASSWORD)
            assert await after.tokens.authenticate(header(mine))

    async def test_rows_that_a_damaged_index_let_in_twice_are_there_once(
        self, accounts: Accounts, database: Database, restore: Restore
    ) -> None:
        await made(accounts, EMAIL)
        restore.backup()
        token = await signed_in(accounts, EMAIL)
        async with database.write() as session:
            columns = "token_hash, admin_id, last_seen_at, expires_at, address, user_agent, created_at, updated_at"
            await session.execute(text("CREATE TABLE other AS SELECT * FROM admin_sessions"))
            await session.execute(text("DROP TABLE admin_sessions"))
            await session.execute(text("ALTER TABLE other RENAME TO admin_sessions"))
            await session.execute(text(f"INSERT INTO admin_sessions ({columns}) SELECT {columns} FROM admin_sessions"))
        restore.carry()

        async with restore.restored() as after:
            assert await after.sessions.authenticate(token)
        assert restore.count("SELECT count(*) FROM admin_sessions") == 1


async def test_a_file_of_an_older_schema_has_what_it_has(
    accounts: Accounts, database: Database, restore: Restore
) -> None:
    """A column that the live file does not have yet is what the new file says."""
    await made(accounts, EMAIL)
    restore.backup()
    token = await signed_in(accounts, EMAIL)
    restore.change("ALTER TABLE admin_sessions RENAME COLUMN user_agent TO former")
    restore.change("ALTER TABLE admin_sessions ADD COLUMN user_agent VARCHAR NOT NULL DEFAULT ''")
    async with database.write() as session:
        await session.execute(text("ALTER TABLE admin_sessions DROP COLUMN user_agent"))
    restore.change("ALTER TABLE admin_sessions DROP COLUMN former")
    restore.carry()

    async with restore.restored() as after:
        assert await after.sessions.authenticate(token)
