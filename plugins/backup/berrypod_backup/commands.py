"""`berrypod backup`: with the server running or not."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import echo_json, opened_context, settings_with_key
from berrypod.context import PluginContext
from berrypod.errors import BerrypodError, SchemaNewer
from berrypod.events import BackupFailed, BackupFinished, BackupStarted
from berrypod.records import new_id
from berrypod.storage import schema
from berrypod.storage.files import people_size, sweep
from berrypod.storage.snapshot import Progress as Tell
from berrypod.storage.snapshot import SnapshotFile, Stage, make_snapshot
from berrypod.storage.verification import VerifiedFile, verify
from berrypod_backup.last import LastBackup, remember
from berrypod_backup.records import SnapshotInfo
from berrypod_backup.store import Store
from berrypod_backup.turns import turn

_ACTOR = "cli"
_EXPORTER = "cli"
_LEFTOVER = re.compile(r"\.(?P<name>berrypod-backup-\d{8}-\d{6}\.db)\.[0-9a-f]{12}\.part.*")


@click.group(cls=RichGroup)
def backup() -> None:
    """Make backups, and check them."""


@backup.command(cls=RichCommand)
@click.option(
    "--output",
    required=True,
    metavar="PATH",
    type=click.Path(),
    help="A file; or a folder, in which it gets a name with the time (UTC).",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def create(output: str, force: bool, as_json: bool) -> None:
    """Copy the whole shop to PATH, encrypted with its own key, and verify the copy. Orders go on meanwhile.

    The file appears under its name when it is whole: a backup that failed leaves nothing that looks like one.
    """
    begun = monotonic()
    made = asyncio.run(_create(output, overwrite=force))
    if as_json:
        echo_json({"path": str(made.path), "seconds": round(monotonic() - begun, 3), **_as_dict(made)})
        return
    state = "encrypted with SECRET_KEY_DB" if made.facts.encrypted else "NOT encrypted"
    click.echo(f"{made.path}\n{people_size(made.facts.size_bytes)}, {state}, verified. SHA-256 {made.facts.sha256}")


@backup.command("verify", cls=RichCommand)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify_command(file: Path, as_json: bool) -> None:
    """Check a backup with nothing but the file and its key (SECRET_KEY_DB): every page, and what is in them.

    Exit status 0: a shop can be restored from it. Nothing is written, and no shop is needed.
    """
    key = settings_with_key().secret_key_db
    try:
        facts = asyncio.run(verify(file, key))
        if facts.schema_revision not in schema.known_revisions():
            raise SchemaNewer(f"{file} has schema {facts.schema_revision}, which this version does not know")
    except BerrypodError as error:
        if as_json:
            echo_json(
                {"path": str(file), "good": False, "code": error.code, "error": error.message, "hint": error.hint}
            )
        raise
    if as_json:
        echo_json({"path": str(file), "good": True, **_facts(facts)})
    else:
        _show(file, facts)


async def _create(output: str, *, overwrite: bool) -> SnapshotFile:
    async with opened_context("backup") as context:
        begun = monotonic()
        now = context.now()
        target = _target(output, f"berrypod-backup-{now:%Y%m%d-%H%M%S}.db")
        backup_id = new_id(now)
        try:
            async with turn(Store(context.work_folder).turn_file, waiting=_tell_of_waiting):
                context.emit(BackupStarted(backup_id=backup_id, exporter=_EXPORTER, actor=_ACTOR))
                with _progress_bar() as progress:
                    made = await make_snapshot(context.database, target, overwrite=overwrite, progress=progress)
        except BerrypodError as error:
            context.emit(
                BackupFailed(
                    backup_id=backup_id,
                    exporter=_EXPORTER,
                    code=error.code,
                    error=error.message,
                    hint=error.hint,
                    actor=_ACTOR,
                )
            )
            raise
        await _note(context, backup_id, made, monotonic() - begun)
        return made


async def _note(context: PluginContext, backup_id: str, made: SnapshotFile, seconds: float) -> None:
    facts = made.facts
    context.emit(
        BackupFinished(
            backup_id=backup_id,
            exporter=_EXPORTER,
            method=made.method,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            seconds=seconds,
            actor=_ACTOR,
        )
    )
    last = LastBackup(
        at=made.created_at,
        exporter=_EXPORTER,
        method=made.method,
        size_bytes=facts.size_bytes,
        sha256=facts.sha256,
        by=_ACTOR,
    )
    await remember(context.database, last)


def _target(output: str, name: str) -> Path:
    """The file to write. A path that ends with a slash is a folder, also one that is not there."""
    folder = Path(output).absolute()
    if not folder.is_dir() and not output.endswith("/"):
        return folder
    # What a killed run left has another time in its name.
    for path in folder.glob(".berrypod-backup-*.part*"):
        if found := _LEFTOVER.fullmatch(path.name):
            sweep(folder, of=folder / found["name"])
    return folder / name


def _tell_of_waiting() -> None:
    click.echo("Another backup is being made. Waiting for it to be done ...", err=True)


@contextmanager
def _progress_bar() -> Generator[Tell | None]:
    """On a terminal, on standard error: what is printed on standard output is for scripts."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Copying the shop", total=1.0)

        def tell(stage: Stage, share: float) -> None:
            if stage == "copying":
                progress.update(task, completed=share)
            else:
                progress.update(task, description="Checking the copy", total=None if share < 1 else 1.0)

        yield tell


def _as_dict(made: SnapshotFile) -> dict[str, Any]:
    info = SnapshotInfo.of(made)
    return {name: getattr(info, name) for name in info.__struct_fields__}


def _facts(facts: VerifiedFile) -> dict[str, Any]:
    return {
        "size_bytes": facts.size_bytes,
        "sha256": facts.sha256,
        "page_count": facts.page_count,
        "encrypted": facts.encrypted,
        "key_fingerprint": facts.key.fingerprint() if facts.key else None,
        "schema_revision": facts.schema_revision,
        "needs_upgrade": facts.schema_revision != schema.head(),
        "row_counts": dict(facts.row_counts),
    }


def _show(file: Path, facts: VerifiedFile) -> None:
    click.echo(f"{file}: good. A shop can be restored from it.")
    state = "encrypted, and SECRET_KEY_DB opens it" if facts.encrypted else "NOT encrypted"
    click.echo(f"{people_size(facts.size_bytes)}, {state}. SHA-256 {facts.sha256}")
    if facts.schema_revision != schema.head():
        click.echo(f"It has schema {facts.schema_revision}; it is upgraded to {schema.head()} when it is restored.")
    table = Table("Table", box=None, pad_edge=False)
    table.add_column("Rows", justify="right")
    for name, rows in facts.row_counts.items():
        table.add_row(name, f"{rows:,}")
    Console().print(table)
