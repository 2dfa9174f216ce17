"""`berrypod restore`: with the server stopped, running, or with a database that cannot be opened."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import context_anyway, echo_json
from berrypod.settings import Secret
from berrypod_restore import on_terminal
from berrypod_restore.differences import Comparison
from berrypod_restore.faults import RestoreError
from berrypod_restore.plugin import restores_of
from berrypod_restore.records import CONFIRMATION, RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.wire import told

_ACTOR = "cli"

_file = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="For programs.")
_yes = click.option("--yes", is_flag=True, help="Do not ask for the words.")
_newer = click.option(
    "--accept-newer", is_flag=True, help="Go on though orders keep coming. Those are listed afterwards."
)
_key_stdin = click.option(
    "--key-stdin",
    is_flag=True,
    help="Read the key with which FILE was made, if that is not this shop's, from the first line of standard input. "
    "It is never an argument: other users see those.",
)


@click.group(cls=RichGroup)
def restore() -> None:
    """Replace the shop by a backup, and take it back."""


@restore.command(cls=RichCommand)
@_file
@_key_stdin
@_json
def check(file: Path, key_stdin: bool, as_json: bool) -> None:
    """What FILE is, whether it can be restored, and what would be lost. Nothing is replaced.

    A copy of it is looked at, which takes as much space for a moment. Exit status 0: it can be restored.
    """
    asyncio.run(_check(file, _read_key(key_stdin), as_json=as_json))


@restore.command(cls=RichCommand)
@_file
@_yes
@_newer
@_key_stdin
@_json
def apply(file: Path, yes: bool, accept_newer: bool, key_stdin: bool, as_json: bool) -> None:
    """Replace the shop's database by FILE, which may be a backup of any age and key. FILE stays as it is.

    It is checked, and what would be lost is shown first. Servers that run go on with it by themselves, and customers
    wait for a moment. The former database is kept: `berrypod restore undo` puts it back.
    """
    asyncio.run(_apply(file, _read_key(key_stdin), yes=yes, accept_newer=accept_newer, as_json=as_json))


@restore.command(cls=RichCommand)
@click.option("--former", metavar="ID", help="Of the former database; without it the newest.")
@_yes
@_newer
@_json
def undo(former: str | None, yes: bool, accept_newer: bool, as_json: bool) -> None:
    """Put a former database back. What it replaces is kept in turn."""
    asyncio.run(_undo(former, yes=yes, accept_newer=accept_newer, as_json=as_json))


@restore.command("list", cls=RichCommand)
@_json
def list_(as_json: bool) -> None:
    """List restores, and the former databases that are kept."""
    asyncio.run(_list(as_json=as_json))


async def _check(file: Path, key: Secret | None, *, as_json: bool) -> None:
    async with _restores() as restores, _staged(restores, file) as staged:
        record = await _looked_at(restores, staged, key)
        comparison = await restores.compare(record.id) if record.state == "ready" else None
        if as_json:
            echo_json(told(record, comparison))
        else:
            on_terminal.show_file(record)
            if comparison:
                on_terminal.show_comparison(comparison, str(record.filename))
        _require_ready(record)


async def _apply(file: Path, key: Secret | None, *, yes: bool, accept_newer: bool, as_json: bool) -> None:
    async with _restores() as restores, _staged(restores, file) as staged:
        record = await _looked_at(restores, staged, key)
        if record.wants_encryption and (yes or on_terminal.confirm("Encrypt a copy with this shop's key, and go on?")):
            await restores.rekey(record.id, None, by=_ACTOR)
            record = await on_terminal.follow(restores, record.id)
        if not as_json or not yes:
            on_terminal.show_file(record)
        _require_ready(record)
        comparison = await restores.compare(record.id)
        expect = await restores.expect(record.id, comparison)
        _require_consent(comparison, str(record.filename), yes=yes, quiet=as_json and yes)
        await restores.apply(
            record.id, confirm=CONFIRMATION, expect=expect, accept_newer=accept_newer, by=_ACTOR, address=None
        )
        await _end(restores, record.id, as_json=as_json)


async def _undo(former: str | None, *, yes: bool, accept_newer: bool, as_json: bool) -> None:
    async with _restores() as restores:
        comparison = await restores.compare_former(former)
        expect = await restores.expect_former(former, comparison)
        _require_consent(comparison, "the former database", yes=yes, quiet=as_json and yes)
        record = await restores.undo(former=former, expect=expect, accept_newer=accept_newer, by=_ACTOR, address=None)
        await _end(restores, record.id, as_json=as_json)


async def _list(*, as_json: bool) -> None:
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
    record = await restores.stage_file(file, by=_ACTOR)
    try:
        yield record
    finally:
        left = await restores.get(record.id)
        if left.staged:
            await restores.discard(record.id, by=_ACTOR)


async def _looked_at(restores: Restores, staged: RestoreRecord, key: Secret | None) -> RestoreRecord:
    """What the file is, with the key that was given or is asked for, if this shop's does not open it."""
    record = await on_terminal.follow(restores, staged.id)
    again = False
    while record.wants_key and (tried := key or on_terminal.ask_key(again=again)):
        await restores.rekey(record.id, tried, by=_ACTOR)
        record = await on_terminal.follow(restores, record.id)
        key, again = None, True
    return record


def _require_ready(record: RestoreRecord) -> None:
    """:raises RestoreError: it cannot be restored, for the reason in its words."""
    if record.state == "ready":
        return
    refused = next((one for one in record.guards if one.answer == "refuse"), None)
    reason = record.error or refused or record.verdict
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
        on_terminal.show_end(record, str(restores.context.database.path))


def _in_vain(record: RestoreRecord) -> RestoreError:
    if record.error is None:
        return RestoreError(f"It is {record.state}")
    return RestoreError(record.error.message, hint=record.error.hint)


def _read_key(from_stdin: bool) -> Secret | None:
    if not from_stdin:
        return None
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError("--key-stdin: there is no line on standard input.")
    return Secret(line)
