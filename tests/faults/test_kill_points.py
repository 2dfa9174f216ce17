"""SIGKILL at each point of a replacement, and of the recovery from it: the old shop or the new one, whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.forks import Forks
from tests.faults.ground import Case, Ground
from tests.faults.shops import Templates
from tests.faults.work import Stop

CASES = {
    "restore": Case(),
    "undo": Case(operation="undo"),
    "a file with a salt of its own": Case(staged="stranger"),
    "a log that was not folded": Case(live="with_log"),
    "undo with a log that was not folded": Case(live="with_log", operation="undo", staged="stranger"),
    "a damaged shop": Case(live="damaged"),
    "undo of a damaged shop": Case(live="damaged", operation="undo", staged="stranger"),
    "a shop that is no database any more": Case(live="wrecked"),
    "undo of one that is no database any more": Case(live="wrecked", operation="undo", staged="stranger"),
    "no shop at all": Case(live=None),
    "no links": Case(links=False),
    "no links, undo": Case(links=False, operation="undo", staged="stranger"),
    "no links, a log that was not folded": Case(links=False, live="with_log"),
    "no links, a shop that is no database any more": Case(links=False, live="wrecked"),
}


# These take a second each. All of them, and the kills of the recovery, are for CI.
QUICK = ("restore", "no links, a shop that is no database any more")


def _cases(quick: tuple[str, ...] = ()) -> list[object]:
    return [
        pytest.param(case, id=name, marks=[] if name in quick else pytest.mark.slow) for name, case in CASES.items()
    ]


@pytest.fixture
def ground(quick_folder: Path, request: pytest.FixtureRequest, templates: Templates, forks: Forks) -> Ground:
    return Ground(quick_folder, request.param, templates, forks)


@pytest.mark.parametrize("ground", _cases(QUICK), indirect=True)
def test_a_kill_at_each_point_leaves_the_old_shop_or_the_new(ground: Ground) -> None:
    whole = ground.shop()
    told = ground.replace(whole)
    assert told is not None
    assert told.error is None, told
    assert ground.judge(whole) == "new"

    became: list[str] = []
    for at, point in enumerate(told.points):
        shop = ground.shop()
        assert ground.replace(shop, Stop(at)) is None, f"it was not killed at {point}"
        became.append(ground.judge(shop))
        if became[-1] == "old":
            again = ground.replace(shop)
            assert again is not None
            assert again.error is None, f"after a kill at {point} it cannot be done any more: {again}"
            assert ground.judge(shop) == "new"
    renamed = told.points.index("swap.renamed")
    assert became == ["old"] * renamed + ["new"] * (len(became) - renamed)


@pytest.mark.parametrize("ground", _cases(), indirect=True)
def test_a_kill_at_each_point_of_the_recovery_too(ground: Ground) -> None:
    told = ground.replace(ground.shop())
    assert told is not None
    for at, point in enumerate(told.points):
        begun = ground.shop()
        ground.replace(begun, Stop(at))
        looked = ground.look(begun)
        assert looked is not None
        for again in range(len(looked.points)):
            shop = ground.shop()
            ground.replace(shop, Stop(at))
            assert ground.look(shop, Stop(again)) is None, f"the recovery from {point} was not killed"
            ground.judge(shop)
