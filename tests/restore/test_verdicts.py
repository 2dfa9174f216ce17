"""Each kind of file has a verdict of its own, and looking at it changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from berrypod_restore.inspection import inspect
from berrypod_restore.verdicts import Code, verdict

import berrypod
from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import pages, schema
from berrypod.storage.connection import open_immutable
from berrypod.storage.database import Database
from berrypod.storage.keys import passphrase_fingerprint
from tests.conftest import KEY
from tests.restore.badfiles import Shops, changed_by, make_shops
from tests.restore.cases import CASES
from tests.restore.later import later_program

# For these a test of their own makes the file: it takes a program of the future.
MADE_ELSEWHERE = {"schema_older"}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Shops:
    return make_shops(tmp_path_factory.mktemp("shops"))


@pytest.fixture
def folder(tmp_path: Path, shops: Shops) -> Path:
    """A folder with the file of a shop in it, which must stay as it is."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(shops.encrypted, folder / "live.db")
    return folder


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in folder.iterdir()
    }


@pytest.mark.parametrize("name", CASES)
async def test_each_kind_of_file_has_its_verdict_and_nothing_is_changed(name: str, shops: Shops, folder: Path) -> None:
    case = CASES[name]
    path = folder / "candidate.db"
    case.make(shops, path)
    before = contents(folder)
    found = await inspect(path, case.key, shop_key=shops.key if case.knows_shop else None)
    assert found.verdict.code == case.code, found.verdict.message
    assert case.words in f"{found.verdict.message} {found.verdict.hint}"
    assert found.verdict.title
    assert found.verdict.message
    assert found.verdict.hint
    assert str(folder) not in f"{found.verdict}", "where it lies is nobody's business"
    assert found.sha256 == before["candidate.db"][0]
    assert contents(folder) == before


def test_every_verdict_is_met_by_some_file() -> None:
    assert {case.code for case in CASES.values()} | MADE_ELSEWHERE == set(get_args(Code))


def test_verdicts_differ_in_their_words_and_few_are_acceptable() -> None:
    verdicts = [verdict(code) for code in get_args(Code)]
    for what in ("title", "message"):
        assert len({getattr(one, what) for one in verdicts}) == len(verdicts)
    assert all(one.hint for one in verdicts)
    assert {one.code for one in verdicts if one.acceptable} == {"valid", "schema_older"}
    assert {one.code for one in verdicts if one.wants_key} == {"wrong_key", "key_needed"}


async def test_a_backup_of_an_earlier_version_is_acceptable_and_says_what_becomes_of_it(
    shops: Shops, tmp_path: Path
) -> None:
    with later_program(tmp_path):
        found = await inspect(shops.encrypted, KEY)
    assert found.verdict.code == "schema_older"
    assert found.verdict.acceptable
    assert "0001" in found.verdict.message
    assert "0002" in found.verdict.message
    assert found.candidate is not None
    assert found.candidate.schema_revision == "0001"


async def test_what_does_not_belong_into_an_earlier_schema_is_told_too(shops: Shops, tmp_path: Path) -> None:
    """`colour` comes with the second revision: in a file of the first one it is a stranger."""
    changed_by("ALTER TABLE products ADD COLUMN colour")(shops, tmp_path / "x.db")
    with later_program(tmp_path):
        found = await inspect(tmp_path / "x.db", KEY)
    assert (found.verdict.code, "colour" in found.verdict.message) == ("foreign_objects", True)


async def test_the_facts_of_a_good_one(shops: Shops) -> None:
    found = await inspect(shops.encrypted, KEY)
    candidate = found.candidate
    assert candidate is not None
    assert candidate.row_counts["orders"] == 200
    assert candidate.row_counts["images"] == 10
    assert candidate.size_bytes == candidate.page_count * 4096 == shops.encrypted.stat().st_size
    assert candidate.schema_revision == schema.head()
    assert candidate.encrypted
    assert candidate.key_fingerprint == passphrase_fingerprint(KEY)
    assert candidate.made_by == berrypod.__version__
    assert candidate.newest_at == candidate.oldest_at == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert found.key == shops.key


async def test_the_facts_are_told_of_what_can_be_read_and_is_refused(shops: Shops, tmp_path: Path) -> None:
    for name in ("a later schema", "a trigger", "broken references", "a plain one, for an encrypted shop"):
        CASES[name].make(shops, tmp_path / name)
        found = await inspect(tmp_path / name, KEY)
        assert found.candidate is not None
        assert found.candidate.row_counts["orders"] == 200


async def test_a_digest_that_is_known_is_not_computed_again(shops: Shops) -> None:
    assert (await inspect(shops.encrypted, KEY, sha256="ab" * 32)).sha256 == "ab" * 32


async def test_it_tells_how_far_it_is(shops: Shops) -> None:
    told: list[tuple[str, float]] = []
    await inspect(shops.encrypted, KEY, progress=lambda stage, share: told.append((stage, share)))
    assert told[0] == ("reading", 0.0)
    assert told[-1] == ("checking", 1.0)
    assert ("reading", 1.0) in told
    assert [stage for stage, _ in told] == sorted((stage for stage, _ in told), key=["reading", "checking"].index)
    for wanted in ("reading", "checking"):
        shares = [share for stage, share in told if stage == wanted]
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)


async def test_cancelling_ends_it_and_its_threads(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def damaged_in(*_: object) -> list[int]:
        begun.set()
        go_on.wait(60)
        return []

    monkeypatch.setattr(pages, "_damaged_in", damaged_in)
    running = asyncio.create_task(inspect(shops.encrypted, KEY, progress=lambda *_: None))
    assert await asyncio.to_thread(begun.wait, 60)
    running.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("berrypod-reading")]


async def test_neither_the_shops_key_nor_anything_derived_from_it_is_told(shops: Shops) -> None:
    found = await inspect(shops.encrypted, KEY)
    told = f"{found!r}{found.verdict!r}{found.candidate!r}"
    assert KEY.reveal() not in told
    assert found.key is not None
    assert found.key.derived.hex() not in told
    assert repr(found.key.derived) not in told


async def test_the_file_of_a_shop_that_is_open_here_is_never_opened(encrypted_settings: Settings) -> None:
    """Closing it would drop the locks of this process, and another one could delete its log."""
    database = Database(encrypted_settings)
    await database.open()
    with pytest.raises(errors.DatabaseLocked):
        await inspect(encrypted_settings.database_path, KEY)
    await database.close()


async def test_what_is_no_file_is_not_judged(tmp_path: Path) -> None:
    with pytest.raises(errors.NotFound) as missing:
        await inspect(tmp_path / "nothing.db", KEY)
    assert missing.value.hint
    with pytest.raises(errors.NotADatabase):
        await inspect(tmp_path, KEY)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.NotADatabase):
        await inspect(tmp_path / "pipe", KEY)


async def test_a_file_in_a_place_that_cannot_be_written_is_inspected(shops: Shops, tmp_path: Path) -> None:
    place = tmp_path / "read only"
    place.mkdir()
    shutil.copyfile(shops.encrypted, place / "x.db")
    (place / "x.db").chmod(0o400)
    place.chmod(0o500)
    try:
        assert (await inspect(place / "x.db", KEY)).verdict.code == "valid"
    finally:
        place.chmod(0o700)


@pytest.mark.parametrize("page", ["first", "middle", "last", "free", "overflow"])
async def test_one_bit_is_noticed_wherever_it_is(shops: Shops, tmp_path: Path, page: str) -> None:
    content = bytearray(shops.encrypted.read_bytes())
    last = len(content) // 4096
    with closing(open_immutable(shops.encrypted, shops.key)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 0
    number = {"first": 1, "middle": last // 2, "last": last, **page_kinds(shops.plain)}[page]
    content[(number - 1) * 4096 + 2000] ^= 0x10
    (tmp_path / "x.db").write_bytes(content)
    found = (await inspect(tmp_path / "x.db", KEY, shop_key=shops.key)).verdict
    assert found.code == ("damaged_first_page" if number == 1 else "damaged")


def page_kinds(plain: Path) -> dict[str, int]:
    """A free page, and one that continues a row. The encrypted shop is laid out like the plain one."""
    content = plain.read_bytes()
    trunk = int.from_bytes(content[32:36], "big")
    leaf = int.from_bytes(content[(trunk - 1) * 4096 + 8 : (trunk - 1) * 4096 + 12], "big")
    in_trees = {
        number for number in range(2, len(content) // 4096 + 1) if content[(number - 1) * 4096] in (2, 5, 10, 13)
    }
    others = sorted(set(range(2, len(content) // 4096 + 1)) - in_trees - {trunk, leaf})
    return {"free": leaf, "overflow": others[0]}
