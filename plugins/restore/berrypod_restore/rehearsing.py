"""A restore up to the moment before the swap, on a copy in a throw-away folder: what a drill proves a backup with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from berrypod.context import PluginContext
from berrypod.declarations import Rehearsed, RestoreRehearsal
from berrypod.storage import schema
from berrypod.storage.connection import open_immutable
from berrypod.storage.jobs import Jobs
from berrypod.storage.verification import count_rows
from berrypod_restore.guarding import GuardResult
from berrypod_restore.inspection import inspect
from berrypod_restore.judging import Came, judge
from berrypod_restore.preparation import Prepared, prepare

NAME = "restore"

_READ = "read to its last page as a file that somebody wants to restore"
_PREPARED = "made ready to become the shop's database"


def rehearsal(context: PluginContext) -> RestoreRehearsal:
    return RestoreRehearsal(name=NAME, title="Restore, up to the swap", rehearse=partial(rehearse, context))


async def rehearse(context: PluginContext, path: Path) -> Rehearsed:
    """Inspect, prepare, and ask every guard, by the same functions as a restore: only nothing is swapped in.

    What would be lost is not looked at: a backup is older than the shop, and an admin is shown that before they
    confirm. For the same reason a guard that warns (half of the orders are missing) is told and is no failure; one that
    refuses would have stopped the restore.

    :raises StorageError: it could not be tried: no space is left, say.
    """
    passphrase = context.database.settings.secret_key_db
    inspection = await inspect(path, passphrase, shop_key=context.database.key if context.database.is_open else None)
    verdict, facts = inspection.verdict, inspection.candidate
    if not verdict.acceptable or facts is None:
        return Rehearsed(checked=(_READ,), problem=f"{verdict.title}. {verdict.message}", hint=verdict.hint)
    prepared = await prepare(path, passphrase)
    migrated = facts.schema_revision != prepared.schema_revision
    done = [_READ, _brought_up_to_date(facts.schema_revision) if migrated else _PREPARED]
    results = await judge(
        context,
        path,
        prepared,
        Came(size_bytes=facts.size_bytes, sha256=inspection.sha256, facts=facts),
        shop_opens=context.database.is_open,
    )
    if results:
        done.append(f"shown to {_counted(results)}")
    refusal = next((one for one in results if one.answer == "refuse"), None)
    return Rehearsed(
        checked=tuple(done),
        problem=refusal and _refused(refusal),
        hint=refusal and refusal.hint,
        warnings=tuple(f"{one.title}: {one.message}" for one in results if one.answer == "warn"),
        migrated=migrated,
        row_counts=await _rows(path, prepared),
    )


def _brought_up_to_date(revision: str) -> str:
    return f"migrated from schema {revision} to {schema.head()}, and checked again"


def _counted(results: Sequence[GuardResult]) -> str:
    plugins = sorted({one.plugin for one in results})
    guards = "1 guard" if len(results) == 1 else f"{len(results)} guards"
    return f"{guards} of {', '.join(plugins)}"


def _refused(result: GuardResult) -> str:
    who = f"The guard {result.guard} of the plugin {result.plugin}" if result.guard else result.title
    return f"{who} refuses it ({result.code}): {result.message}"


async def _rows(path: Path, prepared: Prepared) -> dict[str, int]:
    return await Jobs().run(lambda: open_immutable(path, prepared.key), count_rows)
