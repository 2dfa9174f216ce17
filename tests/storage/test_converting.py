"""From plain to encrypted and back: verified before it counts, and killed anywhere the one or the other, whole."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage import converting, faults
from berrypod.storage.connection import open_as_stranger, open_connection
from berrypod.storage.converting import AlreadyDone, decrypt, encrypt, plain_formers, remove_former
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.gate import Gate
from berrypod.storage.keys import PLAIN_HEADER
from berrypod.storage.swap_outcomes import outcomes
from berrypod.storage.verification import count_rows, verify
from tests.conftest import KEY
from tests.faults.forks import Forks
from tests.storage import dying

OTHER = Secret("another key, which is just as long as it should be")
MARK = "a word that nobody else would store"


@pytest.fixture
def shop(settings: Settings) -> Path:
    """A plain shop with something in it."""
    path = settings.database_path
    with closing(open_connection(path, None)) as connection:
        connection.execute(
            "INSERT INTO settings (key, value, updated_at) VALUES ('shop.name', ?, '2026-01-01')", (f'"{MARK}"',)
        )
    return path


def rows(path: Path, key: Secret | None) -> dict[str, int]:
    with closing(open_connection(path, find_key(path, key))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return count_rows(connection)


def is_plain(path: Path) -> bool:
    return path.read_bytes().startswith(PLAIN_HEADER)


def beside(path: Path) -> set[str]:
    """What lies there, without what belongs there: locks, notes of what was done, kept files."""
    belongs = {path.name, *(path.name + end for end in ("-lock", "-former", "-swaps.json"))}
    return {each.name for each in path.parent.iterdir()} - belongs


async def test_encrypted_it_holds_the_same_and_no_byte_of_it_can_be_read(shop: Path) -> None:
    before = rows(shop, None)
    shares: list[float] = []

    done = await encrypt(shop, KEY, wait=1, progress=shares.append)

    assert rows(shop, KEY) == before
    content = shop.read_bytes()
    assert MARK.encode() not in content
    assert b"CREATE TABLE" not in content
    assert stat.S_IMODE(shop.stat().st_mode) == 0o600
    assert (await verify(shop, KEY)).encrypted
    open_as_stranger(shop, KEY).close()
    assert done.size_bytes == len(content)
    assert not beside(shop)


async def test_the_plain_file_is_kept_for_its_owner_alone_until_it_is_removed(shop: Path) -> None:
    shop.chmod(0o644)
    done = await encrypt(shop, KEY, wait=1)

    assert plain_formers(shop) == [done.former]
    assert MARK.encode() in done.former.read_bytes()
    assert stat.S_IMODE(done.former.stat().st_mode) == 0o600

    remove_former(done.former)

    assert plain_formers(shop) == []
    assert not list(done.former.parent.iterdir())


@pytest.mark.slow
async def test_removing_overwrites_what_was_there(shop: Path, tmp_path: Path) -> None:
    done = await encrypt(shop, KEY, wait=1)
    os.link(done.former, tmp_path / "the same bytes on the disk")

    remove_former(done.former)

    assert set((tmp_path / "the same bytes on the disk").read_bytes()) == {0}


async def test_there_and_back_it_is_the_same_shop_and_any_program_reads_it(shop: Path) -> None:
    before = rows(shop, None)
    await encrypt(shop, KEY, wait=1)
    done = await decrypt(shop, KEY, wait=1)

    assert rows(shop, None) == before
    with closing(sqlite3.connect(shop)) as connection:
        assert connection.execute("SELECT value FROM settings WHERE key = 'shop.name'").fetchone() == (f'"{MARK}"',)
        assert connection.execute("PRAGMA user_version").fetchone() != (0,)
    assert rows(done.former, KEY) == before
    assert [outcome.operation for outcome in outcomes(shop)] == ["decrypt", "encrypt"]


async def test_the_shop_opens_afterwards_with_the_key_and_not_without(shop: Path) -> None:
    await encrypt(shop, KEY, wait=1)

    database = Database(Settings(environment="test", database_path=shop, secret_key_db=KEY))
    await database.open()
    await database.close()
    with pytest.raises(errors.KeyMissing):
        await Database(Settings(environment="test", database_path=shop)).open()


@pytest.mark.slow
async def test_what_a_killed_server_left_in_the_log_comes_along(shop: Path) -> None:
    left = shop.with_name("left.db")
    with closing(open_connection(shop, None)) as connection:
        connection.execute("INSERT INTO settings (key, value, updated_at) VALUES ('shop.email', '\"a\"', '2026-01-01')")
        for end in ("", "-wal"):
            left.with_name(left.name + end).write_bytes(shop.with_name(shop.name + end).read_bytes())
    assert left.with_name("left.db-wal").stat().st_size

    await encrypt(left, KEY, wait=1)

    assert rows(left, KEY)["settings"] == rows(shop, None)["settings"]


class TestRefused:
    """With words, and with nothing changed."""

    async def refused(
        self, shop: Path, *, by: type[errors.BerrypodError], key: Secret = KEY, back: bool = False
    ) -> str:
        before = shop.read_bytes()
        with pytest.raises(by) as error:
            await (decrypt if back else encrypt)(shop, key, wait=0)
        assert shop.read_bytes() == before
        assert not list(shop.parent.glob(".*.part"))
        return f"{error.value.message} {error.value.hint}"

    async def test_while_the_shop_runs(self, shop: Path) -> None:
        database = Database(Settings(environment="test", database_path=shop))
        await database.open()
        try:
            with pytest.raises(errors.DatabaseLocked) as error:
                await encrypt(shop, KEY, wait=0)
        finally:
            await database.close()
        assert "Stop the server" in error.value.hint

    @pytest.mark.slow
    async def test_nobody_comes_in_meanwhile(self, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        refused: list[str] = []

        def come_in(point: str) -> None:
            try:
                Gate(shop).enter(timeout=0)
            except errors.DatabaseLocked:
                refused.append(point)

        monkeypatch.setattr(faults, "on_reach", come_in)
        await encrypt(shop, KEY, wait=0)

        assert {"rekey.begun", "convert.ready", "swap.renamed", "swap.done"} <= set(refused)

    async def test_while_another_program_has_it_open(self, shop: Path) -> None:
        # In a process of its own: a process does not lock itself out.
        look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM settings')"
        code = f"{look}.fetchone(); print('open', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", code, str(shop)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout
            other.stdout.readline()
            assert "Close the program" in await self.refused(shop, by=errors.DatabaseLocked)
            other.communicate()
        assert is_plain(shop)

    @pytest.mark.slow
    async def test_what_is_done_already(self, shop: Path) -> None:
        await self.refused(shop, by=AlreadyDone, back=True)
        await encrypt(shop, KEY, wait=0)
        await self.refused(shop, by=AlreadyDone)

    async def test_a_key_that_does_not_open_it(self, shop: Path) -> None:
        await encrypt(shop, KEY, wait=0)
        await self.refused(shop, by=errors.WrongKey, key=OTHER)
        await self.refused(shop, by=errors.WrongKey, key=OTHER, back=True)

    async def test_no_space_with_the_numbers(self, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("berrypod.storage.files.free_bytes", lambda _: 20_000_000)
        told = await self.refused(shop, by=errors.DiskFull)
        assert "32.2 MB are needed" in told
        assert "20.0 MB are free" in told

    async def test_a_damaged_one(self, shop: Path) -> None:
        with shop.open("r+b") as file:
            file.seek(4096 * 8)
            file.write(b"\xff" * 2048)
        await self.refused(shop, by=errors.DatabaseDamaged)

    @pytest.mark.slow
    async def test_an_older_schema_and_a_strangers_database(self, shop: Path, tmp_path: Path) -> None:
        with closing(open_connection(shop, None)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        await self.refused(shop, by=errors.SchemaNewer)
        with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
            connection.execute("CREATE TABLE jam (id)")
        with pytest.raises(errors.ForeignDatabase):
            await encrypt(tmp_path / "other.db", KEY, wait=0)

    async def test_none_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(errors.DatabaseMissing):
            await encrypt(tmp_path / "absent.db", KEY, wait=0)
        assert not list(tmp_path.iterdir())

    async def test_a_result_that_is_not_as_it_should_be(self, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(converting, "_is_plain", lambda path: True)
        await self.refused(shop, by=errors.StorageError)


def points(job: Callable[[], object]) -> list[str]:
    """The moments that `job` comes by."""
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(faults, "on_reach", found.append)
        job()
    return found


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """A fork of this process might wait for ever: it has threads, and each may hold a lock."""
    with Forks.ready() as forks:
        yield forks


@pytest.mark.slow
@pytest.mark.parametrize("back", [False, True], ids=["encrypt", "decrypt"])
def test_killed_at_every_moment_it_is_the_one_or_the_other_and_can_be_done_again(
    shop: Path, tmp_path: Path, forks: Forks, back: bool
) -> None:
    if back:
        asyncio.run(encrypt(shop, KEY, wait=0))
    original, before = shop.read_bytes(), rows(shop, KEY if back else None)
    convert = decrypt if back else encrypt
    copies = iter(range(1000))

    def fresh() -> Path:
        folder = tmp_path / str(next(copies))
        folder.mkdir()
        (folder / "shop.db").write_bytes(original)
        return folder / "shop.db"

    path = fresh()
    moments = points(lambda: asyncio.run(convert(path, KEY, wait=0)))
    assert len(moments) > 15
    became: list[str] = []
    for number in range(len(moments)):
        path = fresh()
        assert forks.run(dying.convert, path=path, back=back, number=number).killed
        # Whoever comes next finishes it, or takes it back: the shop with the settings that fit the file ...
        key = None if is_plain(path) else KEY
        settings = Settings(environment="test", database_path=path, secret_key_db=key)
        asyncio.run(open_and_close(settings))
        assert rows(path, key) == before, moments[number]
        became.append("new" if (key is None) is back else "old")
        assert not list(path.parent.glob(".*.part")), moments[number]
        # ... or the same command again.
        if became[-1] == "old":
            asyncio.run(convert(path, KEY, wait=0))
        assert rows(path, None if back else KEY) == before
    assert became == sorted(became, reverse=True), "once it is new it stays so"
    assert {"old", "new"} == set(became)


async def open_and_close(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    await database.close()


@pytest.mark.parametrize(
    "number", [number if number == 20 else pytest.param(number, marks=pytest.mark.slow) for number in range(0, 30, 2)]
)
def test_a_full_disk_at_any_moment_leaves_the_one_or_the_other(
    shop: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = rows(shop, None)
    left = [number]

    def full(_: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(faults, "on_reach", full)
        try:
            asyncio.run(encrypt(shop, KEY, wait=0))
        except errors.StorageError:
            failed = True
        else:
            failed = False

    key = None if is_plain(shop) else KEY
    asyncio.run(open_and_close(Settings(environment="test", database_path=shop, secret_key_db=key)))
    assert rows(shop, key) == before
    assert not list(shop.parent.glob(".*.part"))
    assert key is KEY or failed
