"""All that is tried with a file that was fetched back, cheapest first. What was done is told in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from berrypod import errors
from berrypod.archive.manifest import Manifest
from berrypod.archive.threads import apart
from berrypod.context import PluginContext
from berrypod.declarations import Declared, Rehearsed, RestoreRehearsal
from berrypod.errors import BerrypodError
from berrypod.plugins import Failed
from berrypod.records import Trouble
from berrypod.rendering import NotRendered, render
from berrypod.storage import schema
from berrypod.storage.verification import VerifiedFile, verify
from berrypod_backup.drill.faults import Unproven
from berrypod_backup.drill.records import State

# What says something of this machine and this moment, and nothing of the backup.
_OF_THE_MOMENT: Final = (
    errors.DiskFull,
    errors.FolderNotWritable,
    errors.DatabaseBusy,
    errors.DatabaseClosed,
    errors.DatabaseLocked,
    errors.UnderMaintenance,
)
_ROWS_TOLD: Final = 3

Tell = Callable[[State], Awaitable[None]]


class CountsDiffer(errors.DatabaseDamaged):
    code = "counts_differ"
    title = "The backup does not hold what its manifest says"
    default_hint = "Do not rely on it: it is another file than the one that was stored. Make a new backup."


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One file in a throw-away folder. `done` says what was checked so far, `warnings` what guards warned of."""

    context: PluginContext
    path: Path
    manifest: Manifest | None
    tell: Tell
    done: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        """:raises Unproven: something is not as it should be. The first thing that is."""
        try:
            await self.tell("checking")
            facts = await self._check()
            await self.tell("rehearsing")
            await self._rehearse(facts)
            await self.tell("rendering")
            await self._render()
        except BerrypodError as error:
            raise Unproven.because(error, conclusive=not isinstance(error, _OF_THE_MOMENT)) from error

    async def _check(self) -> VerifiedFile:
        """It opens with today's key, every page is whole, and it holds what its manifest says."""
        facts = await self._opened()
        how = "opened with today's key" if facts.encrypted else "opened (neither it nor the shop is encrypted)"
        self.done.append(f"{how} and read to its last page")
        if self.manifest is None:
            self.done.append("it has no manifest to hold its counts against")
        else:
            require_as_told(facts, self.manifest)
            self.done.append(f"the rows of its {len(facts.row_counts)} tables counted, as its manifest has them")
        return facts

    async def _opened(self) -> VerifiedFile:
        try:
            return await verify(self.path, self.context.database.settings.secret_key_db)
        except errors.WrongKey as error:
            raise errors.WrongKey(
                "Today's key does not open it: it was made under another key",
                hint="Keep the key that the shop had then for as long as this backup, or make a new backup now. A "
                "restore asks for that key.",
            ) from error
        except errors.KeyMissing as error:
            raise errors.KeyMissing("It is encrypted, and the shop has no key", hint=error.hint) from error
        except errors.KeyNotNeeded as error:
            raise errors.KeyNotNeeded(
                "It is not encrypted, and the shop is", hint="Anybody can read it: delete it, and make a new backup."
            ) from error

    async def _rehearse(self, facts: VerifiedFile) -> None:
        """Everything that a restore does before the swap, by whoever restores."""
        rehearsals = self.context.plugins.restore_rehearsals
        if not rehearsals:
            await self._migrate(facts)
            self.done.append("no plugin rehearsed a restore with it")
        for rehearsal in rehearsals:
            await self._rehearsed(rehearsal)

    async def _rehearsed(self, rehearsal: Declared[RestoreRehearsal]) -> None:
        outcome = await self.context.plugins.rehearse(rehearsal, self.path)
        title = rehearsal.declaration.title
        if isinstance(outcome, Failed):
            trouble = Trouble(
                code="rehearsal_failed",
                message=f"The rehearsal “{title}” of the plugin {rehearsal.plugin} failed: {outcome.error}",
                hint=outcome.hint or "It may say nothing of the backup. /admin/plugins has details of the error.",
            )
            raise Unproven(trouble, conclusive=False)
        self._note(title, outcome.value)
        if outcome.value.problem is not None:
            raise Unproven(
                Trouble(
                    code="restore_refused",
                    message=f"{title}: {outcome.value.problem}",
                    hint=outcome.value.hint or "Choose another backup to rely on, and make a new one.",
                ),
                conclusive=True,
            )

    def _note(self, title: str, rehearsed: Rehearsed) -> None:
        self.done.append(f"{title}: {', '.join(rehearsed.checked)}" if rehearsed.checked else title)
        self.warnings.extend(rehearsed.warnings)

    async def _migrate(self, facts: VerifiedFile) -> None:
        """Where no plugin restores: at least it must come to this version's schema."""
        schema.require_known(facts.schema_revision)
        if facts.schema_revision != schema.head():
            await apart(lambda _: schema.migrate(self.path, facts.key))
            self.done.append(f"migrated from schema {facts.schema_revision} to {schema.head()}")

    async def _render(self) -> None:
        try:
            pages = await render(self.path, self.context.database.settings.secret_key_db)
        except NotRendered as error:
            # Without a cause, it is the process that failed, and not the shop in it.
            raise Unproven.because(error, conclusive="cause" in error.details) from error
        self.done.append(f"{', '.join(pages)} rendered from it")

    @property
    def told(self) -> str:
        """What was done, in words."""
        warned = f" Warned of: {'; '.join(self.warnings)}" if self.warnings else ""
        return "; ".join(self.done) + "." + warned


def require_as_told(facts: VerifiedFile, manifest: Manifest) -> None:
    """:raises CountsDiffer: the file is not the one of which the manifest tells."""
    if facts.schema_revision != manifest.schema_revision:
        raise CountsDiffer(f"Its schema is {facts.schema_revision}; its manifest says {manifest.schema_revision}")
    if found := differing(facts.row_counts, manifest.row_counts):
        more = f", and {len(found) - _ROWS_TOLD} more" if len(found) > _ROWS_TOLD else ""
        raise CountsDiffer(f"It holds other rows than its manifest says: {'; '.join(found[:_ROWS_TOLD])}{more}")
    if facts.sha256 != manifest.sha256:
        raise CountsDiffer("Its bytes are others than its manifest says")


def differing(found: Mapping[str, int], told: Mapping[str, int]) -> list[str]:
    """Tables with other numbers of rows than was told, in words."""
    names = sorted({*found, *told})
    return [
        f"{name} {found.get(name, 0):,} in the place of {told.get(name, 0):,}"
        for name in names
        if found.get(name, 0) != told.get(name, 0)
    ]
