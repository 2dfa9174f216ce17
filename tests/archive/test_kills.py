"""Killed at any moment: no backup is listed that is not whole, and nothing is left over after the next start."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import get_args

import pytest

from berrypod.archive.archive import Taking
from berrypod.settings import Settings
from berrypod.storage.page_map import read_map
from tests.archive.dying import FIRST, NEW, SECOND, Doing, Ground, work
from tests.archive.making import Keep, bulky, sell, snapshot_of
from tests.conftest import KEY
from tests.faults.forks import Forks
from tests.faults.work import Stop, remember_keys

RANDOM_KILLS = 100


@pytest.fixture(params=["here", "elsewhere"])
async def ground(
    request: pytest.FixtureRequest, encrypted_settings: Settings, quick_folder: Path, forks: Forks
) -> Ground:
    elsewhere = request.param == "elsewhere"
    ground = Ground(quick_folder / "template", elsewhere)
    keep = Keep.of(encrypted_settings, ground.folder, elsewhere=elsewhere)
    bulky(encrypted_settings, 1100)
    for backup_id in (FIRST, SECOND):
        sell(encrypted_settings, backup_id)
        snapshot = await snapshot_of(encrypted_settings, ground.folder / f"{backup_id}.db")
        await keep.archive.take_file(snapshot, Taking(id=backup_id))
    sell(encrypted_settings, "new")
    await snapshot_of(encrypted_settings, ground.folder / "new.db")
    forks.prepare(remember_keys, paths=(ground.folder / "new.db",))
    return ground


async def judge(ground: Ground, doing: Doing) -> int:
    """Open the archive as the next process does. Returns how many backups there are."""
    archive = ground.archive
    before = {entry.id for entry in await archive.entries() if entry.kind == "backup"}
    assert {SECOND} <= before <= {FIRST, SECOND, NEW}
    for backup_id in before:
        assert backup_id
        await archive.verify(backup_id, KEY if backup_id == NEW else None)
    await archive.sweep()
    entries = await archive.entries()
    assert [(entry.kind, entry.problem) for entry in entries] == [("backup", None)] * len(before)
    assert {entry.id for entry in entries} == before
    _require_nothing_left(ground, before, doing)
    return len(before)


def _require_nothing_left(ground: Ground, backups: set[str | None], doing: Doing) -> None:
    kept = ground.folder / "kept"
    needed = {chunk for path in kept.glob("*.map") for chunk in read_map(path).chunks}
    assert {path.name for path in kept.glob("chunks/*/*")} == needed, doing
    manifests = {path.stem.removeprefix("berrypod-backup-") for path in kept.glob("*.json")}
    assert manifests == backups
    files = {path.name for path in (*kept.rglob("*"), *(ground.folder / "work").rglob("*")) if path.is_file()}
    assert not [name for name in files if name.endswith((".part", "-claim")) or name in (FIRST, SECOND, NEW)], files
    if ground.elsewhere:
        ends = {path.name for path in (ground.folder / "work").glob("archives/*/ends/*/*")}
        assert ends <= needed


@pytest.mark.slow
@pytest.mark.parametrize("doing", get_args(Doing))
async def test_a_kill_at_each_point(ground: Ground, forks: Forks, quick_folder: Path, doing: Doing) -> None:
    whole = ground.copied(quick_folder / "whole")
    told = forks.run(work, ground=whole, doing=doing, stop=None).result()
    assert told.error is None
    wanted = {"add pages": 3, "add file": 3, "delete": 1, "sweep": 2, "update": 2}[doing]
    assert await judge(whole, doing) == wanted

    became: list[int] = []
    for at in _first_and_last(told.points):
        begun = ground.copied(quick_folder / "begun")
        assert forks.run(work, ground=begun, doing=doing, stop=Stop(at)).killed, told.points[at]
        became.append(await judge(begun, doing))
        again = forks.run(work, ground=begun, doing=doing, stop=None).result()
        assert (again.error is None) == (became[-1] != wanted or wanted == 2), (told.points[at], again)
        assert await judge(begun, doing) == wanted
    assert became == sorted(became, reverse=doing == "delete")


@pytest.mark.slow
async def test_a_kill_at_random_moments(ground: Ground, forks: Forks, quick_folder: Path) -> None:
    """Adding, deleting and sweeping: wherever they are then."""
    chance = random.Random(20260314)
    seconds: dict[Doing, float] = {
        doing: forks.run(work, ground=ground.copied(quick_folder / "whole"), doing=doing, stop=None).seconds
        for doing in get_args(Doing)[:3]
    }
    killed = 0
    for _ in range(RANDOM_KILLS // 2):
        doing = chance.choice(list(seconds))
        begun = ground.copied(quick_folder / "begun")
        after = chance.uniform(0, seconds[doing])
        ended = forks.run(work, ground=begun, doing=doing, stop=None, kill_after=after)
        killed += ended.killed
        if not ended.killed:  # The machine had more to do when this was measured.
            seconds[doing] = min(seconds[doing], ended.seconds)
        await judge(begun, doing)
        shutil.rmtree(begun.folder)
    assert killed > RANDOM_KILLS // 4


def _first_and_last(points: list[str]) -> list[int]:
    """Each point that is reached, once or twice: blocks of pages come by the dozen."""
    last = {point: at for at, point in enumerate(points)}
    return sorted({points.index(point) for point in last} | set(last.values()))
