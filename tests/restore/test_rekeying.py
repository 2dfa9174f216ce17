"""A staged file is written anew under another key: whole, or not at all, and the old key stays a secret."""

from __future__ import annotations

import asyncio
import logging
import shutil
import stat
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from berrypod_restore.inspection import inspect
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import faults, origin, rekeying
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.diagnosis import find_key
from berrypod.storage.files import sweep
from berrypod.storage.keys import PLAIN_HEADER, DatabaseKey
from berrypod.storage.rekeying import rekey
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY, Shops, changed_by, cut, flipped, make_shops
from tests.storage.conftest import small_disk
from tests.storage.making import fill
from tests.storage.processes import stopped_within

tiny_disk = small_disk

POINTS = ["rekey.begun", "rekey.written", "rekey.verified", "rekey.renamed", "rekey.done"]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Shops:
    return make_shops(tmp_path_factory.mktemp("shops"))


@pytest.fixture
def staged(shops: Shops, tmp_path: Path) -> Path:
    path = tmp_path / "staged" / "candidate.db"
    path.parent.mkdir()
    shutil.copyfile(shops.encrypted, path)
    return path


def dump(path: Path, passphrase: Secret | None) -> dict[str, list[Any]]:
    """Everything in it, read as the sqlcipher program would: by the passphrase."""
    with closing(dbapi2.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        if passphrase is not None:
            connection.execute(f"PRAGMA key = '{passphrase.reveal()}'")
        master = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        rows = {
            name: connection.execute(f'SELECT rowid, * FROM "{name}" ORDER BY rowid').fetchall()
            for kind, name, *_ in master
            if kind == "table"
        }
        return {"master": master, "version": [origin.version_of(connection)], **rows}


def holds(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


@pytest.mark.parametrize(
    ("old", "new"),
    [(KEY, OTHER_KEY), (None, OTHER_KEY), (KEY, None)],
    ids=["another key", "encrypted", "decrypted"],
)
async def test_all_rows_come_along_and_the_new_key_opens_it(
    shops: Shops, staged: Path, old: Secret | None, new: Secret | None
) -> None:
    shutil.copyfile(shops.path(plain=old is None), staged)
    before = dump(staged, old)
    await rekey(staged, old, new)
    assert dump(staged, new) == before
    assert staged.read_bytes().startswith(PLAIN_HEADER) == (new is None)
    assert stat.S_IMODE(staged.stat().st_mode) == 0o600
    assert holds(staged) == ["candidate.db"]
    assert (await inspect(staged, new)).verdict.code == "valid"
    if new is not None:
        assert (await inspect(staged, KEY)).verdict.code == "wrong_key"


async def test_no_page_of_what_is_encrypted_can_be_read(shops: Shops, staged: Path) -> None:
    shutil.copyfile(shops.plain, staged)
    assert b"ada@example.org" in staged.read_bytes()
    await rekey(staged, None, OTHER_KEY)
    content = staged.read_bytes()
    assert b"ada@example.org" not in content
    key = DatabaseKey.derive(OTHER_KEY, content[:16])
    assert all(key.authenticates(content[n * 4096 : (n + 1) * 4096], n + 1) for n in range(len(content) // 4096))


async def test_it_tells_how_far_it_is(staged: Path) -> None:
    with closing(open_connection(staged, find_key(staged, KEY))) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO settings VALUES (?, ?, '2026')", ((f"k{n}", "v" * 2000) for n in range(2000))
        )
        connection.execute("COMMIT")
    told: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("berrypod.storage.watching._LOOK_SECONDS", 0.001)
        await rekey(staged, KEY, OTHER_KEY, progress=told.append)
    assert told
    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)


REFUSED: dict[str, tuple[Callable[[Shops, Path], object], Secret | None, type[errors.BerrypodError]]] = {
    "a wrong key": (lambda *_: None, OTHER_KEY, errors.WrongKey),
    "no key": (lambda *_: None, None, errors.KeyMissing),
    "a key for a plain one": (lambda shops, path: shutil.copyfile(shops.plain, path), KEY, errors.KeyNotNeeded),
    "cut off": (cut(-4096), KEY, errors.DatabaseDamaged),
    "damaged": (flipped(5, 700), KEY, errors.DatabaseDamaged),
    "damaged where nobody reads": (flipped(-1, 700), KEY, errors.DatabaseDamaged),
    "text": (lambda _, path: path.write_bytes(b"abc" * 9000), KEY, errors.NotADatabase),
    "empty": (lambda _, path: path.write_bytes(b""), KEY, errors.DatabaseEmpty),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_rekeyed_is_told_and_stays_as_it_is(shops: Shops, staged: Path, name: str) -> None:
    make, old, error = REFUSED[name]
    make(shops, staged)
    before = staged.read_bytes()
    with pytest.raises(error) as caught:
        await rekey(staged, old, OTHER_KEY)
    assert caught.value.hint
    assert staged.read_bytes() == before
    assert holds(staged) == ["candidate.db"]


async def test_what_is_wrong_with_the_rows_is_left_to_the_inspection(shops: Shops, staged: Path) -> None:
    changed_by("CREATE TABLE recipes (name)", "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END")(
        shops, staged
    )
    await rekey(staged, KEY, OTHER_KEY)
    assert (await inspect(staged, OTHER_KEY)).verdict.code == "foreign_objects"


async def test_a_copy_that_came_out_in_the_clear_is_not_put_in_place(
    staged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLCipher takes an empty key for none: a mistake there must not go unnoticed."""
    monkeypatch.setattr(DatabaseKey, "raw", lambda _: "")
    before, key = staged.read_bytes(), DatabaseKey.derive(KEY, staged.read_bytes()[:16])
    raw = f"x'{key.derived.hex()}{key.salt.hex()}'"

    def opened(path: Path, found: DatabaseKey | None) -> dbapi2.Connection:
        connection = dbapi2.connect(
            f"file:{path}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.set_key(raw)
        return connection

    monkeypatch.setattr(rekeying, "open_immutable", opened)
    with pytest.raises(errors.StorageError, match="did not come out encrypted"):
        await rekey(staged, KEY, OTHER_KEY)
    assert staged.read_bytes() == before
    assert holds(staged) == ["candidate.db"]


async def test_a_copy_that_lacks_rows_is_not_put_in_place(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, count = staged.read_bytes(), rekeying.count_rows
    counted: list[dict[str, int]] = []

    def count_one_order_less_each_time(connection: dbapi2.Connection) -> dict[str, int]:
        rows = count(connection)
        counted.append(rows)
        return {**rows, "orders": rows["orders"] - len(counted)}

    monkeypatch.setattr(rekeying, "count_rows", count_one_order_less_each_time)
    with pytest.raises(errors.StorageError, match="lacks rows"):
        await rekey(staged, KEY, OTHER_KEY)
    assert staged.read_bytes() == before


@pytest.mark.parametrize(
    "point", [pytest.param(point, marks=[] if point == "rekey.renamed" else pytest.mark.slow) for point in POINTS]
)
async def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(
    staged: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(staged, KEY)

    def work(stop: Callable[[], object]) -> None:
        faults.on_reach = lambda reached: stop() if reached == point else None
        asyncio.new_event_loop().run_until_complete(rekey(staged, KEY, OTHER_KEY))

    with stopped_within(work):
        pass
    renamed = POINTS.index(point) >= POINTS.index("rekey.renamed")
    assert dump(staged, OTHER_KEY if renamed else KEY) == before
    sweep(staged.parent)
    assert holds(staged) == ["candidate.db"]
    if not renamed:
        await rekey(staged, KEY, OTHER_KEY)
        assert dump(staged, OTHER_KEY) == before


@pytest.mark.parametrize("point", POINTS[:-1])
async def test_a_cancellation_leaves_the_old_one_or_the_new_one_and_nothing_beside_it(
    staged: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, content = staged.read_bytes(), dump(staged, KEY)
    loop = asyncio.get_running_loop()

    def cancel(reached: str) -> None:
        if reached == point:
            loop.call_soon_threadsafe(running.cancel)

    monkeypatch.setattr(faults, "on_reach", cancel)
    running = asyncio.create_task(rekey(staged, KEY, OTHER_KEY))
    with pytest.raises(asyncio.CancelledError):
        await running
    if POINTS.index(point) < POINTS.index("rekey.verified"):
        assert staged.read_bytes() == before
    else:
        assert dump(staged, OTHER_KEY) == content
    assert holds(staged) == ["candidate.db"]


async def test_a_full_disk_is_told_and_the_old_one_stays(
    tiny_disk: Path, staged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "SPARE_BYTES", 0)
    path = tiny_disk / "candidate.db"
    shutil.copyfile(staged, path)
    before = path.read_bytes()
    monkeypatch.setattr(rekeying, "require_space", lambda *_: fill(tiny_disk / "ballast"))
    with pytest.raises(errors.DiskFull):
        await rekey(path, KEY, OTHER_KEY)
    assert path.read_bytes() == before
    assert holds(path) == ["ballast", "candidate.db"]


async def test_space_is_looked_for_first(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekeying, "SPARE_BYTES", 10**18)
    with pytest.raises(errors.DiskFull, match="are needed"):
        await rekey(staged, KEY, OTHER_KEY)


async def test_neither_key_is_told_by_anything(
    staged: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the log, not by an error, not by the statements that SQLite can be made to trace."""
    caplog.set_level(logging.DEBUG)
    secrets: list[str] = [KEY.reveal(), OTHER_KEY.reveal()]
    new = DatabaseKey.for_new_file(OTHER_KEY)
    old = DatabaseKey.derive(KEY, staged.read_bytes()[:16])
    secrets += [new.derived.hex(), old.derived.hex()]
    monkeypatch.setattr(DatabaseKey, "for_new_file", lambda _: new)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rekeying.os, "fsync", refuse)
    with pytest.raises(errors.DiskFull) as caught:
        await rekey(staged, KEY, OTHER_KEY)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.details) + caplog.text
    monkeypatch.undo()
    with pytest.raises(errors.WrongKey) as wrong:
        await rekey(staged, OTHER_KEY, KEY)
    told += "".join(traceback.format_exception(wrong.value))
    assert not [secret for secret in secrets if secret.lower() in told.lower()]


async def test_what_sqlite_refuses_does_not_tell_the_key(staged: Path, tmp_path: Path) -> None:
    """An error of VACUUM INTO would have the key in its text; an ATTACH has not."""
    with closing(open_immutable(staged, find_key(staged, KEY))) as connection:
        new = DatabaseKey.for_new_file(OTHER_KEY)
        with pytest.raises(dbapi2.Error) as caught:
            connection.execute("ATTACH ? AS target KEY ?", (str(tmp_path / "no folder" / "x.db"), new.raw()))
    assert new.derived.hex() not in str(caught.value)
