"""What killed processes have left goes whenever something starts: the server, or a command that changes backups."""

from __future__ import annotations

from collections.abc import Sequence

from berrypod.context import PluginContext
from berrypod_backup.archives import Archives
from berrypod_backup.drill.service import Drill
from berrypod_backup.service import Backups


async def sweep_leftovers(context: PluginContext, exporters: Sequence[str]) -> None:
    """Remove them: files of backups and drills, and what lies in the archives of these exporters.

    Of these alone: a storage that a command has no business with may take a minute to say that it cannot be reached.
    """
    archives = Archives(context)
    await Backups(context).sweep()
    await Drill(context, archives).sweep()
    await archives.sweep(exporters)
