"""What `berrypod restore` does. Apart from its commands: to show their help, nothing of this need be imported."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from berrypod.archive.archive import Archive
from berrypod.commands.common import context_anyway, echo_json
from berrypod.commands.progress import progress_bar
from berrypod.settings import Secret
from berrypod_restore import on_terminal
from berrypod_restore.archives import backups_in, chosen
from berrypod_restore.differences import Comparison
from berrypod_restore.faults import RestoreError
from berrypod_restore.plugin import restores_of
from berrypod_restore.records import CONFIRMATION, RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.wire import told

_ACTOR = "cli"
_COMPARING = "Comparing it with the shop ..."
_KEY_WANTED = (
    "If the shop once had another key, try that one: in a terminal you are asked for it, and `--key-stdin` reads it "
    "from the first line of standard input."
)


async def check(file: Path, key: Secret | None, *, as_json: bool) -> None:
    async with _restores() as restores, _staged(restores, file) as staged:
        record = await _looked_at(restores, staged, key)
        comparison = await _compared(restores, record) if record.state == "ready" else None
        if as_json:
            echo_json(told(record, comparison))
        else:
            on_terminal.show_file(record)
            if comparison:
                on_terminal.show_comparison(comparison, str(record.filename))
        _require_ready(record)


async def apply(file: Path, key: Secret | None, *, yes: bool, accept_newer: bool, as_json: bool) -> None:
    async with _restores() as restores, _staged(restores, file) as staged:
        await _applied(restores, staged, key, yes=yes, accept_newer=accept_newer, as_json=as_json)


async def bring_back(
    address: str, backup: str, key: Secret | None, *, yes: bool, accept_newer: bool, as_json: bool
) -> None:
    async with _restores() as restores, _fetched(restores, address, backup) as staged:
        await _applied(restores, staged, key, yes=yes, accept_newer=accept_newer, as_json=as_json)


async def show_archive(address: str, *, as_json: bool) -> None:
    async with _restores() as restores:
        archive = await _archive(restores, address)
        found = await backups_in(archive)
    if as_json:
        echo_json({"location": archive.location, "backups": found})
    else:
        on_terminal.show_archive(archive.location, found)


async def undo(former: str | None, *, yes: bool, accept_newer: bool, as_json: bool) -> None:
    async with _restores() as restores:
        with progress_bar(_COMPARING):
            comparison = await restores.compare_former(former)
        expect = await restores.expect_former(former, comparison)
        _require_consent(comparison, "the former database", yes=yes, quiet=as_json and yes)
        record = await restores.undo(former=former, expect=expect, accept_newer=accept_newer, by=_ACTOR, address=None)
        await _end(restores, record.id, as_json=as_json)


async def list_all(*, as_json: bool) -> None:
    async with _restores() as restores:
        records, formers = await restores.all(), await restores.formers()
    if as_json:
        echo_json({"restores": [told(record) for record in records], "formers": formers})
    else:
        on_terminal.show_list(records, formers)


@asynccontextmanager
async def _restores() -> AsyncGenerator[Restores]:
    async with context_anyway("restore") as context:
        restores = restores_of(context)
        await restores.sweep()
        yield restores


@asynccontextmanager
async def _staged(restores: Restores, file: Path) -> AsyncGenerator[RestoreRecord]:
    """A copy of the file, staged; gone at the end, unless it has become the shop's."""
    with progress_bar("Copying the file ..."):
        record = await restores.stage_file(file, by=_ACTOR)
    async with _kept_while_wanted(restores, record):
        yield record


@asynccontextmanager
async def _fetched(restores: Restores, address: str, backup: str) -> AsyncGenerator[RestoreRecord]:
    """A backup of the archive, staged; gone at the end, unless it has become the shop's."""
    archive = await _archive(restores, address)
    with progress_bar("Fetching the backup ..."):
        manifest = await chosen(archive, backup)
        record = await restores.stage_archived(archive, manifest, by=_ACTOR)
    async with _kept_while_wanted(restores, record):
        yield record


async def _archive(restores: Restores, address: str) -> Archive:
    with progress_bar("Looking for the archive ..."):
        return await restores.context.plugins.open_archive(address)


@asynccontextmanager
async def _kept_while_wanted(restores: Restores, record: RestoreRecord) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        left = await restores.get(record.id)
        if left.staged:
            await restores.discard(record.id, by=_ACTOR)


async def _applied(
    restores: Restores, staged: RestoreRecord, key: Secret | None, *, yes: bool, accept_newer: bool, as_json: bool
) -> None:
    """Replace the shop by what is staged, once it is looked at, and confirmed."""
    record = await _looked_at(restores, staged, key)
    if record.wants_encryption and (yes or on_terminal.confirm("Encrypt a copy with this shop's key, and go on?")):
        await restores.rekey(record.id, None, by=_ACTOR)
        record = await on_terminal.follow(restores, record.id)
    if not as_json or not yes:
        on_terminal.show_file(record)
    _require_ready(record)
    comparison = await _compared(restores, record)
    expect = await restores.expect(record.id, comparison)
    _require_consent(comparison, str(record.filename), yes=yes, quiet=as_json and yes)
    await restores.apply(
        record.id, confirm=CONFIRMATION, expect=expect, accept_newer=accept_newer, by=_ACTOR, address=None
    )
    await _end(restores, record.id, as_json=as_json)


async def _looked_at(restores: Restores, staged: RestoreRecord, key: Secret | None) -> RestoreRecord:
    """What the file is, with the key that was given or is asked for, if this shop's does not open it."""
    record = await on_terminal.follow(restores, staged.id)
    again = False
    while record.wants_key and (tried := key or on_terminal.ask_key(again=again)):
        await restores.rekey(record.id, tried, by=_ACTOR)
        record = await on_terminal.follow(restores, record.id)
        key, again = None, True
    return record


async def _compared(restores: Restores, record: RestoreRecord) -> Comparison:
    with progress_bar(_COMPARING):
        return await restores.compare(record.id)


def _require_ready(record: RestoreRecord) -> None:
    """:raises RestoreError: it cannot be restored, for the reason in its words."""
    if record.state == "ready":
        return
    refused = next((one for one in record.guards if one.answer == "refuse"), None)
    reason = record.error or refused or record.verdict
    if reason and record.wants_key:
        raise RestoreError(reason.message, hint=_KEY_WANTED)
    raise RestoreError(reason.message, hint=reason.hint) if reason else RestoreError(f"It is {record.state}")


def _require_consent(comparison: Comparison, what: str, *, yes: bool, quiet: bool) -> None:
    """:raises RestoreError: somebody typed other words."""
    if not quiet:
        on_terminal.show_comparison(comparison, what)
    if not yes and on_terminal.typed_words() != CONFIRMATION:
        raise RestoreError("The words do not match", hint="Nothing was replaced.")


async def _end(restores: Restores, restore_id: str, *, as_json: bool) -> None:
    record = await on_terminal.follow(restores, restore_id)
    if as_json:
        echo_json(told(record))
    if record.state != "applied":
        # `ready` again, if there can be another try.
        raise _in_vain(record)
    if not as_json:
        former = next((one for one in await restores.formers() if one.id == record.former), None)
        on_terminal.show_end(record, former, str(restores.context.database.path))


def _in_vain(record: RestoreRecord) -> RestoreError:
    if record.error is None:
        return RestoreError(f"It is {record.state}")
    return RestoreError(record.error.message, hint=record.error.hint)
