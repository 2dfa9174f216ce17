"""What "proven" means: a backup that was fetched back from where it lies, and on which a shop was run."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from berrypod_backup.drill.faults import DrillInterrupted, DrillUnknown
from berrypod_backup.drill.records import DrillRecord
from berrypod_backup.faults import BackupUnknown

from berrypod.archive.manifest import Proof
from berrypod.declarations import BackupExporter, KeptCopy, Refuse, Rehearsed, RestoreGuard, RestoreRehearsal, Warn
from berrypod.errors import NotFound
from berrypod.events import BackupDrillFailed, BackupProven
from berrypod.rendering import NotRendered
from berrypod.settings import Secret, Settings
from berrypod.storage import files, schema
from berrypod.storage.connection import open_connection
from tests.backup.drill.conftest import Rendering
from tests.backup.drill.making import ADA, SHED, Shop, changed, flip, shop_with
from tests.restore.later import later_program

OTHER_KEY = Secret("another key, as long as the first one is")


async def drilled(shop: Shop, backup_id: str) -> Proof:
    """The proof of a drill, as it is written down; and the shop is as it was, and nothing is left of the drill."""
    before = shop.digest()
    proof = await shop.drill.run(SHED, backup_id, ADA)
    assert shop.left_over() == []
    assert shop.digest() == before
    assert proof.at.tzinfo is not None
    assert (proof.problem is None) == (proof.hint is None), "a problem comes with what to do"
    return proof


def failed(shop: Shop) -> BackupDrillFailed:
    (event,) = [event for event in shop.events if isinstance(event, BackupDrillFailed)]
    return event


async def test_a_good_backup_is_proven_with_all_that_was_done(encrypted_settings: Settings) -> None:
    """The whole way: nothing is left out or replaced here."""
    async with shop_with(encrypted_settings) as shop:
        manifest = await shop.backup()
        assert not manifest.proven
        proof = await drilled(shop, manifest.id)

        assert proof.problem is None
        for words in (
            f"Fetched from {shop.folder}",
            "opened with today's key and read to its last page",
            "tables counted, as its manifest has them",
            "shown to 5 guards of restore",
            "the front page (there are no products) rendered from it",
        ):
            assert words in proof.how
        after = await shop.archive.manifest(manifest.id)
        assert (after.proof, after.proven_at, after.proven) == (proof, proof.at, True)
        assert [type(event) for event in shop.events] == [BackupProven]
        assert (shop.events[0].actor, proof.by) == (ADA, ADA)


async def test_a_backup_of_shared_pages_is_proven_too(settings: Settings, quick_rendering: Rendering) -> None:
    async with shop_with(settings) as shop:
        manifest = await shop.backup(pages=True)
        proof = await drilled(shop, manifest.id)

        assert proof.problem is None
        assert len(quick_rendering) == 1


@pytest.mark.parametrize("pages", [False, True])
async def test_a_damaged_or_missing_part_of_the_archive_is_found(
    encrypted_settings: Settings, quick_rendering: Rendering, pages: bool
) -> None:
    for spoil in (lambda path: changed(path, flip), Path.unlink):
        async with shop_with(encrypted_settings) as shop:
            manifest = await shop.backup(pages=pages)
            spoil(next(path for path in shop.parts_of_backups() if path.suffix != ".map"))
            proof = await drilled(shop, manifest.id)

            assert proof.problem
            assert quick_rendering == []
            after = await shop.archive.manifest(manifest.id)
            assert (after.proven, after.proven_at) == (False, None)
            assert failed(shop).error == proof.problem
        shutil.rmtree(shop.folder)


@pytest.mark.parametrize("pages", [False, True])
async def test_a_check_that_finds_damage_takes_the_proof_away_and_names_it(
    settings: Settings, quick_rendering: Rendering, pages: bool
) -> None:
    async with shop_with(settings) as shop:
        manifest = await shop.backup(pages=pages)
        assert (await drilled(shop, manifest.id)).problem is None
        record = await shop.drill.start(SHED, manifest.id, ADA, kind="check")
        assert (await shop.drill.ended(record.id)).state == "whole"

        changed(next(path for path in shop.parts_of_backups() if path.suffix != ".map"), flip)
        record = await shop.drill.start(SHED, manifest.id, ADA, kind="check")
        ended = await shop.drill.ended(record.id)
        after = await shop.archive.manifest(manifest.id)

        assert ended.state == "failed"
        assert ended.error is not None
        assert (after.proven, after.verified_at) == (False, None)
        assert after.proof is not None
        assert (after.proof.problem, after.proof.how) == (
            ended.error.message,
            "All that is stored of it was read back.",
        )


async def test_a_backup_under_another_key_is_told_as_that(
    encrypted_settings: Settings, quick_rendering: Rendering, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    schema.create(other, OTHER_KEY)
    async with shop_with(replace(encrypted_settings, database_path=other, secret_key_db=OTHER_KEY)) as shop:
        manifest = await shop.backup()
    async with shop_with(encrypted_settings) as shop:
        proof = await drilled(shop, manifest.id)

        assert proof.problem == "Today's key does not open it: it was made under another key"
        assert failed(shop).code == "wrong_key"


async def test_a_plain_backup_of_a_shop_that_is_encrypted_now_is_no_proof(
    settings: Settings, encrypted_settings: Settings, quick_rendering: Rendering
) -> None:
    async with shop_with(settings) as shop:
        manifest = await shop.backup()
    async with shop_with(encrypted_settings) as shop:
        proof = await drilled(shop, manifest.id)

    assert proof.problem == "It is not encrypted, and the shop is"


async def test_rows_that_the_manifest_has_and_the_file_has_not_are_named(
    settings: Settings, quick_rendering: Rendering
) -> None:
    async with shop_with(settings) as shop:
        manifest = await shop.backup()
        counts = {**manifest.row_counts, "orders": 12}
        await shop.archive.update(manifest.id, lambda one: msgspec.structs.replace(one, row_counts=counts))
        proof = await drilled(shop, manifest.id)

        assert "orders 0 in the place of 12" in (proof.problem or "")
        assert failed(shop).code == "counts_differ"


async def test_a_guard_that_refuses_is_named_and_one_that_warns_is_told(
    settings: Settings, quick_rendering: Rendering
) -> None:
    old = RestoreGuard(
        name="age", title="Age", check=lambda _: Warn(code="old", message="It is old.", hint="Make a newer one.")
    )
    veto = RestoreGuard(
        name="veto", title="Veto", check=lambda _: Refuse(code="no", message="Not this one.", hint="Another one.")
    )
    async with shop_with(settings, guards=[old]) as shop:
        manifest = await shop.backup()
        proof = await drilled(shop, manifest.id)
        assert proof.problem is None
        assert "Warned of: Age: It is old." in proof.how
    async with shop_with(settings, guards=[old, veto]) as shop:
        proof = await drilled(shop, manifest.id)
        assert "The guard veto of the plugin third_party refuses it (no): Not this one." in (proof.problem or "")
        assert proof.hint == "Another one."
        assert not (await shop.archive.manifest(manifest.id)).proven, "it was, and is no longer"


async def test_an_older_schema_is_migrated_and_a_newer_one_is_no_proof(
    settings: Settings, quick_rendering: Rendering, tmp_path: Path
) -> None:
    async with shop_with(settings) as shop:
        older = await shop.backup()
    with later_program(tmp_path):
        schema.upgrade(settings.database_path, None)
        async with shop_with(settings) as shop:
            proof = await drilled(shop, older.id)
            assert proof.problem is None
            assert "migrated from schema 0001" in proof.how
            newer = await shop.backup()
        async with shop_with(settings, restores=False) as shop:
            proof = await drilled(shop, older.id)
            assert "migrated from schema 0001" in proof.how
            assert "no plugin rehearsed a restore with it" in proof.how
    for restores in (True, False):
        path = Path(shutil.copyfile(settings.database_path, tmp_path / f"again-{restores}.db"))
        path.unlink()
        schema.create(path, None)
        async with shop_with(replace(settings, database_path=path), restores=restores) as shop:
            proof = await drilled(shop, newer.id)
            assert proof.problem


async def test_a_page_that_does_not_render_is_no_proof(
    settings: Settings, failing_rendering: Callable[[NotRendered], None]
) -> None:
    failing_rendering(NotRendered("The page / answers 500", hint="Look at it.", cause="page_not_rendered"))
    async with shop_with(settings) as shop:
        proof = await drilled(shop, (await shop.backup()).id)

    assert (proof.problem, proof.hint) == ("The page / answers 500", "Look at it.")


@pytest.mark.parametrize("case", ["rendering", "rehearsal", "space"])
async def test_what_says_nothing_of_the_backup_takes_no_proof_away(
    settings: Settings,
    quick_rendering: Rendering,
    failing_rendering: Callable[[NotRendered], None],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    """A full disk here does not make a backup elsewhere a bad one: it is told, and the proof of before stays."""
    failing = list[RestoreRehearsal]()

    async def rehearse(path: Path) -> Rehearsed:
        if failing:
            raise ValueError("no luck")
        return Rehearsed(checked=("tried",))

    mine = RestoreRehearsal(name="mine", title="Mine", rehearse=rehearse)
    async with shop_with(settings, rehearsals=[mine]) as shop:
        manifest = await shop.backup()
        first = await drilled(shop, manifest.id)
        assert first.problem is None
        match case:
            case "rendering":
                failing_rendering(NotRendered("It took longer than 120 seconds"))
            case "rehearsal":
                failing.append(mine)
            case _:
                monkeypatch.setattr(files, "free_bytes", lambda folder: 1000)
        second = await drilled(shop, manifest.id)

        words = {
            "rendering": "longer than",
            "rehearsal": "“Mine” of the plugin third_party failed",
            "space": "needed in",
        }
        assert words[case] in (second.problem or "")
        assert (await shop.archive.manifest(manifest.id)).proof == first
        assert failed(shop).error == second.problem


async def test_two_backups_are_drilled_one_after_the_other(settings: Settings, quick_rendering: Rendering) -> None:
    at_work: list[int] = []
    most: list[int] = []

    async def rehearse(path: Path) -> Rehearsed:
        at_work.append(1)
        most.append(len(at_work))
        await asyncio.sleep(0)
        at_work.pop()
        return Rehearsed(checked=("tried",))

    mine = RestoreRehearsal(name="mine", title="Mine", rehearse=rehearse)
    async with shop_with(settings, rehearsals=[mine], restores=False) as shop:
        one, two = await shop.backup(), await shop.backup()
        proofs = await asyncio.gather(*(shop.drill.run(SHED, backup.id, None) for backup in (one, two)))

        assert [proof.problem for proof in proofs] == [None, None]
        assert most == [1, 1]
        assert {record.state for record in await shop.drill.all()} == {"proven"}


async def test_a_second_click_is_the_same_drill(settings: Settings, quick_rendering: Rendering) -> None:
    clicked = asyncio.Event()

    async def rehearse(path: Path) -> Rehearsed:
        await clicked.wait()
        return Rehearsed(checked=("tried",))

    mine = RestoreRehearsal(name="mine", title="Mine", rehearse=rehearse)
    async with shop_with(settings, rehearsals=[mine], restores=False) as shop:
        manifest = await shop.backup()
        first = await shop.drill.start(SHED, manifest.id, ADA)
        second = await shop.drill.start(SHED, manifest.id, ADA)
        clicked.set()
        assert first.id == second.id
        assert (await shop.drill.ended(first.id)).state == "proven"


async def test_what_does_not_exist_cannot_be_drilled(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        for exporter, backup_id in (("nobody", "x"), (SHED, "20260314-120000-00000000"), (SHED, "../x")):
            with pytest.raises((BackupUnknown, NotFound)) as error:
                await shop.drill.start(exporter, backup_id, ADA)
            assert error.value.hint
        with pytest.raises(DrillUnknown):
            await shop.drill.get("20260314-120000-00000000")


# --- ended early ---


def waiting_rehearsal(reached: asyncio.Event) -> RestoreRehearsal:
    async def rehearse(path: Path) -> Rehearsed:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    return RestoreRehearsal(name="slow", title="Slow", rehearse=rehearse)


async def until_ended(shop: Shop, record: DrillRecord) -> DrillRecord:
    async with asyncio.timeout(60):
        return await shop.drill.ended(record.id)


async def test_a_restore_ends_a_drill_and_nothing_is_left(settings: Settings) -> None:
    reached = asyncio.Event()
    async with shop_with(settings, rehearsals=[waiting_rehearsal(reached)], restores=False) as shop:
        manifest = await shop.backup()
        record = await shop.drill.start(SHED, manifest.id, ADA)
        await reached.wait()
        async with asyncio.timeout(60), shop.parts.maintenance.alone("restore"):
            ended = await until_ended(shop, record)

        assert ended.state == "interrupted"
        assert ended.error is not None
        assert ended.error.code == "drill_interrupted"
        assert shop.left_over() == []
        assert not (await shop.archive.manifest(manifest.id)).proven


async def test_a_drill_that_is_cancelled_ends_at_once(settings: Settings) -> None:
    reached = asyncio.Event()
    async with shop_with(settings, rehearsals=[waiting_rehearsal(reached)], restores=False) as shop:
        manifest = await shop.backup()
        running = asyncio.create_task(shop.drill.run(SHED, manifest.id, ADA))
        await reached.wait()
        (record,) = await shop.drill.all()
        assert await shop.drill.progress(record) == 0.6
        await shop.drill.delete(record.id)
        with pytest.raises(DrillInterrupted):
            await running

        assert (await shop.drill.all(), shop.left_over()) == ([], [])


async def test_one_that_another_process_cancels_ends_too(settings: Settings) -> None:
    reached = asyncio.Event()
    async with shop_with(settings, rehearsals=[waiting_rehearsal(reached)], restores=False) as shop:
        record = await shop.drill.start(SHED, (await shop.backup()).id, ADA)
        await reached.wait()
        assert await asyncio.to_thread(shop.drill.store.delete, record.id)
        with pytest.raises(DrillUnknown):
            await until_ended(shop, record)


async def test_a_shop_that_is_stopped_says_so_of_its_drills(settings: Settings) -> None:
    reached = asyncio.Event()
    async with shop_with(settings, rehearsals=[waiting_rehearsal(reached)], restores=False) as shop:
        record = await shop.drill.start(SHED, (await shop.backup()).id, ADA)
        await reached.wait()
    assert shop.left_over() == []
    found = await asyncio.to_thread(shop.drill.store.get, record.id)
    assert found is not None
    assert found.state == "interrupted"


# --- exporters without manifests ---


class Shelf:
    """Copies of a third party, in memory: no manifest, no archive."""

    def __init__(self, **copies: bytes) -> None:
        self.copies = copies

    def list(self) -> Sequence[KeptCopy]:
        at = datetime(2026, 3, 14, tzinfo=UTC)
        return [
            KeptCopy(id=name, filename=f"{name}.db", created_at=at, size_bytes=len(content))
            for name, content in self.copies.items()
        ]

    async def open(self, copy_id: str) -> AsyncIterator[bytes]:
        content = self.copies[copy_id]
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    def delete(self, copy_id: str) -> None:
        del self.copies[copy_id]


async def test_a_copy_of_an_exporter_without_manifests_is_proven_and_that_is_kept_here(
    settings: Settings, quick_rendering: Rendering
) -> None:
    content = settings.database_path.read_bytes()
    shelf = Shelf(good=content, cut=content[:-8192])
    exporter = BackupExporter(name="shelf", title="Shelf", description="For a test.", kept=shelf)
    async with shop_with(settings, exporters=[exporter]) as shop:
        good = await shop.drill.run("shelf", "good", ADA)
        assert good.problem is None
        assert "it has no manifest to hold its counts against" in good.how
        cut = await shop.drill.run("shelf", "cut", ADA)
        assert cut.problem
        kept = await shop.drill.proof_of("shelf", "good")
        assert kept is not None
        assert (kept.proof, kept.proven) == (good, True)
        bad = await shop.drill.proof_of("shelf", "cut")
        assert bad is not None
        assert (bad.proven, bad.proven_at) == (False, None)

        del shelf.copies["cut"]
        await shop.drill.run("shelf", "good", ADA)
        assert await shop.drill.proof_of("shelf", "cut") is None, "what is gone needs no proof"
        assert await shop.drill.proof_of("shelf", "good")
        assert shop.left_over() == []


async def test_an_exporter_that_is_not_set_up_keeps_nothing_to_be_drilled(settings: Settings) -> None:
    exporter = BackupExporter(
        name="shelf", title="Shelf", description="For a test.", kept=Shelf(), is_set_up=lambda: False
    )
    async with shop_with(settings, exporters=[exporter]) as shop:
        with pytest.raises(BackupUnknown):
            await shop.drill.start("shelf", "good", ADA)


async def test_a_file_that_was_changed_after_it_was_stored_is_found(
    settings: Settings, quick_rendering: Rendering
) -> None:
    """Whole and genuine, and yet another one: the manifest's digest tells."""
    async with shop_with(settings) as shop:
        manifest = await shop.backup()
        path = shop.stored(".db")
        with closing(open_connection(path, None)) as connection:
            connection.execute("UPDATE settings SET value = value")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        proof = await drilled(shop, manifest.id)

        assert proof.problem
