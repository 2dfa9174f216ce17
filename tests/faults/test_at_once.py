"""Several want something of the shop's file at the same time: one wins, and the others are told."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from berrypod_backup import plugin as backup_plugin
from berrypod_backup.records import BackupRecord
from berrypod_backup.service import Backups
from sqlcipher3 import dbapi2

from berrypod.parts import create_parts
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from berrypod.storage import faults, snapshot
from tests.faults.served import Program, command, former_files, stocked, told
from tests.restore.making import QUICK, Shop, ThirdParty, holds, orders_in, sources
from tests.storage.making import run_endlessly
from tests.support.server import RunningServer

TOLD = {"restore_running", "restore_not_ready", "state_changed", "database_locked"}


def told_in_words(answer: httpx.Response) -> str:
    assert answer.status_code in (409, 503), answer.text
    problem = answer.json()
    assert problem["code"] in TOLD, problem
    assert problem["detail"]
    assert problem["hint"]
    return str(problem["code"])


@pytest.mark.slow
class TestTwoWorkers:
    """Two programs, each with connections of its own, to two workers."""

    @pytest.fixture
    def programs(
        self, encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
    ) -> tuple[Program, Program, Path]:
        token = stocked(encrypted_settings)
        backup = tmp_path / "backup.db"
        shutil.copyfile(encrypted_settings.database_path, backup)
        server = serve(encrypted_settings, workers=2)
        return Program(server.url, token), Program(server.url, token), backup

    def test_of_two_who_apply_at_once_one_wins_and_the_other_is_told(
        self, programs: tuple[Program, Program, Path]
    ) -> None:
        """Each the own file; then both the same one."""
        one, other, backup = programs
        for _ in range(3):
            self._race(one, other, one.staged(backup), other.staged(backup))
        mine = one.staged(backup)
        codes = self._race(one, other, mine, mine)
        assert codes <= {"restore_running", "restore_not_ready"}
        assert told_in_words(one.apply(mine)) == "restore_not_ready", "and once more, when all is over"

    def _race(self, one: Program, other: Program, mine: dict[str, Any], yours: dict[str, Any]) -> set[str]:
        """Returns the codes with which the losers were turned away."""
        together = threading.Barrier(2)

        def apply(program: Program, staged: dict[str, Any]) -> httpx.Response:
            together.wait()
            return program.apply(staged)

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(apply, (one, other), (mine, yours)))
        assert min(answer.status_code for answer in answers) == 202
        codes: set[str] = set()
        states: list[str] = []
        for answer in answers:
            if answer.status_code != 202:
                codes.add(told_in_words(answer))
                continue
            record = one.ended(answer, "applied", "ready")
            states.append(record["state"])
            if record["state"] == "ready":
                assert record["error"]["code"] in TOLD, record
                assert record["error"]["hint"], record
                codes.add(record["error"]["code"])
        if mine is yours:
            assert states == ["applied"]
        else:
            # The one who comes just after the other has ended may win as well: `accept_newer` was said.
            assert "applied" in states
            assert len(codes) + states.count("applied") == 2
        return codes

    def test_the_command_line_and_the_api_at_once(
        self, programs: tuple[Program, Program, Path], encrypted_settings: Settings
    ) -> None:
        one, _, backup = programs
        staged = one.staged(backup)
        before = encrypted_settings.database_path.stat().st_ino
        with ThreadPoolExecutor(1) as pool:
            typed = pool.submit(command, encrypted_settings, "restore", "apply", str(backup), "--yes", "--json")
            answer = one.apply(staged)
            done = typed.result()
        applied = [staged_one for staged_one in one.get("/api/restores").json()["items"] if staged_one["outcome"]]
        assert {record["outcome"] for record in applied} == {"replaced"}
        assert len(former_files(encrypted_settings)) == len(applied) > 0
        assert encrypted_settings.database_path.stat().st_ino != before
        if answer.status_code != 202:
            told_in_words(answer)
        if done.returncode:
            assert done.stderr.startswith("Error: ")
            assert done.stderr.count("\n") >= 2, "the reason, and the hint"
        else:
            assert told(done)["outcome"] == "replaced"


class Both(Shop):
    """A shop with the plugins of backups and of restores."""

    @property
    def backups(self) -> Backups:
        return backup_plugin.backups_of(self.parts.context("backup"))

    async def backup_ended(self, backup_id: str) -> BackupRecord:
        async with asyncio.timeout(60):
            while (record := await self.backups.get(backup_id)).active:
                await asyncio.sleep(0.01)
        return record


@asynccontextmanager
async def both(settings: Settings) -> AsyncGenerator[Both]:
    third_party = ThirdParty()
    found = [PluginSource.of(backup_plugin, "backup"), *sources(third_party)]
    parts = create_parts(settings, Plugins.discover(settings, found, installed=False))
    shop = Both(parts, third_party)
    shop.restores.pace = QUICK
    async with parts.opened():
        yield shop


async def test_a_restore_ends_a_backup_that_is_being_made_and_the_backup_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying = threading.Event()

    def endlessly(source: dbapi2.Connection, *_: object) -> None:
        copying.set()
        run_endlessly(source)

    async with both(settings) as shop:
        await shop.order("A")
        ready = await shop.ready(await shop.backup())
        await shop.order("B")
        monkeypatch.setattr(snapshot, "_vacuum_into", endlessly)
        backup = await shop.backups.start(["download"], "admin:ben@example.org")
        assert await asyncio.to_thread(copying.wait, 60)

        record = await shop.applied(ready)

        assert (record.state, record.outcome) == ("applied", "replaced")
        assert await shop.orders() == ["A"]
        ended = await shop.backup_ended(backup.id)
        assert ended.state == "failed"
        assert ended.error is not None
        assert ended.error.code == "database_closed"
        assert "replaced" in ended.error.message
        assert ended.error.hint
        assert holds(shop.parts.context("backup").work_folder() / "data") == []


async def test_a_backup_that_is_begun_during_a_restore_waits_and_holds_the_new_shop(
    encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, go_on = threading.Event(), threading.Event()

    def on_reach(point: str) -> None:
        if point == "swap.log_gone":
            closed.set()
            assert go_on.wait(60)

    async with both(encrypted_settings) as shop:
        await shop.order("A")
        ready = await shop.ready(await shop.backup())
        await shop.order("B")
        expect = await shop.expect(ready)
        monkeypatch.setattr(faults, "on_reach", on_reach)
        applying = asyncio.create_task(shop.applied(ready, expect=expect))
        assert await asyncio.to_thread(closed.wait, 60)

        starting = asyncio.create_task(shop.backups.start(["download"], "admin:ben@example.org"))
        await asyncio.sleep(0.05)
        go_on.set()

        assert (await applying).outcome == "replaced"
        ended = await shop.backup_ended((await starting).id)
        assert ended.state == "ready", ended
        await shop.order("C")
        [copy] = (shop.parts.context("backup").work_folder() / "data").rglob("*.db")
        assert orders_in(copy, encrypted_settings.secret_key_db) == ["A"], "of the new shop, and of one state"


async def test_what_is_long_over_is_no_winner(settings: Settings) -> None:
    """Applied, undone, and applied once more with the first confirmation: it is not the shop that was compared."""
    async with both(settings) as shop:
        await shop.order("A")
        first, second = await shop.ready(await shop.backup()), await shop.ready(await shop.backup("second.db"))
        expect = await shop.expect(second)
        await shop.order("B")
        await shop.applied(first)
        await shop.undone()
        with pytest.raises(Exception, match="changed since you compared") as caught:
            await shop.applied(second, expect=expect)
        assert getattr(caught.value, "status", None) == 409
        assert await shop.orders() == ["A", "B"]
