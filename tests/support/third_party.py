"""A plugin of a third party: exporters, a say in what is restored, and ears for what happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from berrypod.declarations import BackupExporter, RestoreGuard, RestoreRehearsal
from berrypod.events import Event
from berrypod.hookspecs import hookimpl


@dataclass
class ThirdParty:
    """Whatever of it a test wants."""

    guards: Sequence[RestoreGuard] = ()
    exporters: Sequence[BackupExporter] = ()
    rehearsals: Sequence[RestoreRehearsal] = ()
    events: list[Event] = field(default_factory=list)

    @hookimpl
    def berrypod_restore_guards(self) -> Sequence[RestoreGuard]:
        return self.guards

    @hookimpl
    def berrypod_backup_exporters(self) -> Sequence[BackupExporter]:
        return self.exporters

    @hookimpl
    def berrypod_restore_rehearsals(self) -> Sequence[RestoreRehearsal]:
        return self.rehearsals

    @hookimpl
    def berrypod_observe(self, event: Event) -> None:
        self.events.append(event)
