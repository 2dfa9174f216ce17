"""The part of /admin/backup that lists what is kept: in archives, and by exporters that keep whole copies only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, PanelRequest
from berrypod.kept import Kept, KeptListing
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archived import ArchivedBackup, ArchiveInfo
from berrypod_backup.archives import set_up_at
from berrypod_backup.drill.service import Drill
from berrypod_backup.drill.wire import DrillInfo, told
from berrypod_backup.panel import PAGE, script_address

KEPT_CONTENTS_PATH: Final = f"{PAGE}/kept-contents"

_SHOWN_AT_FIRST: Final = 5
_TIMEOUT_SECONDS: Final = 8.0


@dataclass(frozen=True, kw_only=True)
class KeptView:
    """All that the template shows. `restores`: whether there is a page on which one can be brought back.

    `set_up_at` maps each exporter to where it is set up.

    `active` are drills and checks that are under way; `ended` is the one of the id `drill`, once it has. `done`: what a
    form has just done here.
    """

    token: str
    archives: Sequence[ArchiveInfo]
    others: Sequence[KeptListing]
    restores: bool
    drill: str
    active: Sequence[DrillInfo]
    ended: DrillInfo | None
    set_up_at: Mapping[str, str]
    done: str = ""
    page: str = PAGE
    shown_at_first: int = _SHOWN_AT_FIRST

    def backup_of(self, drill: DrillInfo) -> tuple[ArchiveInfo, ArchivedBackup] | None:
        """The backup that a drill is of, with its archive; None if it is in none that can be looked at."""
        found = ((archive, backup) for archive in self.archives for backup in archive.backups)
        return next((one for one in found if (one[0].exporter, one[1].id) == (drill.exporter, drill.copy_id)), None)


class KeptPanel:
    def __init__(self, context: PluginContext, kept_backups: KeptBackups, kept: Kept, drill: Drill) -> None:
        self._context = context
        self._kept_backups = kept_backups
        self._kept = kept
        self._drill = drill

    def declaration(self) -> AdminPanel:
        return AdminPanel(
            name="backup-kept",
            title="Kept backups",
            page="backup",
            order=6,
            render=self.render,
            timeout_seconds=_TIMEOUT_SECONDS,
        )

    async def render(self, request: PanelRequest) -> str:
        """The whole panel, with the script that renews it."""
        drill, done = (request.query.get(name, "") for name in ("drill", "done"))
        return await self._rendered("backup/kept.html", request.csrf_token, drill, done)

    async def contents(self, csrf_token: str, drill: str) -> str:
        """What the script puts in place of the old."""
        return await self._rendered("backup/kept_contents.html", csrf_token, drill)

    async def _rendered(self, template: str, token: str, drill: str, done: str = "") -> str:
        archives = await self._kept_backups.archives()
        drills = await self._drill.all()
        view = KeptView(
            token=token,
            archives=archives,
            others=await self._kept.listings(without={archive.exporter for archive in archives}),
            restores=self._context.plugins.is_active("restore"),
            drill=drill,
            done=done,
            active=[told(one, await self._drill.progress(one)) for one in drills if one.active],
            set_up_at={
                one.declaration.name: set_up_at(self._context, one.plugin)
                for one in self._context.plugins.backup_exporters
            },
            ended=next((told(one, 1.0) for one in drills if one.id == drill and not one.active), None),
        )
        return self.html(view, template)

    def html(self, view: KeptView, template: str = "backup/kept_contents.html") -> str:
        """The contents, or the whole panel."""
        return self._environment.get_template(template).render(
            view=view,
            made_by=made_by,
            state_of=state_of,
            bad_ones=bad_ones,
            contents_path=KEPT_CONTENTS_PATH,
            script=script_address(),
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_backup")


def made_by(backup: ArchivedBackup) -> str:
    """Who made it, in words."""
    if backup.origin == "schedule":
        return "by schedule"
    if backup.origin == "before_restore":
        return "before a restore"
    if backup.made_by is None:
        return "by hand"
    kind, _, name = backup.made_by.partition(":")
    return {"admin": f"by {name}", "token": f"by the token {name}"}.get(kind, "on the command line")


def state_of(backup: ArchivedBackup) -> tuple[str, str]:
    """What is known of it in a word or two, and the kind of badge: good, warn or bad."""
    if backup.problem is not None:
        return "damaged", "bad"
    if backup.proof is not None and backup.proof.problem is not None:
        return "damaged" if backup.proof.of_check else "drill failed", "bad"
    if backup.proven:
        return "proven", "good"
    return ("checked", "") if backup.verified_at else ("not checked", "warn")


def bad_ones(backups: Sequence[ArchivedBackup]) -> int:
    """How many of them nobody should rely on."""
    return sum(state_of(backup)[1] == "bad" for backup in backups)
