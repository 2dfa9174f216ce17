"""Which kept backups need the key of before: a change of the key leaves them as they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from berrypod.declarations import BackupExporter, Declared
from berrypod.isolation import Failed
from berrypod.plugins import Plugins

# A look at a bucket takes a second; one at a bucket that does not answer, for ever.
LOOK_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class BackupsUnder:
    """`count` are those that were found, in all archives. `unseen` are the titles of archives that did not answer."""

    count: int
    unseen: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """A sentence, after one that names the key."""
        counted = {0: "No kept backup needs it", 1: "1 kept backup needs it"}
        words = counted.get(self.count, f"{self.count} kept backups need it")
        return f"{words} ({', '.join(self.unseen)} could not be looked at)." if self.unseen else f"{words}."


async def backups_under(plugins: Plugins, fingerprint: str, *, seconds: float = LOOK_SECONDS) -> BackupsUnder:
    """Count the kept backups that open with the passphrase of this fingerprint.

    :param seconds: for each archive; all are looked at together.
    """
    archives = [one for one in plugins.backup_exporters if one.declaration.archive is not None]
    counts = await asyncio.gather(*(_count(plugins, one, fingerprint, seconds) for one in archives))
    unseen = [one.declaration.title for one, count in zip(archives, counts, strict=True) if count is None]
    return BackupsUnder(count=sum(filter(None, counts)), unseen=tuple(unseen))


async def _count(plugins: Plugins, exporter: Declared[BackupExporter], fingerprint: str, seconds: float) -> int | None:
    """None if it cannot be looked. Nobody has put anything where no place is set up."""
    archive = exporter.declaration.archive
    assert archive is not None, "asked for those that have one alone"
    set_up = await plugins.is_set_up(exporter)
    if not isinstance(set_up, Failed) and not set_up.value:
        return 0
    found = await plugins.call(
        exporter.plugin, archive.entries, timeout_seconds=seconds, what=f"archive of {exporter.declaration.name}"
    )
    if isinstance(found, Failed):
        return None
    return sum(entry.manifest is not None and entry.manifest.key_fingerprint == fingerprint for entry in found.value)
