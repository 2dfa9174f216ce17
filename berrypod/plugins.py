"""The plugins of one app: found, checked, asked one at a time, and told of events.

    plugins = Plugins.discover(settings)            imports, registers, reads berrypod_settings
    key = plugins.database_key()                    berrypod_key_source, or the environment
    plugins.declare(make_context)                   everything that plugins declare
    app = plugins.build_with_routes(build)          berrypod_route_handlers
    async with plugins.lifespans(): ...             berrypod_lifespan
    plugins.emit(event)                             berrypod_observe
    plugins.close()

A plugin that fails up to here is quarantined: it is called no more, and `report()` says why. Later failures cost
the call that failed. pluggy isolates nothing (one exception ends the call for all), so no hook is ever called
through it: each implementation is called alone, by `isolation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import click

from berrypod.declarations import (
    AdminPanel,
    ArchiveSource,
    BackupExporter,
    Declared,
    DoctorCheck,
    HealthPart,
    Notifier,
    RestoreGuard,
    RestoreRehearsal,
    SettingDeclaration,
    StatsProvider,
)
from berrypod.errors import PluginError
from berrypod.events import Event, PluginQuarantined
from berrypod.health import Health
from berrypod.isolation import Failed, Ok, Outcome
from berrypod.plugin_host import answers, commands, lifespans
from berrypod.plugin_host.calls import Calls
from berrypod.plugin_host.declaring import Declarations, ask_all
from berrypod.plugin_host.discovery import KILL_SWITCH, admit_all
from berrypod.plugin_host.host import Host
from berrypod.plugin_host.limits import DEFAULT_LIMITS, Limits
from berrypod.plugin_host.observers import Observers
from berrypod.plugin_host.plugin_settings import PluginSettings
from berrypod.plugin_host.records import Record
from berrypod.plugin_host.sources import PluginSource, installed_sources
from berrypod.plugin_report import PluginReport, PluginState
from berrypod.settings import Secret, Settings

if TYPE_CHECKING:
    from litestar import Router

    from berrypod.archive.archive import Archive
    from berrypod.context import PluginContext

__all__ = ["Failed", "Limits", "Ok", "Outcome", "PluginSource", "Plugins"]

T = TypeVar("T")

_CLOSE_SECONDS = 5.0


class Plugins(Calls):
    """See the module. One per app, none global; all methods may be called from any thread."""

    def __init__(self, settings: Settings, sources: Iterable[PluginSource], limits: Limits = DEFAULT_LIMITS) -> None:
        """Import and register `sources`. Never while a module is being imported: plugins import in other threads.

        :raises SettingsError: two plugins declare the same setting.
        """
        # Until plugins have their contexts nobody can be told of anything, and what happens meanwhile is kept.
        self._early: list[Event] = []
        self._observers: Observers | None = None
        self._listeners: list[Callable[[Event], None]] = []
        super().__init__(Host(settings, limits, self._tell_of_quarantine))
        admit_all(self._host, sources)
        self._settings = PluginSettings(self._host)
        self._declarations = Declarations()
        self.health = Health(self)

    @classmethod
    def discover(
        cls,
        settings: Settings,
        extra: Iterable[PluginSource] = (),
        *,
        installed: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Plugins:
        """The plugins that are installed in this environment, and `extra` ones after them.

        :raises SettingsError: two plugins declare the same setting.
        """
        return cls(settings, [*(installed_sources() if installed else ()), *extra], limits)

    # --- at start ---

    def database_key(self) -> Secret | None:
        """The database key: the first answer of a plugin, else what the environment says.

        :raises PluginError: a plugin that should know the key failed. Without it, another shop might be opened.
        """
        for record in self._host.records:
            if record.state is PluginState.QUARANTINED and "berrypod_key_source" in record.hooks:
                raise _no_key(record.name, record.error or "it is quarantined")
        for implementation in self._host.registration.all("berrypod_key_source"):
            outcome = self._host.ask(
                implementation,
                answers.key,
                timeout_seconds=self._host.limits.key_seconds,
                settings=self._host.settings,
            )
            if isinstance(outcome, Failed):
                raise _no_key(implementation.plugin, self._host.records.told_safely(outcome.error))
            if outcome.value is not None:
                self._host.records.hide([outcome.value.reveal()])
                return outcome.value
        return self._host.settings.secret_key_db

    def declare(self, make_context: Callable[[str], PluginContext]) -> None:
        """Ask every plugin what it declares, and begin to tell observers of events. Once per app.

        `make_context` is called with each plugin's name.
        """
        contexts = {record.name: make_context(record.name) for record in self._host.records.active()}
        self._declarations = ask_all(self._host, contexts)
        early, self._observers = self._early, Observers(self._host, contexts)
        for event in early:
            self._observers.tell(event)

    def build_with_routes(self, build: Callable[[Sequence[Router]], T]) -> T:
        """Build an app with the routes of all plugins. `build` may be called several times, and has no side effects.

        A plugin whose routes make it fail is quarantined. An error that no plugin causes passes.
        """
        from berrypod.plugin_host import routes  # noqa: PLC0415 - slow to import: Litestar

        routers = {
            declared.plugin: partial(routes.router, declared.plugin, declared.declaration, self.is_active)
            for declared in self._active(self._declarations.route_handlers)
        }
        hook = "berrypod_route_handlers"
        return routes.build_with(routers, build, lambda plugin, failed: self._host.quarantine(plugin, hook, failed))

    def lifespans(self) -> AbstractAsyncContextManager[None]:
        """Enter the lifespans of all plugins; leave them in reverse order."""
        return lifespans.held(
            [(one.plugin, one.declaration) for one in self._active(self._declarations.lifespans)],
            self._host.isolation,
            self._host.limits,
            quarantine=self._host.quarantine,
            fail=self._host.records.fail,
        )

    def register_commands(self, cli: click.Group) -> None:
        """Add the commands of plugins to the command line. One that exists already is never replaced."""
        hook = "berrypod_register_commands"
        for implementation in self._host.registration.all(hook):
            found = commands.collect(implementation, cli, self._host.isolation, self._host.limits.hook_seconds)
            if isinstance(found, Failed):
                self._host.quarantine(implementation.plugin, hook, found)
            else:
                commands.add(cli, found, partial(self._refuse_command, implementation.plugin))

    # --- what was declared ---

    @property
    def settings(self) -> tuple[Declared[SettingDeclaration], ...]:
        return self._active(self._settings.declared)

    @property
    def stats_providers(self) -> tuple[Declared[StatsProvider], ...]:
        found = self._active(self._declarations.stats_providers)
        return tuple(sorted(found, key=lambda one: (one.declaration.order, one.declaration.name)))

    @property
    def backup_exporters(self) -> tuple[Declared[BackupExporter], ...]:
        return self._active(self._declarations.backup_exporters)

    @property
    def archive_sources(self) -> tuple[Declared[ArchiveSource], ...]:
        return self._active(self._declarations.archive_sources)

    @property
    def restore_rehearsals(self) -> tuple[Declared[RestoreRehearsal], ...]:
        return self._active(self._declarations.restore_rehearsals)

    @property
    def health_parts(self) -> tuple[Declared[HealthPart], ...]:
        found = self._active(self._declarations.health_parts)
        return tuple(sorted(found, key=lambda one: (one.declaration.order, one.declaration.name)))

    @property
    def notifiers(self) -> tuple[Declared[Notifier], ...]:
        return self._active(self._declarations.notifiers)

    @property
    def restore_guards(self) -> tuple[Declared[RestoreGuard], ...]:
        """Those of active plugins. A plugin in quarantine has none here: see `silent_guards`."""
        found = self._active(self._declarations.restore_guards)
        return tuple(sorted(found, key=lambda one: one.declaration.order))

    @property
    def silent_guards(self) -> tuple[PluginReport, ...]:
        """Plugins that guard restores and are in quarantine, so that nobody can ask their guards."""
        hook = "berrypod_restore_guards"
        return tuple(one for one in self.report() if one.state is PluginState.QUARANTINED and hook in one.hooks)

    @property
    def doctor_checks(self) -> tuple[Declared[DoctorCheck], ...]:
        found = self._active(self._declarations.doctor_checks)
        return tuple(sorted(found, key=lambda one: (one.declaration.order, one.declaration.name)))

    @property
    def admin_panels(self) -> tuple[Declared[AdminPanel], ...]:
        found = self._active(self._declarations.admin_panels)
        return tuple(sorted(found, key=lambda one: (one.declaration.order, one.declaration.name)))

    def setting(self, plugin: str, name: str) -> str | None:
        """The value of a setting that the plugin declared, or its default.

        :raises PluginError: the plugin did not declare it.
        """
        return self._settings.value(plugin, name)

    # --- while the shop runs ---

    def also_tell(self, listener: Callable[[Event], None]) -> None:
        """Have a part of the core hear of every event, of those since the start too. Call it before `declare`.

        It is called by whoever emits the event: it must return at once, and not raise.
        """
        self._listeners.append(listener)
        for event in self._early:
            listener(event)

    def emit(self, event: Event) -> None:
        """Tell the audit log, and every observing plugin in the background. Returns at once.

        :raises TypeError: `event` is no Event.
        """
        if not isinstance(event, Event):  # pyright: ignore[reportUnnecessaryIsInstance] - plugins call this
            raise TypeError(f"not an Event: {event!r}")
        for listener in self._listeners:
            listener(event)
        if self._observers is None:
            self._early.append(event)
        else:
            self._observers.tell(event)

    def is_active(self, plugin: str) -> bool:
        return self._host.records.is_active(plugin)

    def report(self) -> tuple[PluginReport, ...]:
        """Every plugin that was found, in the order of discovery, with its state and its errors."""
        return tuple(record.report() for record in self._host.records)

    def flush(self, timeout_seconds: float = _CLOSE_SECONDS) -> bool:
        """Wait until observers have heard what was emitted so far. True if they have. Blocks: not on the loop."""
        return self._observers is None or self._observers.flush(timeout_seconds)

    def close(self, timeout_seconds: float = _CLOSE_SECONDS) -> bool:
        """As `flush`, and then tell nobody anything any more."""
        return self._observers is None or self._observers.close(timeout_seconds)

    async def open_archive(self, address: str) -> Archive:
        """The archive at an address, by the plugin that knows that kind of place.

        :raises AddressUnknown: none does.
        :raises BerrypodError: what the plugin raises with words for people: the address makes no sense, say.
        :raises PluginError: it raised anything else, returned something else, or took too long.
        """
        from berrypod.plugin_host import opening  # noqa: PLC0415 - imports what works with archives

        return await opening.open_archive(self, self.archive_sources, address)

    # --- inside ---

    def _active(self, found: Iterable[Declared[T]]) -> tuple[Declared[T], ...]:
        return tuple(one for one in found if self.is_active(one.plugin))

    def _refuse_command(self, plugin: str, name: str) -> None:
        failed = Failed(error="left out: there is a command of this name already", hint="Choose another name.")
        self._host.records.fail(plugin, f"command {name}", failed)

    def _tell_of_quarantine(self, record: Record) -> None:
        self.emit(PluginQuarantined(plugin=record.name, error=record.error or ""))


def _no_key(plugin: str, error: str) -> PluginError:
    return PluginError(
        f"The plugin {plugin}, which gives the database key, failed: {error}",
        hint=f"Put it right and start again; or give the key in SECRET_KEY_DB and set {KILL_SWITCH}={plugin}.",
    )
