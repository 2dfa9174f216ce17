"""`berrypod restore apply` and `undo`, with a re-key on the way, killed at each named point and at 200 moments."""

from __future__ import annotations

import errno
import random
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest

from tests.faults.admin import Admin, Doing
from tests.faults.commands import Printed
from tests.faults.forks import Forks
from tests.faults.how_many import part_of
from tests.faults.shops import Templates
from tests.faults.work import Stop, stop_at

pytestmark = pytest.mark.slow

ALL_KILLS: dict[Doing, int] = {"rekey": 30, "apply": 90, "undo": 80}
KILLS = {doing: part_of(kills, percent=30) for doing, kills in ALL_KILLS.items()}
SEED = 20260314


# What a re-key has in common with any other restore is seen there.
NAMED: dict[Doing, tuple[str, ...]] = {"apply": ("",), "undo": ("",), "rekey": ("rekey.", "restore.rekeyed")}


@pytest.mark.parametrize("doing", NAMED)
def test_a_kill_at_each_named_point(quick_folder: Path, templates: Templates, forks: Forks, doing: Doing) -> None:
    """The first and the last time that each name comes."""
    templates.warm(forks)
    admin = Admin(quick_folder, doing, templates, forks)
    whole = admin.shop()
    printed: Printed = admin.run(whole).result()
    assert printed.status == 0, printed.err
    assert admin.judge(whole) == "new"

    became: dict[tuple[str, int], str] = {}
    points = Counter(point for point in printed.points if point.startswith(NAMED[doing]))
    for point, times in points.items():
        for at in {0, times - 1}:
            folder = admin.shop()
            ended = admin.run(folder, stop=Stop(at, point=point))
            assert ended.killed or at, f"{point} was not reached"
            became[point, at] = admin.judge(folder)
            shutil.rmtree(folder)
    if doing == "rekey":
        assert set(became.values()) == {"old"}
    else:
        assert became["swap.journalled", 0] == "old"
        assert became["swap.renamed", 0] == "new"
        assert became["restore.cleaned_up", 0] == "new"


@pytest.mark.parametrize("doing", NAMED)
def test_a_disk_that_refuses_at_each_named_point(
    quick_folder: Path, templates: Templates, forks: Forks, doing: Doing
) -> None:
    """It is full, broken and read-only in turn. What comes after the exchange is no reason to fail.

    Each of the three at each point of the exchange is for `test_disk_errors`; disks that are really full, and folders
    that really cannot be written, at each point here are for `test_disks`.
    """
    templates.warm(forks)
    admin = Admin(quick_folder, doing, templates, forks)
    printed: Printed = admin.run(admin.shop()).result()
    points = dict.fromkeys(point for point in printed.points if point.startswith(NAMED[doing]))
    for number, point in zip(cycle((errno.ENOSPC, errno.EIO, errno.EROFS)), points, strict=False):
        folder = admin.shop()
        failed: Printed = admin.run(folder, stop=Stop(0, errno=number, point=point)).result()
        became = admin.judge(folder)
        if failed.status:
            require_words(failed, f"{point}, {number}")
            assert became == "old" or "the new database is in use" in failed.err, (point, failed)
        else:
            assert became == "new", (point, failed)
        shutil.rmtree(folder)


def require_words(failed: Printed, where: str) -> None:
    """The reason, and what to do about it; none of Python's words."""
    lines = failed.err.strip().splitlines()
    assert failed.status == 1, where
    assert "Traceback" not in failed.err, f"{where}: {failed.err}"
    assert [line for line in lines if line.startswith("Error: ")], f"{where}: {failed.err}"
    assert not lines[-1].startswith("Error: "), f"{where}: no hint: {failed.err}"
    assert "unforeseen" not in failed.err, f"{where}: {failed.err}"


def test_kills_at_random_moments(quick_folder: Path, templates: Templates) -> None:
    """Spread over the time that it takes, and a little more. Each ends as the old shop or the new one."""

    def kill(doing: Doing) -> tuple[Doing, Counter[str], list[str]]:
        with Forks.ready() as forks:
            templates.warm(forks)
            return doing, *_killed(Admin(quick_folder / doing, doing, templates, forks), KILLS[doing])

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(kill, KILLS))
    for doing, counts, _ in ended:
        line = ", ".join(f"{counts[became]} {became}" for became in ("old", "new", "bad"))
        print(f"{doing}: {counts.total()} kills at random moments: {line}", file=sys.stderr)
    assert [line for *_, bad in ended for line in bad] == []
    assert sum(counts.total() for _, counts, _ in ended) == sum(KILLS.values())
    assert all(sum(counts[side] for _, counts, _ in ended) for side in ("old", "new")), "the moments miss one side"


def _killed(admin: Admin, times: int) -> tuple[Counter[str], list[str]]:
    whole: Printed = admin.run(admin.shop()).result()
    assert whole.status == 0, whole.err
    moments = random.Random(f"{SEED} {admin.doing}")
    counts: Counter[str] = Counter()
    bad: list[str] = []
    for _ in range(times):
        # Half of them while the file is replaced, which takes the smallest part of the time.
        since = moments.choice([0.0, whole.times[whole.points.index("restore.planned")]])
        folder, stop = admin.shop(), stop_at(moments.uniform(since, whole.times[-1] * 1.02), whole.points, whole.times)
        admin.run(folder, stop=stop)
        try:
            counts[admin.judge(folder)] += 1
        except AssertionError as error:
            counts["bad"] += 1
            bad.append(f"{admin.doing}, {stop}: {error}")
        shutil.rmtree(folder)
    return counts, bad
