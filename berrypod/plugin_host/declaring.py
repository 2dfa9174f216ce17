"""Asking plugins what they declare: all or nothing of each plugin, and nothing that another has declared already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

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
    StatsProvider,
)
from berrypod.errors import PluginError
from berrypod.isolation import Failed
from berrypod.plugin_host import answers
from berrypod.plugin_host.host import Host
from berrypod.plugin_host.lifespans import Lifespan
from berrypod.plugin_host.records import Record

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext

T = TypeVar("T")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=_Named)


@dataclass
class Declarations:
    """What all plugins declared."""

    stats_providers: list[Declared[StatsProvider]] = field(default_factory=list[Declared[StatsProvider]])
    backup_exporters: list[Declared[BackupExporter]] = field(default_factory=list[Declared[BackupExporter]])
    archive_sources: list[Declared[ArchiveSource]] = field(default_factory=list[Declared[ArchiveSource]])
    restore_rehearsals: list[Declared[RestoreRehearsal]] = field(default_factory=list[Declared[RestoreRehearsal]])
    health_parts: list[Declared[HealthPart]] = field(default_factory=list[Declared[HealthPart]])
    notifiers: list[Declared[Notifier]] = field(default_factory=list[Declared[Notifier]])
    restore_guards: list[Declared[RestoreGuard]] = field(default_factory=list[Declared[RestoreGuard]])
    doctor_checks: list[Declared[DoctorCheck]] = field(default_factory=list[Declared[DoctorCheck]])
    admin_panels: list[Declared[AdminPanel]] = field(default_factory=list[Declared[AdminPanel]])
    route_handlers: list[Declared[list[ControllerRouterHandler]]] = field(
        default_factory=list["Declared[list[ControllerRouterHandler]]"]
    )
    lifespans: list[Declared[Lifespan]] = field(default_factory=list[Declared[Lifespan]])


class _Declined(Exception):
    def __init__(self, hook: str, failed: Failed) -> None:
        self.hook = hook
        self.failed = failed


class _Asking:
    """One plugin, asked."""

    def __init__(self, host: Host, record: Record, context: PluginContext) -> None:
        self._host = host
        self._plugin = record.name
        self._context = context
        most = host.limits.answers
        self.stats_providers = self._each("berrypod_stats_providers", _of(StatsProvider, most))
        self.backup_exporters = self._each("berrypod_backup_exporters", _of(BackupExporter, most))
        self.archive_sources = self._each("berrypod_archive_sources", _of(ArchiveSource, most))
        self.restore_rehearsals = self._each("berrypod_restore_rehearsals", _of(RestoreRehearsal, most))
        self.health_parts = self._each("berrypod_health_parts", _of(HealthPart, most))
        self.notifiers = self._each("berrypod_notifiers", _of(Notifier, most))
        self.restore_guards = self._each("berrypod_restore_guards", lambda answer: _restore_guards(answer, most))
        self.doctor_checks = self._each("berrypod_doctor_checks", _of(DoctorCheck, most))
        self.admin_panels = self._each("berrypod_admin_panels", _of(AdminPanel, most))
        self.route_handlers = self._each("berrypod_route_handlers", lambda answer: _route_handlers(answer, most))
        self.lifespans = self._each(
            "berrypod_lifespan", lambda answer: [found] if (found := answers.lifespan(answer)) else []
        )

    def _each(self, hook: str, consume: Callable[[Any], list[T]]) -> list[T]:
        found: list[T] = []
        for implementation in self._host.registration.of(self._plugin, hook):
            outcome = self._host.ask(implementation, consume, context=self._context)
            if isinstance(outcome, Failed):
                raise _Declined(hook, outcome)
            found += outcome.value
        return found


def _of(kind: type[T], most: int) -> Callable[[Any], list[T]]:
    return lambda answer: answers.declarations(answer, kind, most)


def _restore_guards(answer: object, most: int) -> list[RestoreGuard]:
    """Two plugins' guards may have the same name, two of one plugin's may not.

    A guard that was left out would be one that nobody asks: there is no such thing as half of a guarded shop.
    """
    found = answers.declarations(answer, RestoreGuard, most)
    names = [guard.name for guard in found]
    for name in names:
        if names.count(name) > 1:
            raise PluginError(f"it returned two guards of the name {name!r}", hint="Give each guard its own name.")
    return found


def _route_handlers(answer: object, most: int) -> list[ControllerRouterHandler]:
    from berrypod.plugin_host.routes import handlers  # noqa: PLC0415 - slow to import: Litestar

    return handlers(answer, most)


def ask_all(host: Host, contexts: Mapping[str, PluginContext]) -> Declarations:
    """Ask every active plugin. One that fails in any of the hooks is quarantined, and nothing of it is kept."""
    all_found = Declarations()
    for record in host.records.active():
        try:
            found = _Asking(host, record, contexts[record.name])
        except _Declined as declined:
            host.records.quarantine(record, declined.hook, declined.failed)
            continue
        _add(host, record.name, "stats provider", all_found.stats_providers, found.stats_providers)
        _add(host, record.name, "backup exporter", all_found.backup_exporters, found.backup_exporters)
        _add(host, record.name, "archive source", all_found.archive_sources, found.archive_sources)
        _add(host, record.name, "restore rehearsal", all_found.restore_rehearsals, found.restore_rehearsals)
        _add(host, record.name, "health part", all_found.health_parts, found.health_parts)
        _add(host, record.name, "notifier", all_found.notifiers, found.notifiers)
        all_found.restore_guards += [Declared(plugin=record.name, declaration=one) for one in found.restore_guards]
        _add(host, record.name, "doctor check", all_found.doctor_checks, found.doctor_checks)
        _add(host, record.name, "admin panel", all_found.admin_panels, found.admin_panels)
        if found.route_handlers:
            all_found.route_handlers.append(Declared(plugin=record.name, declaration=found.route_handlers))
        all_found.lifespans += [Declared(plugin=record.name, declaration=one) for one in found.lifespans]
    return all_found


def _add(host: Host, plugin: str, kind: str, kept: list[Declared[NamedT]], found: Iterable[NamedT]) -> None:
    """Keep what has a new name. What has not costs itself and no more: the plugin's other parts go on."""
    for declaration in found:
        twin = next((one for one in kept if one.declaration.name == declaration.name), None)
        if twin is None:
            kept.append(Declared(plugin=plugin, declaration=declaration))
            continue
        failed = Failed(
            error=f"left out: the plugin {twin.plugin} has declared a {kind} of this name already",
            hint=f"Begin the name with the plugin's own: {plugin}-{declaration.name}.",
        )
        host.records.fail(plugin, f"{kind} {declaration.name}", failed)
