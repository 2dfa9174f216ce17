"""The archives of all exporters that have one: each asked alone, through the isolation of its plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from berrypod.archive.archive import Archive
from berrypod.archive.entries import Entry
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Declared
from berrypod.errors import BerrypodError
from berrypod.kept import ExporterFailed
from berrypod.plugins import Failed
from berrypod.records import Trouble
from berrypod_backup.faults import BackupUnknown

T = TypeVar("T")

log = logging.getLogger("berrypod.backup")

LIST_SECONDS: Final = 5.0

# Elsewhere, thousands of chunks may have to go.
SWEEP_SECONDS: Final = 600.0


@dataclass(frozen=True, kw_only=True)
class ArchiveListing:
    """What lies in one archive, the newest first; or why that cannot be said.

    One that is not `set_up` knows no place yet: nothing lies there, and that is nobody's failure.
    """

    exporter: str
    title: str
    location: str
    off_site: bool
    entries: Sequence[Entry]
    error: Trouble | None = None
    set_up: bool = True


class Archives:
    """See the module. Which exporters there are is asked at each use: a plugin may be quarantined meanwhile."""

    def __init__(self, context: PluginContext) -> None:
        self.context = context

    @property
    def all(self) -> list[Declared[BackupExporter]]:
        """The exporters that have an archive, the backup plugin's own first."""
        found = [one for one in self.context.plugins.backup_exporters if one.declaration.archive is not None]
        return sorted(found, key=lambda one: one.plugin != self.context.plugin)

    def declared(self, exporter: str) -> Declared[BackupExporter]:
        """:raises BackupUnknown: there is no such exporter, or it has no archive."""
        for one in self.all:
            if one.declaration.name == exporter:
                return one
        names = ", ".join(one.declaration.name for one in self.all)
        raise BackupUnknown(f"There is no archive {exporter[:64]!r}", hint=f"There are: {names or 'none'}.")

    def named(self, exporter: str) -> Archive:
        """:raises BackupUnknown: as `declared`."""
        return archive_of(self.declared(exporter))

    async def call(
        self, exporter: Declared[BackupExporter], function: Callable[[Archive], Awaitable[T]], *, seconds: float
    ) -> T:
        """Do something with an archive. Its own errors pass; one of the plugin's own making is `ExporterFailed`.

        :param seconds: after which it is given up.
        :raises ExporterFailed: the plugin is in quarantine, was late, or raised what it should not.
        """
        archive, told = archive_of(exporter), list[BerrypodError]()

        async def work() -> T | None:
            try:
                return await function(archive)
            except BerrypodError as error:  # with its class and its hint, which the isolation would make words of
                told.append(error)
                return None

        title = exporter.declaration.title
        outcome = await self.context.plugins.call(
            exporter.plugin, work, timeout_seconds=seconds, what=f"archive of {exporter.declaration.name}"
        )
        if isinstance(outcome, Failed):
            raise ExporterFailed(f"{title}: {outcome.error}", hint=outcome.hint)
        if told:
            raise told[0]
        return outcome.value  # pyright: ignore[reportReturnType] - None only with an error

    async def sweep(self, exporters: Sequence[str] | None = None, *, wait_seconds: float = 0) -> None:
        """Remove from these archives, or all, what dead processes have left there. One that fails stops no other.

        :param wait_seconds: as of `Archive.sweep`.
        """
        wanted = [one for one in self.all if exporters is None or one.declaration.name in exporters]
        await asyncio.gather(*(self._sweep(one, wait_seconds) for one in wanted))

    async def _sweep(self, exporter: Declared[BackupExporter], wait_seconds: float) -> None:
        if not await self.is_set_up(exporter):
            return
        try:
            await self.call(exporter, lambda archive: archive.sweep(wait_seconds=wait_seconds), seconds=SWEEP_SECONDS)
        except BerrypodError as error:  # whoever lists it is told the same
            log.info("leftovers in the archive %s stay: %s", exporter.declaration.name, error.message)

    async def listings(self) -> list[ArchiveListing]:
        """What lies in all archives. One that fails or takes long is listed with its error."""
        return list(await asyncio.gather(*(self.listing(one) for one in self.all)))

    async def is_set_up(self, exporter: Declared[BackupExporter]) -> bool:
        """Whether it knows where to put a backup. One that cannot say counts as set up: what it does tells why."""
        outcome = await self.context.plugins.is_set_up(exporter)
        return isinstance(outcome, Failed) or outcome.value

    async def listing(self, exporter: Declared[BackupExporter]) -> ArchiveListing:
        declaration = exporter.declaration
        entries: Sequence[Entry] = ()
        trouble = None
        set_up = await self.is_set_up(exporter)
        try:
            if set_up:
                entries = await self.call(exporter, lambda archive: archive.entries(), seconds=LIST_SECONDS)
        except BerrypodError as error:
            trouble = Trouble.of(error)
        return ArchiveListing(
            exporter=declaration.name,
            title=declaration.title,
            location=archive_of(exporter).location,
            off_site=declaration.off_site,
            entries=entries,
            error=trouble,
            set_up=set_up,
        )


def set_up_at(context: PluginContext, plugin: str) -> str:
    """The address of what sets up an exporter of this plugin: its first panel, or else where plugins are listed."""
    for panel in context.plugins.admin_panels:
        if panel.plugin == plugin:
            return f"/admin/{panel.declaration.page}#panel-{panel.declaration.name}"
    return "/admin/plugins"


def archive_of(exporter: Declared[BackupExporter]) -> Archive:
    archive = exporter.declaration.archive
    assert archive is not None, "asked for exporters that have an archive alone"
    return archive
