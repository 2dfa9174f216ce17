"""Notifiers: sent is what returned, and whatever else happens is a failure of that one alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from berrypod.declarations import Condition, Notification, Notifier
from berrypod.errors import PluginError
from berrypod.plugins import Ok, Plugins
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, assert_healthy, failed, healthy, plugin

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
LATE = Condition(code="late", severity="warn", title="It is late", text="By a day.", what_to_do="Hurry.")
ALARM = Notification(kind="alarm", part="shelf", condition=LATE, since=NOON, at=NOON, shop="Berry & Plum")


def notifiers(host: Host, send: Any = lambda _: None, **more: Any) -> Plugins:
    def declare() -> list[Notifier]:
        fields: dict[str, Any] = {"timeout_seconds": ENOUGH, **more}
        return [Notifier(name="pager", title="Pager", send=send, **fields)]

    return host(plugin("subject", berrypod_notifiers=declare), healthy())


async def test_it_is_handed_over_as_it_is(host: Host) -> None:
    sent: list[Notification] = []
    plugins = notifiers(host, sent.append)

    assert await plugins.notify(plugins.notifiers[0], ALARM) == Ok(None)
    assert sent == [ALARM]


async def test_several_go_to_the_one_that_sends_them_together(host: Host) -> None:
    sent: list[tuple[Notification, ...]] = []
    plugins = notifiers(host, send_together=sent.append)
    others = (ALARM, replace(ALARM, kind="reminder"))

    assert await plugins.notify(plugins.notifiers[0], *others) == Ok(None)
    assert await plugins.notify(plugins.notifiers[0], ALARM) == Ok(None), "one by itself is for the other function"
    assert sent == [others]


@pytest.mark.parametrize(
    ("send", "error"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "TypeError"),
    ],
)
async def test_one_that_fails_has_not_sent_and_stays(host: Host, send: Any, error: str) -> None:
    plugins = notifiers(host, send)

    assert error in failed(await plugins.notify(plugins.notifiers[0], ALARM)).error
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_one_that_hangs_has_not_sent_and_stays(host: Host, hang: Any) -> None:
    plugins = notifiers(host, hang, timeout_seconds=PATIENCE)

    assert "no answer within" in failed(await plugins.notify(plugins.notifiers[0], ALARM)).error
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_what_it_says_is_wrong_and_what_to_do_comes_back(host: Host) -> None:
    def send(_: Notification) -> None:
        raise PluginError("The pager is off", hint="Turn it on.")

    plugins = notifiers(host, send)
    outcome = failed(await plugins.notify(plugins.notifiers[0], ALARM))
    assert (outcome.error, outcome.hint) == ("The pager is off", "Turn it on.")


async def yes() -> bool:
    return True


@pytest.mark.parametrize(("answer", "is_so"), [(None, True), (yes, True), (lambda: False, False)])
async def test_it_says_itself_whether_it_is_set_up(host: Host, answer: Any, is_so: bool) -> None:
    plugins = notifiers(host, is_set_up=answer)
    assert await plugins.is_set_up(plugins.notifiers[0]) == Ok(is_so)


async def test_nothing_that_merely_looks_like_a_yes_is_taken_for_one(host: Host) -> None:
    plugins = notifiers(host, is_set_up=lambda: "yes")
    assert "it returned a str" in failed(await plugins.is_set_up(plugins.notifiers[0])).error


@pytest.mark.parametrize(
    "wrong", [{"send": None}, {"send_together": 1}, {"is_set_up": True}, {"timeout_seconds": 0}, {"name": "No"}]
)
def test_a_notifier_checks_itself(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"name": "pager", "title": "Pager", "send": print}
    assert Notifier(**right)
    with pytest.raises(PluginError):
        Notifier(**(right | wrong))
