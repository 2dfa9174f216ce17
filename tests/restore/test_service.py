"""From a staged file to one that is ready: verdict, key, guards, comparison, and what a confirmation holds for."""

from __future__ import annotations

import asyncio
import csv
import io
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from berrypod_restore import examining
from berrypod_restore.applying import Applying
from berrypod_restore.confirming import Expectation, Seen, expect_of
from berrypod_restore.faults import RestoreNotReady, RestoreUnknown, StateChanged
from berrypod_restore.records import CONFIRMATION, RestoreRecord
from berrypod_restore.state import UNREADABLE
from berrypod_restore.store import Store
from msgspec import structs

from berrypod.declarations import Allow, Judgement, Refuse, RestoreCandidate, RestoreGuard, Warn
from berrypod.errors import Invalid
from berrypod.settings import Secret, Settings
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import passphrase_fingerprint
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY
from tests.restore.making import ADA, QUICK, SOON, change, holds, pieces, shop_with


def guard(name: str, answer: Judgement | Exception) -> RestoreGuard:
    def check(candidate: RestoreCandidate) -> Judgement:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return RestoreGuard(name=name, title=name.capitalize(), check=check)


async def other_shop(settings: Settings, tmp_path: Path, key: Secret | None, *orders: str) -> Path:
    """A backup of a shop of its own, under another key."""
    from berrypod.storage import schema

    path = tmp_path / "other" / "other.db"
    path.parent.mkdir()
    schema.create(path, key)
    async with shop_with(replace(settings, database_path=path, secret_key_db=key)) as shop:
        await shop.order(*orders)
        return await shop.backup()


# --- examining ---


async def test_a_good_backup_becomes_ready_and_is_told_in_full(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        await shop.order("A", "B")
        record = await shop.ready(await shop.backup())
        assert record.verdict is not None
        assert record.verdict.code == "valid"
        assert record.candidate is not None
        assert (record.candidate.row_counts["orders"], record.candidate.encrypted) == (2, True)
        assert record.candidate.key_fingerprint == passphrase_fingerprint(KEY)
        assert record.mark is not None
        assert record.expires_at is not None
        inspected = shop.event("restore.inspected")
        assert inspected.as_dict()["verdict"] == "valid"


async def test_the_stages_are_told_as_they_come(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings, pace=replace(QUICK, look_seconds=0)) as shop:
        backup = await shop.backup()
        record = await shop.restores.stage(
            pieces(backup.read_bytes()), filename="x", expected_bytes=None, by=ADA, address=None
        )
        told = [one async for one in shop.restores.changes(record.id)]
        assert told[0].state == "inspecting"
        assert told[-1].state == "ready"
        shares = [one.progress for one in told]
        assert shares == sorted(shares)
        assert {one.stage for one in told} & {"reading", "checking", "preparing", "guards"}


async def test_guards_are_asked_and_their_words_told(settings: Settings) -> None:
    warn = guard("careful", Warn(code="old", message="It is old.", hint="Look twice."))
    async with shop_with(settings, guard("fine", Allow()), warn) as shop:
        record = await shop.ready(await shop.backup())
        assert [(one.guard, one.answer, one.message) for one in record.warnings] == [("careful", "warn", "It is old.")]
        assert {one.guard: one.answer for one in record.guards}["fine"] == "allow"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Refuse(code="no_way", message="Not this one.", hint="Take another."), "no_way"),
        (OSError("it fell asleep"), "guard_failed"),
    ],
)
async def test_a_guard_that_refuses_or_fails_ends_it(settings: Settings, answer: Judgement, code: str) -> None:
    async with shop_with(settings, guard("strict", answer)) as shop:
        record = await shop.staged(await shop.backup())
        assert record.state == "refused"
        assert holds(shop.work_folder / "data") == []
        refused = shop.event("restore.refused").as_dict()
        assert (refused["code"], refused["plugin"], refused["guard"]) == (code, "third_party", "strict")
        with pytest.raises(RestoreNotReady, match="refused"):
            await shop.restores.apply(record.id, confirm="Replace current database", expect="", by=ADA, address=None)


async def test_a_guard_sees_the_file_as_it_came_and_how_many_rows_the_shop_has(settings: Settings) -> None:
    seen: list[RestoreCandidate] = []
    rows: list[int] = []

    def check(candidate: RestoreCandidate) -> Judgement:
        seen.append(candidate)
        with candidate.connection() as connection:
            rows.append(connection.execute("SELECT count(*) FROM orders").fetchone()[0])
        return Allow()

    async with shop_with(settings, RestoreGuard(name="curious", title="Curious", check=check)) as shop:
        await shop.order("A")
        backup = await shop.backup()
        await shop.order("B")
        record = await shop.ready(backup)
        (candidate,) = seen
        assert candidate.sha256 == record.sha256
        assert (candidate.row_counts["orders"], rows) == (1, [1])
        assert candidate.current_row_counts is not None
        assert candidate.current_row_counts["orders"] == 2


async def test_what_nobody_foresaw_ends_it_with_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(examining, "inspect", broken)
    async with shop_with(settings) as shop:
        record = await shop.staged(await shop.backup())
        assert record.state == "failed"
        assert record.error is not None
        assert "server's log" in record.error.message
        assert "a bug" in caplog.text
        assert holds(shop.work_folder / "data") == []


# --- another key ---


async def test_a_file_of_another_key_is_brought_under_the_shops(encrypted_settings: Settings, tmp_path: Path) -> None:
    file = await other_shop(encrypted_settings, tmp_path, OTHER_KEY, "X")
    async with shop_with(encrypted_settings) as shop:
        record = await shop.staged(file)
        assert (record.state, record.wants_key) == ("refused", True)
        assert record.expires_at is not None
        record = await shop.ended(await shop.restores.rekey(record.id, Secret("not that one either"), by=ADA))
        assert (record.state, record.error and record.error.code) == ("refused", "wrong_key")
        again = await shop.restores.rekey(record.id, OTHER_KEY, by=ADA)
        assert (again.state, again.error) == ("inspecting", None)
        record = await shop.ended(again)
        assert (record.state, record.rekeyed) == ("ready", True)
        assert record.candidate is not None
        assert record.candidate.key_fingerprint == passphrase_fingerprint(OTHER_KEY), "as it came"
        assert record.received_bytes == file.stat().st_size
        assert (await shop.applied(record)).state == "applied"
        assert await shop.orders() == ["X"]
        for path in shop.work_folder.rglob("*.json"):
            assert OTHER_KEY.reveal() not in path.read_text()
    find_key(encrypted_settings.database_path, KEY)


async def test_a_plain_file_is_encrypted_for_an_encrypted_shop(encrypted_settings: Settings, tmp_path: Path) -> None:
    file = await other_shop(encrypted_settings, tmp_path, None, "X")
    async with shop_with(encrypted_settings) as shop:
        record = await shop.staged(file)
        assert (record.state, record.wants_encryption) == ("refused", True)
        with pytest.raises(Invalid):
            await shop.restores.rekey(record.id, OTHER_KEY, by=ADA)
        record = await shop.ended(await shop.restores.rekey(record.id, None, by=ADA))
        assert record.state == "ready"
        assert record.candidate is not None
        assert record.candidate.encrypted is False, "as it came"
        candidate = shop.work_folder / "data" / record.id / "candidate.db"
        assert b"SQLite format 3" not in candidate.read_bytes()[:16]
        assert (await shop.applied(record)).state == "applied"


async def test_an_encrypted_file_can_become_a_plain_shop(settings: Settings, tmp_path: Path) -> None:
    file = await other_shop(settings, tmp_path, OTHER_KEY, "X")
    async with shop_with(settings) as shop:
        record = await shop.staged(file)
        assert (record.verdict and record.verdict.code, record.wants_key) == ("key_needed", True)
        with pytest.raises(Invalid):
            await shop.restores.rekey(record.id, None, by=ADA)
        record = await shop.ended(await shop.restores.rekey(record.id, OTHER_KEY, by=ADA))
        assert (await shop.applied(record)).state == "applied"
        assert await shop.orders() == ["X"]


async def test_no_key_is_taken_for_what_needs_none(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        with pytest.raises(RestoreNotReady):
            await shop.restores.rekey(record.id, Secret("x"), by=ADA)
        with pytest.raises(Invalid):
            await shop.restores.rekey(record.id, Secret(""), by=ADA)


# --- comparing ---


async def test_what_would_be_lost_is_compared_with_the_shop_as_it_is_now(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        first = await shop.restores.compare(record.id)
        assert not first.loses
        expect = await shop.restores.expect(record.id, first)
        assert await shop.restores.compare(record.id) is first, "nothing has changed"
        await shop.order("B", "C")
        second = await shop.restores.compare(record.id)
        lost = next(one for one in second.lost if one.kind == "orders")
        assert (lost.count, [item.label for item in lost.items]) == (2, ["C", "B"])
        assert second.state != first.state
        assert await shop.restores.expect(record.id, second) != expect
        assert second.current is not None
        assert (second.current.key_fingerprint, second.current.encrypted) == (passphrase_fingerprint(KEY), True)
        assert second.candidate.size_bytes == record.received_bytes


async def test_losses_stream_as_csv(settings: Settings) -> None:
    numbers = [f"N{number:04}" for number in range(1000)]
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        await shop.order(*numbers)
        content = b"".join([piece async for piece in await shop.restores.lost(record.id, "orders")])
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert [row["number"] for row in rows] == numbers


async def test_a_list_that_nobody_takes_to_its_end_holds_up_no_swap(settings: Settings) -> None:
    """A client that hangs: the job behind the stream ends when the file must be closed."""
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        await shop.order(*(f"N{number:05}" for number in range(20_000)))
        stream = await shop.restores.lost(record.id, "orders")
        await anext(stream)
        assert (await shop.applied(record)).state == "applied"
        with pytest.raises(Exception, match="replaced"):
            _ = [piece async for piece in stream]


async def test_a_missing_account_is_known_before(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        await shop.parts.accounts.admins.create(email="ada@example.org", name="Ada", password="a long password")
        record = await shop.ready(backup)
        assert await shop.restores.account_missing(record.id, "ada@example.org")
        record = await shop.ready(await shop.backup())
        assert not await shop.restores.account_missing(record.id, "Ada@Example.org")


async def test_what_is_not_ready_is_not_compared(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"")
    async with shop_with(settings) as shop:
        record = await shop.staged(tmp_path / "bad.db")
        with pytest.raises(RestoreNotReady):
            await shop.restores.compare(record.id)
        with pytest.raises(RestoreUnknown):
            await shop.restores.compare("20260101-000000-00000000")
        with pytest.raises(RestoreUnknown):
            await shop.restores.compare("../../x")


# --- confirming ---


async def test_other_words_replace_nothing(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        for words in ("", "replace current database", "Replace current database!"):
            with pytest.raises(Invalid) as caught:
                await shop.restores.apply(record.id, confirm=words, expect=expect, by=ADA, address=None)
            assert caught.value.fields == {"confirm": "Type: Replace current database"}
        assert (await shop.restores.get(record.id)).state == "ready"


async def test_a_confirmation_holds_for_the_shop_as_it_was_compared(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        await shop.order("B")
        with pytest.raises(StateChanged, match="The shop has changed") as caught:
            await shop.restores.apply(
                record.id, confirm="Replace current database", expect=expect, by=ADA, address=None
            )
        details = caught.value.details
        assert [item["label"] for item in details["comparison"]["lost"][0]["items"]] == ["B"]
        assert (await shop.restores.get(record.id)).state == "ready"
        applied = await shop.applied(record, expect=details["expect"])
        assert (applied.state, applied.arrived_since) == ("applied", ())
        assert await shop.orders() == []


async def test_a_confirmation_holds_for_the_file_that_was_compared(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        first, second = await shop.ready(await shop.backup()), await shop.ready(await shop.backup("second.db"))
        for expect in (await shop.expect(first), "", "nonsense", "a-b-c", "a-b-1"):
            with pytest.raises(StateChanged, match="not this file"):
                await shop.restores.apply(
                    second.id,
                    confirm="Replace current database",
                    expect=expect,
                    accept_newer=True,
                    by=ADA,
                    address=None,
                )


async def test_orders_that_keep_coming_can_be_accepted_and_are_listed(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        await shop.order("B")
        expect = await shop.expect(record)
        await shop.order("C", "D")
        applied = await shop.applied(record, expect=expect, accept_newer=True)
        assert applied.arrived_since == ("C", "D")
        assert shop.event("restore.finished").as_dict()["arrived_since"] == 2
        assert await shop.orders() == ["A"]


async def test_what_is_discarded_in_the_moment_of_its_confirmation_is_told_as_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        hold = Applying.hold

        async def too_late(applying: Applying, record: RestoreRecord, by: str | None) -> ExitStack:
            await shop.restores.discard(record.id, by=None)
            return await hold(applying, record, by)

        monkeypatch.setattr(Applying, "hold", too_late)
        with pytest.raises(RestoreUnknown):
            await shop.restores.apply(record.id, confirm=CONFIRMATION, expect=expect, by=ADA, address=None)


async def test_what_is_applied_in_the_moment_of_its_expiry_stays(settings: Settings) -> None:
    """Its file was removed under the swap, which was given up then."""
    async with shop_with(settings, pace=replace(QUICK, keep=SOON)) as shop:
        record = await shop.ready(await shop.backup())
        store = Store(shop.context.work_folder, shop.path, shop.context.now)
        with store.claim(record.id):
            seen = store.all()
            store.update(record.id, lambda found: structs.replace(found, state="applying"))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Store, "all", lambda _: seen)
                await shop.restores.sweep()
            assert store.candidate(record.id).exists()
            assert store.get(record.id) is not None


async def test_a_staged_file_that_somebody_changed_is_not_swapped_in(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        candidate = shop.work_folder / "data" / record.id / "candidate.db"
        change(candidate, None, "DELETE FROM orders")
        ended = await shop.applied(record)
        assert ended.state == "failed"
        assert ended.error is not None
        assert "not the file that was checked" in ended.error.message
        assert await shop.orders() == ["A"]
        assert holds(shop.work_folder / "data") == []


def test_expectations_are_read_back_or_told_as_nonsense() -> None:
    text = expect_of("file", Seen(state="a.b", newest_order=7))
    found = Expectation.parse(text)
    assert found is not None
    assert (found.newest_order, found.is_of_file("file"), found.is_of_file("other")) == (7, True, False)
    assert found.is_of_state(Seen(state="a.b"))
    assert not found.is_of_state(Seen(state=UNREADABLE))
    for nonsense in ("", "-", "a-b", "a-b-c-d", "a-b--1", "a-b-²", f"a-b-{'9' * 99}"):
        assert Expectation.parse(nonsense) is None


async def test_changes_end_with_a_record_that_is_discarded(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        assert [one.state async for one in shop.restores.changes(record.id)] == ["ready"]
        await shop.restores.discard(record.id, by=ADA)
        with pytest.raises(RestoreUnknown):
            _ = [one async for one in shop.restores.changes(record.id)]


async def test_whoever_waits_is_told_at_once_when_this_process_has_done_it(settings: Settings) -> None:
    """Only what others do is looked for again and again: a command took four times as long."""
    async with shop_with(settings, pace=replace(QUICK, look_seconds=3600)) as shop, asyncio.timeout(60):
        content = (await shop.backup()).read_bytes()
        for _ in range(2):
            staged = await shop.restores.stage(pieces(content), filename="x", expected_bytes=None, by=ADA, address=None)
            told = [one async for one in shop.restores.changes(staged.id)]
            assert told[-1] == await shop.restores.settled(staged.id)
            assert told[-1].state == "ready"


async def test_two_processes_see_the_same(settings: Settings) -> None:
    """As workers do: two of everything over one file."""
    async with shop_with(settings) as one, shop_with(settings) as other:
        record = await one.ready(await one.backup())
        assert await other.restores.get(record.id) == record
        comparison = await other.restores.compare(record.id)
        assert await other.restores.expect(record.id, comparison) == await one.expect(record)
        await other.restores.discard(record.id, by=ADA)
        assert await one.restores.all() == []
