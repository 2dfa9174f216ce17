"""SIGKILL while the key is changed: exactly one of the two keys opens a whole shop, and whoever runs goes on."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from berrypod.storage.keys import passphrase_fingerprint
from tests.conftest import KEY
from tests.faults import rotations, work
from tests.faults.forks import Forks
from tests.faults.how_many import part_of
from tests.faults.rotations import NEW, Found
from tests.faults.shops import Templates
from tests.faults.work import Stop, Told

KILLS = part_of(100, percent=30)
HELPER_POINTS = ("rewriting.begun", "rewriting.copying", "rewriting.copied", "rewriting.level", "rewriting.last")

# What lies beside a shop whose key was changed, or was not.
ALWAYS = {
    "shop.db",
    "shop.db-lock",
    "shop.db-announcement",
    "shop.db-swaps.json",
    "shop.db-work",
    "shop.db-former",
}


@pytest.fixture(scope="module")
def ready(forks: Forks, templates: Templates) -> Forks:
    forks.prepare(work.remember_keys, paths=(templates.shop,), passphrases=(KEY.reveal(), NEW.reveal()))
    return forks


class Shops:
    def __init__(self, folder: Path, template: Path, digest: str, forks: Forks) -> None:
        self._folder, self._template, self._digest, self._forks = folder, template, digest, forks
        self._made = 0

    def shop(self) -> Path:
        path = self._folder / str(self._made) / "shop.db"
        self._made += 1
        path.parent.mkdir()
        shutil.copyfile(self._template, path)
        return path

    def rotate(self, path: Path, stop: Stop | None = None, helper_stops_at: str = "") -> Told | None:
        """None if it was killed."""
        ended = self._forks.run(rotations.rotate, path=path, stop=stop, helper_stops_at=helper_stops_at)
        return None if ended.killed else ended.result()

    def judge(self, path: Path) -> str:
        """Which key the shop has, as the next process finds it."""
        found: Found = self._forks.run(rotations.look, path=path).result()
        assert found.digest == self._digest
        assert found.former_opens, "whoever runs with the former key does not come in any more"
        expected = passphrase_fingerprint(NEW if found.opens == "new" else KEY)
        assert found.fingerprint == expected
        assert found.unconfirmed == (found.opens == "new")
        self._require_nothing_beside(path, {"shop.db-key"} if found.opens == "new" else set())
        former = list(path.parent.glob("shop.db-former/*.db"))
        assert len(former) == (found.opens == "new")
        return found.opens

    def _require_nothing_beside(self, path: Path, but: set[str]) -> None:
        """The helper of a process that was killed ends a moment later; its log goes with the next to close the file."""
        until = time.monotonic() + 30
        while (names := {each.name for each in path.parent.iterdir()} - ALWAYS) != but:
            assert time.monotonic() < until, names
            self._forks.run(rotations.look, path=path).result()


@pytest.fixture
def shops(quick_folder: Path, templates: Templates, ready: Forks) -> Shops:
    return Shops(quick_folder, templates.shop, templates.digests["shop"], ready)


@pytest.mark.slow
def test_a_kill_at_each_point_leaves_one_key_that_opens_a_whole_shop(shops: Shops) -> None:
    whole = shops.shop()
    told = shops.rotate(whole)
    assert told is not None
    assert told.error is None, told
    assert shops.judge(whole) == "new"
    became: list[str] = []
    points = [(point, told.points[:at].count(point)) for at, point in enumerate(told.points)]
    for point, at in points:
        path = shops.shop()
        assert shops.rotate(path, Stop(at, point=point)) is None, f"it was not killed at {point}"
        became.append(shops.judge(path))
    renamed = [point for point, _ in points].index("swap.renamed")
    assert became == ["former"] * renamed + ["new"] * (len(became) - renamed)


@pytest.mark.slow
@pytest.mark.parametrize("point", HELPER_POINTS)
def test_a_kill_of_the_helper_leaves_the_shop_as_it_was(shops: Shops, point: str) -> None:
    path = shops.shop()
    told = shops.rotate(path, helper_stops_at=point)
    assert told is not None
    assert told.code == "key_rotation_failed"
    assert shops.judge(path) == "former"
    again = shops.rotate(path)
    assert again is not None
    assert again.error is None
    assert shops.judge(path) == "new"


@pytest.mark.slow
def test_kills_at_random_moments(shops: Shops, ready: Forks) -> None:
    path = shops.shop()
    begun = time.monotonic()
    shops.rotate(path)
    longest = time.monotonic() - begun
    became: list[str] = []
    moments = random.Random(4711)
    for _ in range(KILLS):
        path = shops.shop()
        ready.run(rotations.rotate, path=path, stop=None, kill_after=moments.uniform(0.0, longest * 1.02))
        became.append(shops.judge(path))
    print(f"{became.count('former')} former, {became.count('new')} new")
    assert became.count("former")
