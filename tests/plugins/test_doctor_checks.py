"""Checks of plugins for the doctor: what they answer counts, and what goes wrong with them is no pass."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from berrypod.declarations import DoctorCheck, Examination, Finding
from berrypod.plugins import Ok, Plugins
from berrypod.settings import Secret
from berrypod.testing_tools import CheckPlugin
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, assert_healthy, failed, healthy, plugin

PASSED = Finding(check="shelf", level="pass", title="The shelf is there")


def check(name: str = "shelf", function: Any = lambda examination: PASSED, **more: Any) -> DoctorCheck:
    fields: dict[str, Any] = {"timeout_seconds": ENOUGH, **more}
    return DoctorCheck(name=name, title="the shelf", check=function, **fields)


@contextmanager
def no_connection():
    raise AssertionError("nobody asked for it")
    yield


EXAMINATION = Examination(database_path=Path("shop.db"), now=datetime(2026, 3, 14, tzinfo=UTC), opener=no_connection)


async def ask(plugins: Plugins):
    (declared,) = [one for one in plugins.doctor_checks if one.plugin == "subject"]
    return await plugins.examine(declared, EXAMINATION)


async def later(examination: Examination) -> list[Finding]:
    return [PASSED, PASSED]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda examination: PASSED, 1),
        (lambda examination: [PASSED, PASSED], 2),
        (lambda examination: (PASSED for _ in range(3)), 3),
        (later, 2),
    ],
)
async def test_one_finding_is_as_good_as_several(host: Host, function: Any, found: int) -> None:
    outcome = await ask(host(plugin("subject", berrypod_doctor_checks=lambda: [check(function=function)])))
    assert outcome == Ok((PASSED,) * found)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda examination: None, "it found nothing"),
        (lambda examination: [], "it found nothing"),
        (lambda examination: True, "it returned a bool"),
        (lambda examination: ["fine"], "its answer contains a str"),
        (lambda examination: Finding(check="other", level="pass", title="Fine"), "is of the check 'other'"),
        (lambda examination: 1 / 0, "ZeroDivisionError"),
    ],
)
async def test_what_is_no_finding_is_a_failure_and_the_plugin_stays(host: Host, function: Any, error: str) -> None:
    plugins = host(plugin("subject", berrypod_doctor_checks=lambda: [check(function=function)]), healthy())

    assert error in failed(await ask(plugins)).error
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_one_that_hangs_has_failed_in_time_and_the_plugin_stays(host: Host, hang: Any) -> None:
    declared = check(function=hang, timeout_seconds=PATIENCE)
    plugins = host(plugin("subject", berrypod_doctor_checks=lambda: [declared]), healthy())

    assert "no answer within" in failed(await ask(plugins)).error
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_no_secret_is_left_in_what_a_plugin_says(host: Host) -> None:
    def talk(examination: Examination) -> Finding:
        return Finding(
            check="shelf",
            level="fail",
            title="open sesame is wrong",
            why="It is open sesame.",
            what_to_do="Set open sesame.",
        )

    source = plugin("subject", berrypod_doctor_checks=lambda: [check(function=talk)])
    outcome = await ask(host(source, key=Secret("open sesame")))
    assert isinstance(outcome, Ok)
    assert outcome.value[0].title == "*** is wrong"
    assert (outcome.value[0].why, outcome.value[0].what_to_do) == ("It is ***.", "Set ***.")


def test_they_come_in_the_order_that_they_ask_for_and_each_name_once(host: Host) -> None:
    plugins = host(
        plugin("a", berrypod_doctor_checks=lambda: [check("z"), check("first", order=-1)]),
        plugin("b", berrypod_doctor_checks=lambda context: [check("z"), check("a")]),
    )

    assert [(one.plugin, one.declaration.name) for one in plugins.doctor_checks] == [
        ("a", "first"),
        ("b", "a"),
        ("a", "z"),
    ]
    assert plugins.report()[1].failures[0].what == "doctor check z"


def test_authors_can_ask_theirs(check_plugin: CheckPlugin) -> None:
    def count(examination: Examination) -> Finding:
        with examination.connection() as shop:
            (orders,) = shop.execute("SELECT count(*) FROM orders").fetchone()
        return Finding(check="shelf", level="pass", title=f"{orders} orders, {examination.thorough}, {examination.now}")

    source = plugin("subject", berrypod_doctor_checks=lambda: [check(function=count)])
    checked = check_plugin(source.load())
    before = sorted(checked.context.database.path.parent.iterdir())
    (found,) = checked.examine("shelf", now=datetime(2026, 3, 14, tzinfo=UTC), thorough=True)

    assert found.title == "2 orders, True, 2026-03-14 00:00:00+00:00"
    assert [one.name for one in checked.doctor_checks] == ["shelf"]
    assert sorted(checked.context.database.path.parent.iterdir()) == before


def test_authors_see_what_fails(check_plugin: CheckPlugin) -> None:
    source = plugin("subject", berrypod_doctor_checks=lambda: [check(function=lambda examination: None)])
    with pytest.raises(AssertionError, match="shelf: it found nothing"):
        check_plugin(source.load()).examine("shelf")
