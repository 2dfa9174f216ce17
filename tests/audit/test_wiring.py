"""Every event passes the audit log on its way to the observers, from the first moment of a process to the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from berrypod.audit import AuditLog
from berrypod.events import Event, PluginQuarantined, RestoreStarted
from berrypod.hookspecs import hookimpl
from berrypod.parts import Parts, create_parts
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from tests.plugins.conftest import Host

STARTED = RestoreStarted(restore_id="r1", actor="cli")


class Observer:
    """A plugin that hears of everything."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    @hookimpl
    def berrypod_observe(self, event: Event) -> None:
        self.heard.append(event)


class Broken:
    """A plugin that is quarantined when it declares."""

    @hookimpl
    def berrypod_stats_providers(self, context: Any) -> None:
        raise ValueError(f"no figures for {context.plugin}")


def parts_of(settings: Settings, *plugins: object) -> Parts:
    sources = [PluginSource.of(plugin, type(plugin).__name__.lower()) for plugin in plugins]
    return create_parts(settings, Plugins.discover(settings, sources, installed=False))


def events_of(settings: Settings) -> list[str]:
    return [entry.event for entry in AuditLog(Path(settings.database_path).resolve()).read().entries]


async def test_what_a_plugin_records_is_on_the_disk_and_told_to_observers(settings: Settings) -> None:
    observer = Observer()
    parts = parts_of(settings, observer)
    assert await parts.context("observer").record(STARTED)

    assert events_of(settings) == ["restore.started"]
    assert parts.plugins.flush()
    assert observer.heard == [STARTED]
    parts.plugins.close()


async def test_that_it_cannot_be_written_stops_nothing(settings: Settings) -> None:
    parts = parts_of(settings)
    parts.audit.path.mkdir()

    assert not await parts.context("any").record(STARTED)
    assert parts.audit.trouble


def test_what_happens_before_there_is_an_app_is_written_too(settings: Settings) -> None:
    parts = parts_of(settings, Broken())
    assert parts.audit.flush()

    assert events_of(settings) == [PluginQuarantined.name]
    parts.plugins.close()


async def test_what_happens_last_is_written_before_a_server_ends(settings: Settings) -> None:
    parts = parts_of(settings)
    async with parts.opened():
        for number in range(20):
            parts.context("any").emit(RestoreStarted(restore_id=str(number)))

    assert len(events_of(settings)) == 20


async def test_without_a_log_events_are_told_all_the_same(host: Host) -> None:
    """As in the tests of a plugin."""
    observer = Observer()
    plugins = host(PluginSource.of(observer, "observer"))
    heard: list[Event] = []
    plugins.also_tell(heard.append)
    plugins.emit(STARTED)

    assert heard == [STARTED]
    assert plugins.flush()
    assert observer.heard == [STARTED]


async def test_what_is_no_event_is_refused(settings: Settings) -> None:
    nonsense: Any = "restore.started"
    with pytest.raises(TypeError, match="not an Event"):
        await parts_of(settings).context("any").record(nonsense)
    assert events_of(settings) == []
