"""Asking plugins what they declare: all or nothing of each plugin, and nothing that another has declared already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
        self.plugin = record.name
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

    def rank(self, hook: str) -> int:
        """Whether this plugin's answer comes before others' where two want one name."""
        return min((one.rank for one in self._host.registration.of(self.plugin, hook)), default=0)

    def _each(self, hook: str, consume: Callable[[Any], list[T]]) -> list[T]:
        found: list[T] = []
        for implementation in self._host.registration.of(self.plugin, hook):
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
    asked: list[_Asking] = []
    for record in host.records.active():
        try:
            asked.append(_Asking(host, record, contexts[record.name]))
        except _Declined as declined:
            host.records.quarantine(record, declined.hook, declined.failed)

    def named(hook: str, kind: str, of: Callable[[_Asking], list[NamedT]]) -> list[Declared[NamedT]]:
        return _one_of_each_name(host, kind, [(one.plugin, one.rank(hook), of(one)) for one in asked])

    return Declarations(
        stats_providers=named("berrypod_stats_providers", "stats provider", lambda one: one.stats_providers),
        backup_exporters=named("berrypod_backup_exporters", "backup exporter", lambda one: one.backup_exporters),
        archive_sources=named("berrypod_archive_sources", "archive source", lambda one: one.archive_sources),
        restore_rehearsals=named(
            "berrypod_restore_rehearsals", "restore rehearsal", lambda one: one.restore_rehearsals
        ),
        health_parts=named("berrypod_health_parts", "health part", lambda one: one.health_parts),
        notifiers=named("berrypod_notifiers", "notifier", lambda one: one.notifiers),
        restore_guards=[
            Declared(plugin=one.plugin, declaration=guard) for one in asked for guard in one.restore_guards
        ],
        doctor_checks=named("berrypod_doctor_checks", "doctor check", lambda one: one.doctor_checks),
        admin_panels=named("berrypod_admin_panels", "admin panel", lambda one: one.admin_panels),
        route_handlers=[
            Declared(plugin=one.plugin, declaration=one.route_handlers) for one in asked if one.route_handlers
        ],
        lifespans=[Declared(plugin=one.plugin, declaration=each) for one in asked for each in one.lifespans],
    )


def _one_of_each_name(host: Host, kind: str, asked: Sequence[tuple[str, int, list[NamedT]]]) -> list[Declared[NamedT]]:
    """What `asked` declared, in its order. Of two that want one name, whoever was asked first has it: the plugins that
    come with Berrypod say so of themselves, or one that sorts before them would take the shop's archive from it.

    What is left out costs itself and no more: the plugin's other parts go on.
    """
    owners: dict[str, str] = {}
    kept: dict[str, list[Declared[NamedT]]] = {plugin: [] for plugin, _, _ in asked}
    for plugin, _, found in sorted(asked, key=lambda one: one[1]):
        for declaration in found:
            owner = owners.get(declaration.name)
            if owner is None:
                owners[declaration.name] = plugin
                kept[plugin].append(Declared(plugin=plugin, declaration=declaration))
            else:
                host.records.fail(plugin, f"{kind} {declaration.name}", _taken(plugin, kind, declaration.name, owner))
    return [declared for plugin, _, _ in asked for declared in kept[plugin]]


def _taken(plugin: str, kind: str, name: str, owner: str) -> Failed:
    article = "an" if kind[0] in "aeiou" else "a"
    hint = (
        "Choose another name." if name.startswith(plugin) else f"Begin the name with the plugin's own: {plugin}-{name}."
    )
    return Failed(error=f"left out: the plugin {owner} has declared {article} {kind} of this name already", hint=hint)
