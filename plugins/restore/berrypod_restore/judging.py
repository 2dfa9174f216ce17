"""What guards get to see of a file that was inspected and prepared, for a restore and for a rehearsal of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from berrypod.context import PluginContext
from berrypod.declarations import RestoreCandidate
from berrypod.errors import DatabaseDamaged
from berrypod.storage.connection import open_immutable
from berrypod.storage.verification import count_rows
from berrypod_restore import guarding
from berrypod_restore.facts import Candidate
from berrypod_restore.guarding import GuardResult
from berrypod_restore.preparation import Prepared


@dataclass(frozen=True, kw_only=True)
class Came:
    """The file as it came, before it was changed here. `sha256` is of its bytes, in hex."""

    size_bytes: int
    sha256: str
    facts: Candidate


async def judge(
    context: PluginContext, path: Path, prepared: Prepared, came: Came, *, shop_opens: bool
) -> tuple[GuardResult, ...]:
    """Ask the guards of all plugins. Never raises for what a guard does.

    :param shop_opens: False if the shop's own file cannot be opened: guards are told, and have to do without it.
    """
    facts = came.facts
    return await guarding.ask(
        context.plugins,
        RestoreCandidate(
            path=path,
            size_bytes=came.size_bytes,
            sha256=came.sha256,
            schema_revision=facts.schema_revision,
            row_counts=facts.row_counts,
            encrypted=facts.encrypted,
            created_at=facts.newest_at,
            current_row_counts=await _current_rows(context) if shop_opens else None,
            opener=lambda: open_immutable(path, prepared.key),
        ),
    )


async def _current_rows(context: PluginContext) -> dict[str, int] | None:
    try:
        return await context.database.run_in_thread(count_rows)
    except DatabaseDamaged:
        return None
