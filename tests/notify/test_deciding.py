"""What is news, whatever happens: properties that hold for any story of a shop."""

from __future__ import annotations

from datetime import timedelta

from berrypod_notify.deciding import decide
from berrypod_notify.queueing import queued
from berrypod_notify.state import News, Standing, Waiting, Words
from hypothesis import given
from hypothesis import strategies as st

from berrypod.declarations import Condition, Severity
from berrypod.health import HealthReport, PartHealth
from tests.notify.conftest import NOON, WARN

PACE = (6.0, 24.0)

_severities: list[Severity] = ["warn", "bad"]
_looks = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["late", "full", "lost"]), st.sampled_from(_severities), max_size=3),
        st.booleans(),  # the part answers
        st.booleans(),  # somebody is to be told
        st.integers(1, 40 * 60),  # minutes since the last look
    ),
    max_size=40,
)


def report(found: dict[str, Severity], *, answers: bool) -> HealthReport:
    def condition(code: str, severity: Severity) -> Condition:
        return Condition(code=code, severity=severity, title=code, text="It is so.", what_to_do="Do it.")

    conditions = [condition(*each) for each in found.items()] if answers else [condition("backup_unknown", "warn")]
    state = "unknown" if not answers else "degraded" if conditions else "ok"
    return HealthReport(
        parts=(PartHealth(name="backup", title="B", plugin="p", state=state, conditions=tuple(conditions)),)
    )


@given(_looks)
def test_whatever_happens_the_news_make_sense(looks: list[tuple[dict[str, Severity], bool, bool, int]]) -> None:
    """Each story of a condition is: alarm, perhaps more of it at the pace that is set, the end; and then from anew."""
    standing: tuple[Standing, ...] = ()
    now, heard = NOON, dict[str, News]()
    for found, answers, anybody, minutes in looks:
        now += timedelta(minutes=minutes)
        standing, news = decide(standing, report(found, answers=answers), now, remind_hours=PACE, anybody=anybody)
        assert anybody or not news
        for one in news:
            code, before = one.words.code, heard.get(one.words.code)
            if one.kind == "alarm":
                escalated = before and before.words.severity == "warn" and one.words.severity == "bad"
                assert before is None or escalated
            elif one.kind == "reminder":
                assert before is not None
                assert one.at - before.at >= timedelta(hours=PACE[0])
            else:
                assert before is not None
                assert answers, "of a part that does not answer nothing is over"
                assert code not in found
            if one.kind == "recovered":
                del heard[code]
            else:
                heard[code] = one
        told = {one.words.code for one in standing if one.told}
        forgotten = heard.keys() - told
        assert not anybody or not forgotten, "who was told of a beginning is told of its end"
        for code in forgotten:
            del heard[code]
        if anybody and answers:
            assert {code for code, severity in found.items() if severity == "bad"} <= told, (
                "what is bad is told at once"
            )


def told_in(looks: list[bool], standing: tuple[Standing, ...] = ()) -> tuple[list[str], tuple[Standing, ...]]:
    """What is told of a warning that is there, or is not, at looks of a minute each; and what stands then."""
    now = standing[0].over_at or NOON if standing else NOON
    told: list[str] = []
    for is_there in looks:
        now += timedelta(minutes=1)
        found = report({"late": "warn"} if is_there else {}, answers=True)
        standing, news = decide(standing, found, now, remind_hours=PACE, anybody=True)
        told += [one.kind for one in news]
    return told, standing


def test_what_comes_and_goes_is_no_storm() -> None:
    """A network that fails every few minutes, for a day, were 480 mails."""
    told, standing = told_in([True, True, True, False, False, False] * 240 + [False] * 60)
    assert told == ["alarm", "recovered", "alarm", "reminder", "recovered"], "one is told that it goes on, and its end"
    told, standing = told_in([False] * 61 + [True, True, False, False], standing)
    assert told == ["alarm", "recovered"], "after an hour it is one like any other"


_kinds = st.sampled_from(["alarm", "reminder", "recovered"])


@given(st.lists(st.tuples(st.sampled_from(["late", "full"]), _kinds), max_size=30))
def test_of_one_condition_one_thing_waits_and_never_an_end_without_a_beginning(story: list[tuple[str, str]]) -> None:
    waiting: tuple[Waiting, ...] = ()
    for code, kind in story:
        words = Words(code=code, severity="warn", title=code, text="It is so.", what_to_do="Do it.")
        before = {one.news.words.code: one.news.kind for one in waiting}
        news = News(kind=kind, part="backup", words=words, since=NOON, at=NOON)  # type: ignore[arg-type]
        waiting = queued(waiting, [news], ["email"])
        codes = [one.news.words.code for one in waiting]
        assert len(codes) == len(set(codes))
        after = {one.news.words.code: one.news.kind for one in waiting}
        if before.get(code) == "alarm":
            assert after.get(code) == (None if kind == "recovered" else "alarm")
        else:
            assert after[code] == kind


def test_a_part_that_is_no_more_is_forgotten_without_a_word() -> None:
    first = report({"full": "bad"}, answers=True)
    standing, _ = decide((), first, NOON, remind_hours=PACE, anybody=True)
    assert decide(standing, HealthReport(parts=()), NOON, remind_hours=PACE, anybody=True) == ((), ())


def test_words_are_those_of_the_last_look() -> None:
    words = Words.of(WARN)
    assert words.condition() == WARN
