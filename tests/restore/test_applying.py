"""The swap as the service does it: what is replaced, what is kept, who is told, and what becomes of one cut short."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from berrypod_restore import applying, deciding
from berrypod_restore.faults import (
    FormerUnknown,
    FormerUnusable,
    RestoreError,
    RestoreNotReady,
    RestoreRunning,
    StateChanged,
    WouldLose,
)
from berrypod_restore.inspection import inspect
from berrypod_restore.records import CONFIRMATION, RestoreRecord
from berrypod_restore.turns import Holder, turn
from berrypod_restore.verdicts import verdict

from berrypod.accounts.principals import AdminPrincipal
from berrypod.errors import DatabaseLocked, StorageError
from berrypod.settings import Settings
from berrypod.shop.settings import store
from berrypod.storage import faults, swap
from berrypod.storage.database import Database
from tests.conftest import KEY
from tests.restore.making import ADA, QUICK, Shop, holds, orders_in, shop_with


class Died(BaseException):
    """The process is gone: nothing of the program catches this."""


def former_folder(shop: Shop) -> Path:
    return shop.path.with_name(f"{shop.path.name}-former")


# --- done ---


async def test_the_shop_runs_on_the_backup_and_the_former_one_is_kept(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        await shop.order("A")
        backup = await shop.backup()
        await shop.order("B", "C")
        record = await shop.applied(await shop.ready(backup))
        assert (record.state, record.stage, record.progress, record.outcome) == ("applied", "done", 1.0, "replaced")
        assert await shop.orders() == ["A"]
        assert record.closed_seconds is not None
        assert 0 < record.closed_seconds < 60
        (former,) = await shop.restores.formers()
        assert former.id == record.former
        assert (former.by, former.why, former.restore_id) == (ADA, "restore", record.id)
        assert former.newest_at is not None
        kept = former_folder(shop) / former.filename
        assert orders_in(kept, KEY) == ["A", "B", "C"]
        assert kept.stat().st_size == former.size_bytes
        assert holds(shop.work_folder) == [f"jobs/{record.id}.json"]
        await shop.order("D")
        assert await shop.orders() == ["A", "D"]


async def test_when_the_last_backup_was_taken_does_not_go_back(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        async with shop.context.database.write() as session:
            await store(session, "backup.last", {"at": "2026-04-01T12:00:00Z"})
        await shop.applied(await shop.ready(backup))
        noted = await shop.context.database.fetch(
            lambda driver: driver.execute(
                "SELECT CAST(value AS TEXT) FROM settings WHERE key = 'backup.last'"
            ).fetchone()
        )
        assert noted == ('{"at":"2026-04-01T12:00:00Z"}',)


async def test_every_step_is_told_to_observers_with_who_and_where_from(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.applied(await shop.ready(await shop.backup()))
        assert shop.events == [
            "restore.staged",
            "restore.inspected",
            "restore.started",
            *["restore.stage_reached"] * 5,
            "restore.finished",
        ]
        stages = [one.as_dict()["stage"] for one in shop.third_party.events if one.name == "restore.stage_reached"]
        assert stages == ["waiting", "closing", "replacing", "checking", "opening"]
        finished = shop.event("restore.finished")
        assert (finished.actor, finished.address) == (ADA, "::1")
        told = finished.as_dict()
        assert (told["restore_id"], told["sha256"], told["former"]) == (record.id, record.sha256, record.former)


async def test_whoever_does_it_stays_signed_in_whatever_the_file_holds(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        accounts = shop.parts.accounts
        made = await accounts.admins.create(email="ada@example.org", name="Ada", password="a long password")
        session = await accounts.sessions.start(made.id, stamp=made.stamp, address="::1", user_agent="")
        assert (await shop.applied(await shop.ready(backup))).state == "applied"
        admin = await accounts.sessions.authenticate(session.reveal())
        assert isinstance(admin, AdminPrincipal)
        assert admin.email == "ada@example.org"


async def test_an_account_is_not_kept_for_who_does_not_want_it(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        await shop.parts.accounts.admins.create(email="ada@example.org", name="Ada", password="a long password")
        await shop.applied(await shop.ready(backup), keep_account=False)
        assert await shop.parts.accounts.admins.list() == ()


# --- undo ---


async def test_an_undo_puts_it_back_and_can_be_undone(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        backup = await shop.backup()
        await shop.order("A")
        restored = await shop.applied(await shop.ready(backup))
        assert await shop.orders() == []
        record = await shop.ended(await shop.restores.undo(by=ADA, address="::1"))
        assert (record.operation, record.state, record.source) == ("undo", "applied", "former")
        assert record.put_back == restored.former
        assert await shop.orders() == ["A"]
        (former,) = await shop.restores.formers()
        assert (former.id, former.why) == (record.former, "undo")
        undone = shop.event("restore.undone").as_dict()
        assert (undone["former"], undone["left"]) == (restored.former, record.former)
        await shop.undone()
        assert await shop.orders() == []
        folder = former_folder(shop)
        assert len(holds(folder)) == 2, "one database, and what is known of it"


async def test_an_undo_that_would_lose_something_says_so_first(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        await shop.applied(await shop.ready(backup))
        await shop.order("NEW")
        with pytest.raises(WouldLose) as caught:
            await shop.restores.undo(by=ADA, address=None)
        details = caught.value.details
        assert [item["label"] for item in details["comparison"]["lost"][0]["items"]] == ["NEW"]
        assert await shop.orders() == ["NEW"]
        await shop.order("NEWER")
        with pytest.raises(StateChanged) as changed:
            await shop.restores.undo(expect=details["expect"], by=ADA, address=None)
        record = await shop.ended(
            await shop.restores.undo(expect=changed.value.details["expect"], by=ADA, address=None)
        )
        assert record.state == "applied"
        assert await shop.orders() == []
        assert await shop.restores.get(record.id) == record


async def test_an_older_one_can_be_named_and_nothing_else(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        first = await shop.applied(await shop.ready(await shop.backup()))
        await shop.order("B")
        await shop.applied(await shop.ready(await shop.backup()))
        await shop.order("C")
        record = await shop.undone(former=first.former)
        assert record.put_back == first.former
        assert await shop.orders() == ["A"]
        for nonsense in ("20000101-000000", "../../etc/passwd", "", "*"):
            with pytest.raises(FormerUnknown):
                await shop.restores.undo(former=nonsense, by=ADA, address=None)


async def test_there_is_nothing_to_undo_at_first(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        with pytest.raises(FormerUnknown, match="no former database"):
            await shop.restores.undo(by=ADA, address=None)


def damage(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


async def test_a_former_one_that_cannot_be_read_is_not_put_back(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        await shop.order("A")
        restored = await shop.applied(await shop.ready(await shop.backup()))
        (former,) = await shop.restores.formers()
        damage(former_folder(shop) / former.filename, 2000)
        with pytest.raises(FormerUnusable, match=r"damaged|cannot be read"):
            await shop.restores.undo(by=ADA, address=None)
        assert await shop.orders() == ["A"]
        assert [one.id for one in await shop.restores.formers()] == [restored.former]


async def test_damage_where_nobody_looked_is_found_before_it_is_put_back(encrypted_settings: Settings) -> None:
    """A page of a picture: a comparison does not read it."""
    async with shop_with(encrypted_settings) as shop:
        await shop.picture(200_000)
        restored = await shop.applied(await shop.ready(await shop.backup()))
        (former,) = await shop.restores.formers()
        damage(former_folder(shop) / former.filename, -2000)
        record = await shop.ended(await shop.restores.undo(by=ADA, address=None))
        assert (record.state, record.outcome) == ("failed", "unchanged")
        assert record.error is not None
        assert record.error.code == "former_unusable"
        assert "damaged" in record.error.message
        assert [one.id for one in await shop.restores.formers()] == [restored.former]
        assert shop.event("restore.failed").as_dict()["operation"] == "undo"


async def test_one_from_before_an_upgrade_is_upgraded_as_a_copy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def older(*arguments: object, **more: object) -> object:
        found = await inspect(*arguments, **more)  # pyright: ignore[reportArgumentType]
        return replace(found, verdict=verdict("schema_older"))

    async with shop_with(settings) as shop:
        backup = await shop.backup()
        await shop.order("A")
        restored = await shop.applied(await shop.ready(backup))
        monkeypatch.setattr(deciding, "inspect", older)
        record = await shop.undone()
        assert (record.state, record.put_back) == ("applied", restored.former)
        assert await shop.orders() == ["A"]
        assert {one.id for one in await shop.restores.formers()} == {restored.former, record.former}
        assert holds(shop.work_folder / "data") == []


# --- not done ---


async def test_if_the_gate_cannot_be_had_nothing_changes_and_there_is_another_try(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, gate_seconds=0.2)) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        stranger = Database(settings)
        await stranger.open()  # a process that looks at no announcement
        try:
            ended = await shop.applied(record)
        finally:
            await stranger.close()
        assert (ended.state, ended.error and ended.error.code) == ("ready", DatabaseLocked.code)
        assert await shop.restores.formers() == []
        failed = shop.event("restore.failed").as_dict()
        assert (failed["code"], failed["former_current"]) == (DatabaseLocked.code, True)
        again = await shop.applied(ended)
        assert (again.state, again.error) == ("applied", None)


async def test_a_change_in_the_last_moment_is_seen_with_the_gate_closed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order comes between the confirmation and the closing."""
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        plan = shop.restores._formers.plan

        def late(*arguments: object, **more: object) -> str:
            asyncio.run_coroutine_threadsafe(shop.order("LATE"), loop).result()
            return plan(*arguments, **more)  # pyright: ignore[reportArgumentType]

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(shop.restores._formers, "plan", late)
        ended = await shop.applied(record, expect=expect)
        assert (ended.state, ended.error and ended.error.code) == ("ready", "state_changed")
        assert await shop.orders() == ["LATE"]
        assert await shop.restores.formers() == []
        monkeypatch.setattr(shop.restores._formers, "plan", plan)
        assert (await shop.applied(ended)).state == "applied"


async def test_an_order_in_the_last_moment_is_listed_for_who_accepts_newer_ones(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        plan = shop.restores._formers.plan

        def late(*arguments: object, **more: object) -> str:
            asyncio.run_coroutine_threadsafe(shop.order("LATE"), loop).result()
            return plan(*arguments, **more)  # pyright: ignore[reportArgumentType]

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(shop.restores._formers, "plan", late)
        ended = await shop.applied(record, expect=expect, accept_newer=True)
        assert (ended.state, ended.arrived_since) == ("applied", ("LATE",))


async def test_a_new_file_that_does_not_open_is_taken_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StorageError("it does not open")

    monkeypatch.setattr(swap, "_check", broken)
    async with shop_with(settings) as shop:
        await shop.order("A")
        backup = await shop.backup()
        await shop.order("B")
        record = await shop.applied(await shop.ready(backup))
        assert (record.state, record.outcome, record.former) == ("failed", "returned", None)
        assert await shop.orders() == ["A", "B"]
        assert await shop.restores.formers() == []
        assert holds(shop.work_folder / "data") == []


async def test_what_nobody_foresaw_leaves_the_shop_as_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(applying, "orders_since", broken)
    async with shop_with(settings) as shop:
        await shop.order("A")
        record = await shop.applied(await shop.ready(await shop.backup()))
        assert (record.state, record.error and record.error.code) == ("ready", "restore_failed")
        assert "a bug" in caplog.text
        assert await shop.orders() == ["A"]


# --- one at a time ---


async def test_of_two_admins_one_wins_and_the_other_is_told_who(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    async with shop_with(settings) as one, shop_with(settings) as other:
        plan = one.restores._formers.plan

        def when_the_other_has_asked(*arguments: object, **more: object) -> str:
            assert asked.wait(60)
            return plan(*arguments, **more)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(one.restores._formers, "plan", when_the_other_has_asked)
        first, second = await one.ready(await one.backup()), await one.ready(await one.backup("second.db"))
        expect = await other.expect(second)
        begun = await one.restores.apply(
            first.id, confirm=CONFIRMATION, expect=await one.expect(first), by=ADA, address=None
        )
        with pytest.raises(RestoreRunning, match=r"since .* UTC by ada@example.org") as caught:
            await other.restores.apply(second.id, confirm=CONFIRMATION, expect=expect, by="admin:ben", address=None)
        assert caught.value.details["restore_id"] == first.id
        with pytest.raises((RestoreRunning, RestoreNotReady)):
            await other.restores.apply(first.id, confirm=CONFIRMATION, expect=expect, by="admin:ben", address=None)
        with pytest.raises(RestoreRunning):
            await other.restores.discard(first.id, by="admin:ben")
        asked.set()
        assert (await other.ended(begun)).state == "applied"
        assert (await other.restores.get(second.id)).state == "ready"
        assert (await other.applied(second)).state == "applied"
        with pytest.raises(RestoreNotReady, match="applied"):
            await one.restores.apply(first.id, confirm=CONFIRMATION, expect=expect, by=ADA, address=None)


@pytest.mark.parametrize(
    ("by", "words"),
    [(ADA, "by ada@example.org"), ("token:ab12", r"by a program \(token ab12\)"), ("cli", "by the command line")],
)
async def test_a_turn_that_is_held_is_told_with_who_holds_it(settings: Settings, by: str, words: str) -> None:
    async with shop_with(settings) as shop:
        record = await shop.applied(await shop.ready(await shop.backup()))
        holder = Holder(restore_id="x", operation="undo", by=by, since=shop.context.now())
        told = rf"put back already, since [\d:]+ UTC {words}$"
        with turn(shop.work_folder / "turn", holder), pytest.raises(RestoreRunning, match=told) as caught:
            await shop.restores.undo(by=ADA, address=None)
        assert caught.value.details["by"] == by
        assert record.state == "applied"


# --- cut short ---


async def killed_at(shop: Shop, record: RestoreRecord, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirm it in a shop whose process dies at `point`, as far as the service can tell."""
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    def die(name: str) -> None:
        if name == point:
            loop.call_soon_threadsafe(reached.set)
            raise Died

    monkeypatch.setattr(faults, "on_reach", die)
    await shop.restores.apply(record.id, confirm=CONFIRMATION, expect=await shop.expect(record), by=ADA, address=None)
    async with asyncio.timeout(60):
        await reached.wait()
        tasks = list(shop.restores._workroom._tasks.values())
        await asyncio.gather(*tasks, return_exceptions=True)
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("point", "outcome", "orders"),
    [
        ("restore.planned", "unchanged", ["A", "B"]),
        ("restore.replaced", "replaced", ["A"]),
    ],
)
async def test_the_next_start_tells_what_became_of_one_that_was_cut_short(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, point: str, outcome: str, orders: list[str]
) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        backup = await shop.backup()
        await shop.order("B")
        record = await shop.ready(backup)
        await killed_at(shop, record, point, monkeypatch)
        told = await shop.restores.get(record.id)
        assert (told.state, told.outcome) == ("interrupted", outcome), "told at once, by any process"
    async with shop_with(settings) as shop:
        ended = await shop.restores.get(record.id)
        assert (ended.state, ended.outcome) == ("interrupted", outcome)
        assert ended.error is not None
        assert ended.finished_at is not None
        assert await shop.orders() == orders
        assert holds(shop.work_folder / "data") == []
        interrupted = shop.event("restore.interrupted").as_dict()
        assert (interrupted["restore_id"], interrupted["outcome"]) == (record.id, outcome)
        formers = await shop.restores.formers()
        assert [one.id for one in formers] == ([ended.former] if outcome == "replaced" else [])
        folder = former_folder(shop)
        assert len(holds(folder)) == 2 * len(formers), "nothing is known of what is not there"
    async with shop_with(settings) as shop:
        assert "restore.interrupted" not in shop.events, "told once"
        if outcome == "replaced":
            await shop.undone()
            assert await shop.orders() == ["A", "B"]


async def test_a_stop_waits_for_the_swap_and_says_how_it_ended(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        await shop.restores.apply(record.id, confirm=CONFIRMATION, expect=expect, by=ADA, address=None)
    async with shop_with(settings) as shop:
        ended = await shop.restores.get(record.id)
        assert ended.state in ("interrupted", "applied")
        assert ended.outcome in ("replaced", "unchanged")
        assert await shop.orders() == ["A"]
        assert holds(shop.work_folder / "data") == []
        if ended.outcome == "unchanged":
            with pytest.raises(RestoreError):
                await shop.undone()
