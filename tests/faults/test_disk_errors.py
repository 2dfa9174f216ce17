"""A disk that refuses at some point of a replacement: an error in words, the former shop runs, nothing is left over."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.faults.forks import Forks
from tests.faults.ground import Case, Ground
from tests.faults.shops import Templates
from tests.faults.work import Stop

CASES = {
    "restore": Case(),
    "undo, with a salt of its own": Case(operation="undo", staged="stranger"),
    "a shop that is no database any more": Case(live="wrecked"),
    "no shop at all": Case(live=None),
    "no links": Case(links=False),
}

# From here on the new file is the shop's, and was checked: what fails afterwards is only told in the log.
LAST_TO_RETURN = "swap.checked"


@pytest.fixture(
    params=[
        pytest.param(case, id=name, marks=[] if name == "restore" else pytest.mark.slow) for name, case in CASES.items()
    ]
)
def ground(request: pytest.FixtureRequest, quick_folder: Path, templates: Templates, forks: Forks) -> Ground:
    return Ground(quick_folder, request.param, templates, forks)


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "disk_full"), (errno.EIO, "storage_error"), (errno.EROFS, "folder_not_writable")],
    ids=["full", "broken", "read-only"],
)
def test_an_error_at_each_point(ground: Ground, number: int, code: str) -> None:
    told = ground.replace(ground.shop())
    assert told is not None
    assert told.error is None, told
    returned, renamed = told.points.index(LAST_TO_RETURN), told.points.index("swap.renamed")
    for at, point in enumerate(told.points):
        shop = ground.shop()
        failed = ground.replace(shop, Stop(at, errno=number))
        assert failed is not None
        if at > returned:
            assert failed.error is None, f"at {point} it was done already: {failed}"
        else:
            assert failed.code == code, f"at {point}: {failed}"
            assert failed.hint
        left = shop.files()
        assert set(left.values()) == {1}, f"after {point}"
        if at < told.points.index("swap.journalled"):
            assert "shop.db-swap" not in left, f"after {point}"
        # Where there was no shop, nothing can return: the new file stays.
        stays_from = renamed if ground.case.live is None else returned + 1
        assert ground.judge(shop) == ("new" if at >= stays_from else "old"), f"after {point}"
