"""A rehearsal is a restore up to the moment before the swap: what it finds, and that the shop is not touched by it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from berrypod.declarations import Allow, Judgement, Refuse, Rehearsed, RestoreCandidate, RestoreGuard, Warn
from berrypod.errors import DiskFull
from berrypod.plugins import Ok
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.verification import verify
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY, changed_by, flipped, make_shops
from tests.restore.later import later_program
from tests.restore.making import Shop, holds, shop_with

OTHER_SHOP = Refuse(code="other_shop", message="It is of another shop.", hint="Choose another file.")
TOO_OLD = Warn(code="old", message="It is old.", hint="Look for a newer one.")


def guard(name: str, answer: Judgement | Exception) -> RestoreGuard:
    def check(candidate: RestoreCandidate) -> Judgement:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return RestoreGuard(name=name, title=name.capitalize(), check=check)


async def rehearsed(shop: Shop, file: Path) -> Rehearsed:
    """Rehearse a copy of the file, in a folder of its own."""
    folder = file.parent / "throw-away"
    folder.mkdir(exist_ok=True)
    plugins = shop.context.plugins
    (declared,) = plugins.restore_rehearsals
    outcome = await plugins.rehearse(declared, Path(shutil.copyfile(file, folder / "copy.db")))
    assert isinstance(outcome, Ok), outcome
    return outcome.value


async def test_a_good_backup_passes_with_all_that_was_done_in_words(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings, guard("mine", Allow())) as shop:
        await shop.order("A", "B")
        backup = await shop.backup()
        before = hashlib.sha256(shop.path.read_bytes()).hexdigest()
        told = await rehearsed(shop, backup)

        assert (told.problem, told.warnings, told.migrated) == (None, (), False)
        assert told.row_counts["orders"] == 2
        assert "shown to 6 guards of restore, third_party" in told.checked
        assert hashlib.sha256(shop.path.read_bytes()).hexdigest() == before
        assert holds(shop.work_folder) == [], "no record is made of it"
        assert shop.events == [], "and nobody is told of a restore"
        facts = await verify(backup.parent / "throw-away" / "copy.db", KEY)
        assert facts.row_counts == told.row_counts, "what it leaves could become the database"


async def test_an_old_backup_of_a_shop_that_has_grown_passes_with_a_warning(settings: Settings) -> None:
    """The shrinkage guard compares with the shop as it is now; of a drill, that is no failure."""
    async with shop_with(settings, guard("age", TOO_OLD)) as shop:
        backup = await shop.backup()
        await shop.order(*(f"ORDER-{number}" for number in range(12)))
        told = await rehearsed(shop, backup)

    assert told.problem is None
    assert "12 now, 0 in the file" in told.warnings[0]
    assert told.warnings[1] == "Age: It is old."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (OTHER_SHOP, "The guard veto of the plugin third_party refuses it (other_shop): It is of another shop."),
        (ValueError("no luck"), "(guard_failed)"),
    ],
)
async def test_a_guard_that_refuses_or_fails_is_named(
    settings: Settings, answer: Judgement | Exception, words: str
) -> None:
    async with shop_with(settings, guard("veto", answer)) as shop:
        told = await rehearsed(shop, await shop.backup())

    assert words in (told.problem or "")
    assert told.hint


async def test_a_file_that_a_restore_would_refuse_is_told_in_its_words(
    encrypted_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "shops").mkdir()
    shops = make_shops(tmp_path / "shops")
    bad = tmp_path / "bad.db"
    async with shop_with(encrypted_settings) as shop:
        for make, words in (
            (flipped(8, at=100), "The file is damaged."),
            (changed_by("UPDATE alembic_version SET version_num = '9999'"), "made by a later version of Berrypod"),
        ):
            make(shops, bad)
            told = await rehearsed(shop, bad)
            assert words in (told.problem or "")
            assert told.hint
            bad.unlink()


async def test_a_backup_under_another_key_does_not_pass(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    schema.create(other, Secret(OTHER_KEY.reveal()))
    async with shop_with(settings) as shop:
        told = await rehearsed(shop, other)

    assert told.problem is not None


async def test_an_older_schema_is_migrated_as_it_would_be(settings: Settings, tmp_path: Path) -> None:
    old = Path(shutil.copyfile(settings.database_path, tmp_path / "old.db"))
    with later_program(tmp_path):
        schema.upgrade(settings.database_path, None)
        async with shop_with(settings) as shop:
            told = await rehearsed(shop, old)
            assert (told.problem, told.migrated) == (None, True)
            assert any(words.startswith("migrated from schema 0001") for words in told.checked)
    assert (await verify(old, None)).schema_revision == "0001", "a copy was changed"


async def test_what_cannot_be_tried_is_a_failure_of_the_rehearsal(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFull("There is no space left")

    async with shop_with(settings) as shop:
        backup = await shop.backup()
        monkeypatch.setattr("berrypod_restore.rehearsing.prepare", full)
        (declared,) = shop.context.plugins.restore_rehearsals
        outcome = await shop.context.plugins.rehearse(declared, backup)

    assert not isinstance(outcome, Ok)
    assert outcome.error == "There is no space left"
