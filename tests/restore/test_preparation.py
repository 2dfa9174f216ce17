"""A staged file becomes what the shop can open at once; and the built-in guards look at it once more."""

from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from berrypod_restore.builtin_guards import builtin_guards
from berrypod_restore.inspection import inspect
from berrypod_restore.preparation import prepare

from berrypod import errors
from berrypod.declarations import Allow, Refuse, RestoreCandidate
from berrypod.settings import Secret, Settings
from berrypod.storage import faults, origin, schema
from berrypod.storage.connection import open_immutable
from berrypod.storage.database import Database
from berrypod.storage.files import file_mark
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.rekeying import rekey
from berrypod.storage.verification import count_rows
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY, Shops, changed_by, copied, flipped, make_shops
from tests.restore.cases import CASES
from tests.restore.later import later_program
from tests.storage.conftest import public_folder
from tests.storage.processes import as_nobody, stopped_within

a_public_folder = public_folder

POINTS = ["prepare.begun", "prepare.migrated", "prepare.switched", "prepare.synced"]
WRITE_AHEAD = b"\x02\x02"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Shops:
    return make_shops(tmp_path_factory.mktemp("shops"))


@pytest.fixture
def staged(shops: Shops, tmp_path: Path) -> Path:
    path = tmp_path / "staged" / "candidate.db"
    path.parent.mkdir()
    shutil.copyfile(shops.encrypted, path)
    path.chmod(0o644)
    return path


def holds(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def look(path: Path, key: DatabaseKey | None) -> tuple[str, bytes, dict[str, int], str | None]:
    """The schema, the mode in which it is opened, the rows of each table, and who made it."""
    with closing(open_immutable(path, key)) as connection:
        page = path.read_bytes()[:4096]
        header = key.file_header(page) if key else page[:100]
        return schema.revision_of(connection), header[18:20], count_rows(connection), origin.version_of(connection)


@pytest.mark.parametrize("passphrase", [KEY, None], ids=["encrypted", "plain"])
async def test_it_is_in_the_mode_in_which_it_is_opened_and_nothing_lies_beside_it(
    shops: Shops, staged: Path, passphrase: Secret | None
) -> None:
    shutil.copyfile(shops.path(plain=passphrase is None), staged)
    prepared = await prepare(staged, passphrase)
    revision, mode, rows, _ = look(staged, prepared.key)
    assert (revision, mode, rows["orders"]) == (schema.head(), WRITE_AHEAD, 200)
    assert prepared.schema_revision == schema.head()
    assert prepared.mark == file_mark(staged)
    assert stat.S_IMODE(staged.stat().st_mode) == 0o600
    assert holds(staged) == ["candidate.db"]
    assert (await inspect(staged, passphrase)).verdict.code == "valid"


async def test_the_shop_opens_it_without_changing_it(staged: Path) -> None:
    prepared = await prepare(staged, KEY)
    before = staged.read_bytes()
    database = Database(Settings(environment="test", database_path=staged, secret_key_db=KEY))
    await database.open()
    assert database.key == prepared.key
    await database.close()
    assert staged.read_bytes() == before


async def test_twice_is_as_good_as_once(staged: Path) -> None:
    first = await prepare(staged, KEY)
    content = staged.read_bytes()
    assert (await prepare(staged, KEY)).mark[:3] == first.mark[:3]
    assert staged.read_bytes() == content


async def test_an_earlier_schema_is_brought_up_to_date_with_all_its_rows(staged: Path, tmp_path: Path) -> None:
    with later_program(tmp_path):
        assert (await inspect(staged, KEY)).verdict.code == "schema_older"
        prepared = await prepare(staged, KEY)
        revision, mode, rows, _ = look(staged, prepared.key)
        assert (revision, mode) == (prepared.schema_revision, WRITE_AHEAD) == ("0002", WRITE_AHEAD)
        assert (rows["products"], rows["orders"], rows["images"]) == (20, 200, 10)
        assert (await inspect(staged, KEY)).verdict.code == "valid"
        assert prepared.mark == file_mark(staged)
    assert holds(staged) == ["candidate.db"]


BAD_MIGRATIONS = {
    "it fails": "op.execute('INSERT INTO nowhere VALUES (1)')",
    "rows are left without theirs": "op.execute('DELETE FROM images')",
}


@pytest.mark.parametrize("name", BAD_MIGRATIONS)
async def test_a_migration_that_does_not_work_is_told(staged: Path, tmp_path: Path, shops: Shops, name: str) -> None:
    changed_by(
        "INSERT INTO product_images (product_id, image_id, alt, position, created_at, updated_at)"
        " VALUES (1, 2, '', 0, '2026-01-01', '2026-01-01')"
    )(shops, staged)
    with later_program(tmp_path, BAD_MIGRATIONS[name]):
        with pytest.raises(errors.StorageError) as caught:
            await prepare(staged, KEY)
        assert caught.value.hint
    assert (await inspect(staged, KEY)).verdict.code == "valid", "it is as it was"


async def test_what_a_migration_leaves_is_checked(staged: Path, tmp_path: Path) -> None:
    """Data on which a migration acts otherwise than on an empty shop: what it makes then is no shop's."""
    then = "op.execute('CREATE TABLE scratch (x)') if op.get_bind().scalar(sa.text('SELECT 1 FROM orders')) else None"
    with later_program(tmp_path, then):
        with pytest.raises(errors.DatabaseDamaged, match="scratch") as caught:
            await prepare(staged, KEY)
        assert "version of Berrypod that made it" in caught.value.hint


REFUSED: dict[str, tuple[Callable[[Shops, Path], object], Secret | None, type[errors.BerrypodError]]] = {
    "a wrong key": (copied(), OTHER_KEY, errors.WrongKey),
    "no key": (copied(), None, errors.KeyMissing),
    "a later schema": (CASES["a later schema"].make, KEY, errors.SchemaNewer),
    "another program's": (CASES["another program's"].make, KEY, errors.ForeignDatabase),
    "damaged": (flipped(1, 700), KEY, errors.DatabaseDamaged),
    "a log beside it": (CASES["the right key, and a left-over log"].make, KEY, errors.StorageError),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_prepared_is_told_and_stays_as_it_is(shops: Shops, staged: Path, name: str) -> None:
    make, passphrase, error = REFUSED[name]
    staged.unlink()
    make(shops, staged)
    before, names = staged.read_bytes(), holds(staged)
    with pytest.raises(error):
        await prepare(staged, passphrase)
    assert staged.read_bytes() == before
    assert holds(staged) == names


async def test_a_folder_that_cannot_be_written_is_told(a_public_folder: Path, shops: Shops) -> None:
    path = a_public_folder / "x.db"
    shutil.copyfile(shops.encrypted, path)

    def work() -> str:
        with pytest.raises(errors.StorageError) as caught:
            asyncio.new_event_loop().run_until_complete(prepare(path, KEY))
        return caught.value.code

    assert as_nobody(work) == "folder_not_writable"


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_leaves_a_file_that_is_refused_or_one_that_is_whole(
    staged: Path, tmp_path: Path, point: str
) -> None:
    with later_program(tmp_path):

        def work(stop: Callable[[], object]) -> None:
            faults.on_reach = lambda reached: stop() if reached == point else None
            asyncio.new_event_loop().run_until_complete(prepare(staged, KEY))

        with stopped_within(work):
            pass
        found = await inspect(staged, KEY)
        assert found.verdict.code in ("schema_older", "journal_beside", "valid")
        if found.candidate is not None:
            assert found.candidate.row_counts["orders"] == 200


async def test_from_a_wrong_key_to_a_file_that_the_shop_opens(staged: Path) -> None:
    """The way of a file that was made with another key."""
    await rekey(staged, KEY, OTHER_KEY)
    assert (await inspect(staged, KEY)).verdict.wants_key
    await rekey(staged, OTHER_KEY, KEY)
    assert (await inspect(staged, KEY)).verdict.acceptable
    prepared = await prepare(staged, KEY)
    assert look(staged, prepared.key)[2]["orders"] == 200


# --- guards ---


def judged(path: Path, key: DatabaseKey, guard: str) -> object:
    """What a built-in guard says of a file."""
    [chosen] = [each for each in builtin_guards() if each.name == guard]
    return chosen.check(
        RestoreCandidate(
            path=path,
            size_bytes=path.stat().st_size,
            sha256="ab" * 32,
            schema_revision="0001",
            row_counts={},
            encrypted=True,
            opener=lambda: open_immutable(path, key),
        )
    )


def test_a_good_file_is_allowed_by_all(shops: Shops) -> None:
    assert {guard.name: judged(shops.encrypted, shops.key, guard.name) for guard in builtin_guards()} == {
        "restore.schema": Allow(),
        "restore.foreign-objects": Allow(),
        "restore.integrity": Allow(),
        "restore.references": Allow(),
    }


@pytest.mark.parametrize(
    ("case", "guard", "code"),
    [
        ("a later schema", "restore.schema", "schema_newer"),
        ("another program's", "restore.schema", "foreign_database"),
        ("a trigger", "restore.foreign-objects", "foreign_objects"),
        ("broken references", "restore.references", "broken_references"),
        ("a page damaged", "restore.integrity", "damaged"),
    ],
)
def test_each_guard_refuses_what_it_is_there_for_in_words(
    shops: Shops, tmp_path: Path, case: str, guard: str, code: str
) -> None:
    path = tmp_path / "x.db"
    CASES[case].make(shops, path)
    key = DatabaseKey.derive(KEY, path.read_bytes()[:16])
    answer = judged(path, key, guard)
    assert isinstance(answer, Refuse)
    assert answer.code == code
    assert answer.message
    assert answer.hint


def test_a_file_that_was_not_migrated_is_refused(shops: Shops, tmp_path: Path) -> None:
    with later_program(tmp_path):
        answer = judged(shops.encrypted, shops.key, "restore.schema")
    assert isinstance(answer, Refuse)
    assert answer.code == "schema_older"
