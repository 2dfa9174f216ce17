"""Parts of a shop that are well or not: what they answer counts, and what goes wrong with them is not health."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from berrypod.declarations import Condition, HealthPart
from berrypod.health import Health, unknown_code
from berrypod.plugins import Ok, Plugins
from berrypod.settings import Secret
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, assert_healthy, failed, healthy, plugin

LATE = Condition(code="late", severity="warn", title="It is late", text="By a day.", what_to_do="Hurry.")
GONE = replace(LATE, code="gone", severity="bad")


def part(name: str = "shelf", function: Any = lambda: [LATE], **more: Any) -> HealthPart:
    fields: dict[str, Any] = {"timeout_seconds": ENOUGH, **more}
    return HealthPart(name=name, title=f"The {name}", conditions=function, **fields)


def parts(host: Host, *found: HealthPart) -> Plugins:
    return host(plugin("subject", berrypod_health_parts=lambda: found), healthy())


async def ask(plugins: Plugins):
    return await plugins.conditions(plugins.health_parts[0])


async def later() -> list[Condition]:
    return [LATE]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda: [LATE, GONE], (LATE, GONE)),
        (lambda: LATE, (LATE,)),
        (lambda: (one for one in (GONE,)), (GONE,)),
        (later, (LATE,)),
        (list, ()),
        (lambda: None, ()),
    ],
)
async def test_what_is_not_well_is_told_in_any_form(host: Host, function: Any, found: tuple[Condition, ...]) -> None:
    assert await ask(parts(host, part(function=function))) == Ok(found)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda: True, "it returned a bool"),
        (lambda: ["fine"], "its answer contains a str"),
        (lambda: [LATE, LATE], "two conditions of the code 'late'"),
        (lambda: (LATE for _ in iter(int, 1)), "more than 20 items"),
        (lambda: [replace(LATE, title="x" * 81)], "has 81 characters"),
        (lambda: 1 / 0, "ZeroDivisionError"),
    ],
)
async def test_what_is_no_condition_is_a_failure_and_the_plugin_stays(host: Host, function: Any, error: str) -> None:
    plugins = parts(host, part(function=function))

    assert error in failed(await ask(plugins)).error
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_one_that_hangs_has_failed_in_time_and_the_plugin_stays(host: Host, hang: Any) -> None:
    plugins = parts(host, part(function=hang, timeout_seconds=PATIENCE))

    assert "no answer within" in failed(await ask(plugins)).error
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_no_secret_is_left_in_what_a_part_says(host: Host) -> None:
    def talk() -> Condition:
        return replace(LATE, text="The key open-sesame-please is wrong", what_to_do="Not open-sesame-please.")

    plugins = host(
        plugin("subject", berrypod_health_parts=lambda: [part(function=talk)]), key=Secret("open-sesame-please")
    )
    plugins.database_key()
    outcome = await ask(plugins)

    assert isinstance(outcome, Ok)
    assert "sesame" not in repr(outcome)


async def test_parts_come_in_order_and_one_that_fails_is_one_that_nobody_knows_of(host: Host) -> None:
    def fail() -> None:
        raise OSError("no such disk")

    plugins = parts(host, part("b-fine", list), part("c-late"), part("a-broken", fail), part("first", order=1))
    report = await plugins.health.look()

    assert [(one.name, one.state) for one in report.parts] == [
        ("first", "degraded"),
        ("a-broken", "unknown"),
        ("b-fine", "ok"),
        ("c-late", "degraded"),
    ]
    assert report.degraded
    (unknown,) = report.parts[1].conditions
    assert (unknown.code, unknown.severity) == ("a-broken_unknown", "warn")
    assert "no such disk" in unknown.text


async def test_a_shop_without_parts_is_well(host: Host) -> None:
    report = await host(healthy()).health.look()
    assert (report.parts, report.degraded) == ((), False)


@pytest.mark.parametrize("name", ["a", "b" * 64, "c" * 49 + "-" + "d" * 14])
def test_whatever_a_part_is_called_its_unknown_state_has_a_code(name: str) -> None:
    assert replace(LATE, code=unknown_code(name)).code.endswith("_unknown")


class Counted:
    """A part that is slow until it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def conditions(self) -> list[Condition]:
        self.asked += 1
        await self.go.wait()
        return [LATE]


def clocked(host: Host, function: Callable[..., Any]) -> tuple[Health, list[float]]:
    now = [100.0]
    slow = HealthPart(name="slow", title="Slow", conditions=function, timeout_seconds=30.0)
    return Health(parts(host, slow), clock=lambda: now[0]), now


async def test_those_who_look_together_are_asked_for_once_and_the_answer_is_kept_for_some_seconds(host: Host) -> None:
    counted = Counted()
    health, now = clocked(host, counted.conditions)
    looks = [asyncio.create_task(health.look()) for _ in range(50)]
    await asyncio.sleep(0)
    counted.go.set()
    assert {report.degraded for report in await asyncio.gather(*looks)} == {True}
    now[0] += 9
    await health.look()
    assert counted.asked == 1
    now[0] += 2
    await health.look()
    assert counted.asked == 2
    await health.look(seconds_old=1)
    assert counted.asked == 2


async def test_a_glance_does_not_wait_for_a_slow_part_which_is_heard_all_the_same(host: Host) -> None:
    counted = Counted()
    health, now = clocked(host, counted.conditions)
    assert [one.state for one in (await health.glance(wait_seconds=0)).parts] == ["unknown"]
    counted.go.set()
    assert [one.state for one in (await health.look()).parts] == ["degraded"]
    counted.go.clear()
    now[0] += 3600
    assert [one.state for one in (await health.glance(wait_seconds=0)).parts] == ["degraded"]
    counted.go.set()
    await health.look()
    assert counted.asked == 2


async def test_a_visitor_who_goes_away_takes_the_answer_from_nobody_else(host: Host) -> None:
    counted = Counted()
    health, _ = clocked(host, counted.conditions)
    gone, stays = asyncio.create_task(health.look()), asyncio.create_task(health.look())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    counted.go.set()

    assert (await stays).degraded
