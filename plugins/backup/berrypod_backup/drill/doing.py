"""What `berrypod backup drill` does. Imported when it is called."""

from __future__ import annotations

import asyncio
from typing import Final

import click
import msgspec

from berrypod.archive.manifest import Proof
from berrypod.commands.common import opened_context
from berrypod.commands.progress import progress_bar
from berrypod.errors import Conflict
from berrypod_backup.archives import Archives
from berrypod_backup.drill.service import Drill, DrillPace
from berrypod_backup.faults import BackupUnknown

_ACTOR: Final = "cli"
_LOOK_SECONDS: Final = 0.2


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one drill."""

    exporter: str
    backup_id: str
    proven: bool
    proof: Proof


async def drill(backup_id: str | None, exporter: str | None) -> list[Outcome]:
    """Drill one backup, or the newest of each archive, one after the other.

    :raises BackupUnknown: there is nothing to be drilled, or not what was named.
    :raises Conflict: several archives have a backup of this id, and none is named.
    """
    async with opened_context("backup") as context:
        drills = Drill(context, Archives(context), DrillPace(look_seconds=_LOOK_SECONDS))
        await drills.sweep()
        outcomes: list[Outcome] = []
        for name, copy_id in await _wanted(drills, backup_id, exporter):
            proof = await _followed(drills, name, copy_id)
            outcomes.append(Outcome(exporter=name, backup_id=copy_id, proven=proof.problem is None, proof=proof))
        return outcomes


async def _wanted(drills: Drill, backup_id: str | None, exporter: str | None) -> list[tuple[str, str]]:
    if backup_id is not None:
        return [(exporter or await _archive_of(drills, backup_id), backup_id)]
    found = [(name, newest) for name, newest in await drills.copies.newest() if exporter in (None, name)]
    if not found:
        raise BackupUnknown(
            f"No backup is kept by {exporter}" if exporter else "No archive has a backup",
            hint="`berrypod backup list` shows what there is.",
        )
    return found


async def _archive_of(drills: Drill, backup_id: str) -> str:
    names = await drills.copies.having(backup_id)
    if not names:
        raise BackupUnknown(
            f"No archive has a backup {backup_id[:40]!r}",
            hint="`berrypod backup list` shows what there is. A copy of another exporter needs its name: --exporter.",
        )
    if len(names) > 1:
        raise Conflict(
            f"Several archives have the backup {backup_id}", hint=f"Say which: --exporter {' or '.join(names)}."
        )
    return names[0]


async def _followed(drills: Drill, exporter: str, copy_id: str) -> Proof:
    with progress_bar(f"Drill of {copy_id} in {exporter} ...") as tell:
        running = asyncio.create_task(drills.run(exporter, copy_id, _ACTOR))
        try:
            while not (await asyncio.wait({running}, timeout=_LOOK_SECONDS))[0]:
                for record in await drills.all():
                    if (record.exporter, record.copy_id, record.active) == (exporter, copy_id, True):
                        tell(await drills.progress(record))
            return running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def show(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        proof = outcome.proof
        if outcome.proven:
            click.echo(f"{outcome.backup_id} ({outcome.exporter}): proven, in {proof.seconds:.1f} s. {proof.how}")
        else:
            click.echo(f"{outcome.backup_id} ({outcome.exporter}): NOT proven. {proof.how}", err=True)
            click.echo(f"{proof.problem} {proof.hint}", err=True)
