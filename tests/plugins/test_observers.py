"""`berrypod_observe`: told of everything, and unable to disturb anything."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import ClassVar

import pytest

from berrypod.context import PluginContext
from berrypod.events import Event, OrderPlaced, PluginQuarantined, ShopStarted
from berrypod.plugins import PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, QUICK, failing_at_import, plugin

STARTED = ShopStarted(version="1")


def order(number: int) -> OrderPlaced:
    return OrderPlaced(number=str(number), total_minor=100, currency="EUR", item_count=1)


class Ear:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.thread = ""

    def hear(self, event: Event) -> None:
        self.heard.append(event)
        self.thread = threading.current_thread().name

    def plugin(self, name: str = "ear") -> PluginSource:
        def observe(event: Event) -> None:
            self.hear(event)

        return plugin(name, berrypod_observe=observe)

    def wait_for(self, events: int) -> None:
        until = monotonic() + ENOUGH
        while len(self.heard) < events:
            assert monotonic() < until, f"heard {self.heard}"
            sleep(0.001)


def test_every_observer_is_told_of_every_event_in_order(host: Host) -> None:
    one, two = Ear(), Ear()
    plugins = host(one.plugin("one"), two.plugin("two"))
    events = [order(number) for number in range(4)]
    for event in events:
        plugins.emit(event)

    assert plugins.flush(ENOUGH)
    assert one.heard == two.heard == events


def test_an_observer_never_runs_in_the_thread_of_whoever_emits(host: Host) -> None:
    ear = Ear()
    plugins = host(ear.plugin())
    plugins.emit(STARTED)

    assert plugins.flush(ENOUGH)
    assert ear.thread == "plugin ear"


def test_an_observer_that_raises_is_noted_and_goes_on_being_told(host: Host) -> None:
    heard: list[Event] = []

    def raises(event: Event) -> None:
        heard.append(event)
        raise SystemExit("no more")

    ear = Ear()
    plugins = host(plugin("broken", berrypod_observe=raises), ear.plugin())
    events = [STARTED, order(1)]
    for event in events:
        plugins.emit(event)

    assert plugins.flush(ENOUGH)
    assert heard == ear.heard == events
    assert [failure.what for failure in plugins.report()[0].failures] == [
        "berrypod_observe(order.placed)",
        "berrypod_observe(shop.started)",
    ]
    assert plugins.is_active("broken")


def test_an_observer_that_hangs_delays_neither_the_emitter_nor_another_observer(host: Host, hang) -> None:
    ear = Ear()
    plugins = host(plugin("broken", berrypod_observe=lambda event: hang()), ear.plugin())
    plugins.emit(STARTED)

    ear.wait_for(1)
    assert plugins.flush(0.01) is False


def test_an_observer_that_hangs_again_and_again_is_told_nothing_more(host: Host) -> None:
    release, ear = threading.Event(), Ear()

    def hang(event: Event) -> None:
        ear.hear(event)
        release.wait(30)

    plugins = host(plugin("broken", berrypod_observe=hang), limits=replace(QUICK, observe_seconds=0.02))
    for number in range(4):
        plugins.emit(order(number))
    assert plugins.flush(ENOUGH)
    plugins.emit(order(5))
    assert plugins.flush(ENOUGH)
    release.set()

    ear.wait_for(2)  # A thread that was begun may be late.
    assert len(ear.heard) == QUICK.hangs_before_silence == 2
    assert plugins.report()[0].failures[0].error == "2 time-outs in a row: it is told of no more events"
    assert plugins.is_active("broken")


def test_a_single_hang_is_forgiven(host: Host) -> None:
    """With more patience where the machine is too busy for what does not hang either."""
    assert any(is_told_after_each_hang(host, seconds) for seconds in (0.02, 0.5, 5))


def is_told_after_each_hang(host: Host, seconds: float) -> bool:
    release, ear = threading.Event(), Ear()
    events = [order(number) for number in range(4)]

    def hangs_on_every_second(event: Event) -> None:
        ear.hear(event)
        if event in events[::2]:
            release.wait(30)

    limits = replace(QUICK, observe_seconds=seconds)
    plugins = host(plugin("moody", berrypod_observe=hangs_on_every_second), limits=limits)
    for event in events:
        plugins.emit(event)
    assert plugins.flush(ENOUGH)
    release.set()
    return events[-1] in ear.heard


def test_events_for_an_observer_that_falls_behind_are_dropped_and_that_is_noted_once(host: Host) -> None:
    release, entered, ear = threading.Event(), threading.Event(), Ear()

    def slow(event: Event) -> None:
        entered.set()
        release.wait(30)
        ear.hear(event)

    plugins = host(plugin("slow", berrypod_observe=slow))
    plugins.emit(order(0))
    assert entered.wait(ENOUGH)
    for number in range(1, 20):
        plugins.emit(order(number))

    (failure,) = plugins.report()[0].failures
    assert failure.error == "too slow: 5 events wait, further ones are not told to it"
    release.set()
    ear.wait_for(6)
    assert [event.number for event in ear.heard if isinstance(event, OrderPlaced)] == ["0", "1", "2", "3", "4", "5"]


def test_how_long_an_observer_took_is_logged_and_a_slow_one_is_a_warning(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    plugins = host(Ear().plugin(), limits=replace(QUICK, observe_slow_seconds=-1))
    with caplog.at_level(logging.WARNING, "berrypod.plugins"):
        plugins.emit(STARTED)
        assert plugins.flush(ENOUGH)

    assert re.search(r"plugin ear took \d+\.\d{3} s for the event shop\.started", caplog.text)


def test_closing_lets_observers_hear_what_waits_and_then_tells_them_nothing_more(host: Host) -> None:
    ear = Ear()
    plugins = host(ear.plugin())
    plugins.emit(STARTED)

    assert plugins.close(ENOUGH)
    plugins.emit(order(1))
    assert ear.heard == [STARTED]
    assert plugins.close(ENOUGH)


def test_the_threads_of_observers_end_when_plugins_are_closed(host: Host) -> None:
    plugins = host(Ear().plugin("ear_that_ends"))
    plugins.emit(STARTED)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "observer ear_that_ends"]
    plugins.close(ENOUGH)

    thread.join(ENOUGH)
    assert not thread.is_alive()


def test_closing_does_not_wait_for_ever(host: Host, hang) -> None:
    plugins = host(plugin("broken", berrypod_observe=lambda event: hang()))
    plugins.emit(STARTED)

    assert plugins.close(0.05) is False


def test_observers_hear_of_a_plugin_in_quarantine_even_of_one_that_failed_before_them(host: Host) -> None:
    ear = Ear()

    def load() -> object:
        raise ImportError("no")

    plugins = host(failing_at_import("broken", load), ear.plugin())
    assert plugins.flush(ENOUGH)

    (event,) = ear.heard
    assert isinstance(event, PluginQuarantined)
    assert (event.plugin, event.error) == ("broken", "import: ImportError: no")


def test_what_is_no_event_is_refused_where_it_was_emitted(host: Host) -> None:
    with pytest.raises(TypeError, match="not an Event"):
        host().emit("order placed")  # type: ignore[arg-type]


def test_a_plugin_may_emit_events_of_its_own(host: Host) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Exported(Event):
        name: ClassVar[str] = "csv.exported"

        rows: int

    ear = Ear()
    emitters: list[Callable[[Event], None]] = []

    def keep_context(context):
        emitters.append(context.emit)

    plugins = host(plugin("csv", berrypod_stats_providers=keep_context), ear.plugin())
    emitters[0](Exported(rows=3))

    assert plugins.flush(ENOUGH)
    assert ear.heard[0].as_dict()["event"] == "csv.exported"


def test_an_observer_gets_the_context_of_its_plugin_if_it_asks_for_it(host: Host) -> None:
    seen: list[tuple[str, str]] = []

    def observe(event: Event, context: PluginContext) -> None:
        seen.append((event.name, context.plugin))

    plugins = host(plugin("curious", berrypod_observe=observe))
    plugins.emit(STARTED)

    assert plugins.flush(ENOUGH)
    assert seen == [("shop.started", "curious")]


def test_without_contexts_there_is_nobody_to_tell_and_nothing_to_wait_for(host: Host) -> None:
    plugins = host(Ear().plugin(), declare=False)
    plugins.emit(STARTED)

    assert plugins.flush(ENOUGH)
    assert plugins.close(ENOUGH)
