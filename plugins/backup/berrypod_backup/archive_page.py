"""The page of one archive: all that it keeps, however much that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archived import ArchivedBackup, ArchiveInfo
from berrypod_backup.kept_panel import made_by, state_of
from berrypod_backup.panel import PAGE

# A backup has four forms: 200 on one page were a megabyte, and a second of the browser.
_ON_A_PAGE: Final = 25


@dataclass(frozen=True, kw_only=True)
class View:
    """All that the template shows: page `number`, from 1, of the backups. `done`: what a form has just done here."""

    token: str
    archive: ArchiveInfo
    number: int
    restores: bool
    done: str
    page: str = PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.archive.backups) // _ON_A_PAGE))

    @property
    def shown(self) -> Sequence[ArchivedBackup]:
        return self.archive.backups[(self.number - 1) * _ON_A_PAGE : self.number * _ON_A_PAGE]


class ArchivePage:
    def __init__(self, context: PluginContext, kept_backups: KeptBackups) -> None:
        self._context = context
        self._kept_backups = kept_backups

    async def view(self, token: str, exporter: str, number: int, done: str = "") -> View:
        """One beyond the last page is the last: backups go.

        :raises BackupUnknown: there is no such archive.
        """
        archive = await self._kept_backups.archive(exporter)
        restores = self._context.plugins.is_active("restore")
        view = View(token=token, archive=archive, number=number, restores=restores, done=done)
        return replace(view, number=min(number, view.pages))

    def html(self, view: View) -> str:
        return self._environment.get_template("backup/archive.html").render(
            view=view, made_by=made_by, state_of=state_of
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_backup")
