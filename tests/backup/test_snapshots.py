"""A snapshot is whole, encrypted as the shop is, and verified; or it is not there."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import snapshot, watching
from berrypod.storage.database import Database
from berrypod.storage.models import Setting
from berrypod.storage.snapshot import Stage, expected_bytes, make_snapshot
from berrypod.testing_shop import create_sample_shop
from tests.backup.making import grow, holds, interrupts, opened
from tests.backup.stranger import look
from tests.conftest import KEY
from tests.storage.processes import running


def passphrase(settings: Settings) -> str | None:
    return settings.secret_key_db.reveal() if settings.secret_key_db else None


async def test_a_stranger_with_the_passphrase_opens_it_in_another_program(
    either_settings: Settings, tmp_path: Path
) -> None:
    grow(either_settings, 1)
    target = tmp_path / "there" / "copy.db"
    target.parent.mkdir()
    async with opened(either_settings) as database:
        made = await make_snapshot(database, target)
    found = look(target, passphrase(either_settings))
    assert found["check"] == "ok"
    assert found["counts"]["images"] == 10 == made.facts.row_counts["images"]
    assert made.facts.encrypted is (either_settings.secret_key_db is not None)
    assert made.facts.size_bytes == target.stat().st_size
    assert holds(target.parent) == ["copy.db"]


async def test_it_is_for_its_owner_alone_from_the_first_byte(encrypted_settings: Settings, tmp_path: Path) -> None:
    grow(encrypted_settings, 5)
    seen: set[str] = set()

    def progress(stage: Stage, share: float) -> None:
        for path in tmp_path.glob(".copy.db.*.part"):
            seen.add(oct(stat.S_IMODE(path.stat().st_mode)))

    before = os.umask(0)
    try:
        async with opened(encrypted_settings) as database:
            await make_snapshot(database, tmp_path / "copy.db", progress=progress)
    finally:
        os.umask(before)
    assert seen == {"0o600"}
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


async def test_nothing_of_an_encrypted_shop_can_be_read_in_it(tmp_path: Path, encrypted_settings: Settings) -> None:
    async with opened(encrypted_settings) as database:
        async with database.write() as session:
            session.add(Setting(key="secret.words", value="plums at midnight", updated_at=datetime.now(UTC)))
        await make_snapshot(database, tmp_path / "copy.db")
    content = (tmp_path / "copy.db").read_bytes()
    for words in (b"SQLite format", b"plums at midnight", b"CREATE TABLE", b"orders"):
        assert words not in content


async def test_free_pages_are_left_out_and_the_expected_size_is_the_size(settings: Settings, tmp_path: Path) -> None:
    grow(settings, 3)
    async with opened(settings) as database:
        await database.run_in_thread(lambda source: source.execute("DELETE FROM images WHERE id > 5"), read_only=False)
        expected = await expected_bytes(database)
        made = await make_snapshot(database, tmp_path / "copy.db")
    assert settings.database_path.stat().st_size > 3_000_000
    assert made.facts.size_bytes == pytest.approx(expected, rel=0.02)
    assert made.facts.size_bytes < 1_000_000


async def test_a_file_that_is_there_is_left_alone_unless_it_may_be_overwritten(
    settings: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.write_text("somebody's diary")
    async with opened(settings) as database:
        with pytest.raises(errors.Conflict, match="There is a file already"):
            await make_snapshot(database, target)
        assert target.read_text() == "somebody's diary"
        await make_snapshot(database, target, overwrite=True)
    assert look(target, None)["check"] == "ok"


async def test_what_comes_to_be_while_it_is_made_is_not_overwritten(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the disk knows no links."""
    target = tmp_path / "copy.db"

    def no_links(source: Path, link: Path) -> None:
        raise PermissionError(1, "not here")

    def progress(stage: Stage, share: float) -> None:
        target.write_text("somebody's diary")

    async with opened(settings) as database:
        for _ in range(2):
            with pytest.raises(errors.Conflict):
                await make_snapshot(database, target, progress=progress)
            assert target.read_text() == "somebody's diary"
            target.unlink()
            monkeypatch.setattr(os, "link", no_links)
        await make_snapshot(database, target)
    assert holds(tmp_path / "x") == []
    assert not list(tmp_path.glob(".copy*"))


async def test_names_that_mean_something_to_sqlite_are_only_names(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "a folder? with 100% #odd 'names'"
    folder.mkdir()
    async with opened(settings) as database:
        await make_snapshot(database, folder / "file:copy.db?key=x'00'")
    assert holds(folder) == ["file:copy.db?key=x'00'"]


async def test_progress_is_told_in_order_and_reaches_the_end(settings: Settings, tmp_path: Path) -> None:
    grow(settings, 15)
    told: list[tuple[Stage, float]] = []
    async with opened(settings) as database:
        await make_snapshot(database, tmp_path / "copy.db", progress=lambda *step: told.append(step))
    assert told == sorted(told)
    assert told[-1] == ("verifying", 1.0)
    assert all(0 <= share <= 1 for _, share in told)


@pytest.mark.parametrize("stage", ["copying", "verifying"])
async def test_a_cancellation_ends_it_soon_and_leaves_nothing(
    encrypted_settings: Settings, tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.01)
    grow(encrypted_settings, 25)
    target = tmp_path / "there" / "copy.db"
    target.parent.mkdir()
    reached = asyncio.Event()

    def progress(now: Stage, share: float) -> None:
        if now == stage:
            reached.set()

    async with opened(encrypted_settings) as database:
        task = asyncio.create_task(make_snapshot(database, target, progress=progress))
        await reached.wait()
        task.cancel()
        async with asyncio.timeout(60):
            with pytest.raises(asyncio.CancelledError):
                await task
    assert holds(target.parent) == []


async def test_too_little_space_is_told_with_the_numbers_before_anything_is_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from berrypod.storage import files

    monkeypatch.setattr(files, "free_bytes", lambda folder: 5_000_000)
    async with opened(settings) as database:
        with pytest.raises(errors.DiskFull, match=r"32\.\d MB are needed in .*, and 5\.0 MB are free") as caught:
            await make_snapshot(database, tmp_path / "copy.db")
    assert caught.value.details["free_bytes"] == 5_000_000
    assert not list(tmp_path.glob("*copy*"))


async def test_a_disk_that_gets_full_on_the_way_is_told_and_leaves_nothing(
    encrypted_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise interrupts()

    monkeypatch.setattr(snapshot, "_vacuum_into", full)
    async with opened(encrypted_settings) as database:
        with pytest.raises(errors.DiskFull, match="no space left"):
            await make_snapshot(database, tmp_path / "copy.db")
        assert await database.fetch(lambda source: source.execute("SELECT count(*) FROM settings").fetchone()) == (0,)
    assert not list(tmp_path.glob("*copy*"))


async def test_what_the_disk_refuses_to_keep_is_no_backup(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells of a failed write once, to whoever syncs first."""
    monkeypatch.setattr(watching, "_STEP_BYTES", 1)

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", refuse)
    async with opened(settings) as database:
        with pytest.raises(errors.DiskFull):
            await make_snapshot(database, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


async def test_a_copy_that_came_out_unencrypted_is_no_backup(
    encrypted_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_sample_shop(tmp_path / "plain.db")

    def in_the_clear(source: object, temporary: Path, tell: object) -> None:
        shutil.copyfile(tmp_path / "plain.db", temporary)

    monkeypatch.setattr(snapshot, "_vacuum_into", in_the_clear)
    async with opened(encrypted_settings) as database:
        with pytest.raises(errors.BackupError, match="unencrypted"):
            await make_snapshot(database, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


async def test_a_folder_that_is_not_there_is_told(settings: Settings, tmp_path: Path) -> None:
    async with opened(settings) as database:
        with pytest.raises(errors.FolderNotWritable, match="There is no folder"):
            await make_snapshot(database, tmp_path / "nowhere" / "copy.db")


async def test_a_kill_leaves_nothing_that_looks_like_a_backup_and_the_next_one_clears_it_away(
    encrypted_settings: Settings, tmp_path: Path
) -> None:
    grow(encrypted_settings, 25)
    target = tmp_path / "there" / "copy.db"
    target.parent.mkdir()
    with running(_SNAPSHOT, encrypted_settings.database_path, KEY.reveal(), target) as process:
        process.kill()
        process.wait(60)
    assert holds(target.parent), "the process was killed in the middle"
    assert not target.exists()
    async with opened(encrypted_settings) as database:
        await make_snapshot(database, target)
    assert holds(target.parent) == ["copy.db"]


_SNAPSHOT = """
import asyncio, os, signal, sys
from pathlib import Path
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from berrypod.storage.snapshot import make_snapshot

def progress(stage, share):
    if share > 0.1:
        print(stage, flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)  # with its threads, in the middle, until it is killed

async def main(path, key, target):
    database = Database(Settings(environment="test", database_path=Path(path), secret_key_db=Secret(key)))
    await database.open()
    await make_snapshot(database, Path(target), progress=progress)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_read_only_folder_is_told(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root a read-only folder can be written: so the refusal is made."""

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(snapshot.os, "open", refuse)
    with pytest.raises(errors.FolderNotWritable):
        await make_snapshot(database, tmp_path / "copy.db")
