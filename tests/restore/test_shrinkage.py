"""The shop's own guard against a file in which much is missing: it warns, and knows when not to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from berrypod_restore.shrinkage import CODE, check_shrinkage, shrinkage_guard

from berrypod.declarations import Allow, RestoreCandidate, Warn
from berrypod.hookspecs import hookimpl
from berrypod.testing_tools import CheckPlugin, MakeCandidate


@pytest.fixture
def candidate(berrypod_candidate: MakeCandidate) -> RestoreCandidate:
    return berrypod_candidate()


def judged(candidate: RestoreCandidate, now: dict[str, int], then: dict[str, int]):
    return check_shrinkage(replace(candidate, current_row_counts=now, row_counts=then))


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ({"orders": 1204}, {"orders": 120}, "Orders shrink by 90 %: 1,204 now, 120 in the file."),
        ({"orders": 10}, {"orders": 5}, "Orders shrink by 50 %: 10 now, 5 in the file."),
        ({"orders": 1}, {}, "Orders shrink by 100 %: 1 now, 0 in the file."),
        ({"orders": 10_000}, {"orders": 1}, "Orders shrink by 99 %: 10,000 now, 1 in the file."),
        ({"products": 20}, {"products": 2}, "Products shrink by 90 %: 20 now, 2 in the file."),
        (
            {"newsletter_subscribers": 100, "images": 30},
            {"newsletter_subscribers": 10, "images": 3},
            "Newsletter subscribers shrink by 90 %: 100 now, 10 in the file; "
            "pictures shrink by 90 %: 30 now, 3 in the file.",
        ),
    ],
)
def test_it_warns_of_what_shrinks_by_half_or_more(
    candidate: RestoreCandidate, now: dict[str, int], then: dict[str, int], words: str
) -> None:
    judgement = judged(candidate, now, then)

    assert isinstance(judgement, Warn)
    assert (judgement.code, judgement.message) == (CODE, words)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ({"orders": 100}, {"orders": 51}),
        ({"orders": 100}, {"orders": 300}),
        ({"orders": 0}, {"orders": 0}),
        ({"orders": 0}, {}),
        ({"orders": 3}, {"orders": 1}),
        ({"admin_sessions": 100, "login_attempts": 100}, {}),
        ({}, {"orders": 1}),
    ],
)
def test_less_is_no_news(candidate: RestoreCandidate, now: dict[str, int], then: dict[str, int]) -> None:
    assert judged(candidate, now, then) == Allow()


def test_a_shop_that_cannot_be_opened_cannot_shrink(candidate: RestoreCandidate) -> None:
    assert check_shrinkage(replace(candidate, current_row_counts=None, row_counts={})) == Allow()


def test_it_is_a_guard_like_any_other(check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate) -> None:
    class Own:
        @hookimpl
        def berrypod_restore_guards(self):
            return [shrinkage_guard()]

    guards = check_plugin(Own())
    (guard,) = guards.restore_guards

    assert guards.judge(guard.name, berrypod_candidate()) == Allow()
    assert isinstance(guards.judge(guard.name, berrypod_candidate("DELETE FROM orders")), Warn)
