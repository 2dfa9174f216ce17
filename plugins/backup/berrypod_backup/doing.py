"""What `berrypod backup` does. Apart from its commands: to show their help, nothing of this need be imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from berrypod.commands.common import opened_context
from berrypod.context import PluginContext
from berrypod.errors import (
    BerrypodError,
    DatabaseEmpty,
    DatabaseMissing,
    ForeignDatabase,
    NotADatabase,
    SchemaNewer,
)
from berrypod.events import BackupFailed, BackupFinished, BackupStarted
from berrypod.records import new_id
from berrypod.settings import Secret
from berrypod.storage import schema
from berrypod.storage.files import people_size, sweep
from berrypod.storage.keys import passphrase_fingerprint
from berrypod.storage.locks import one_of_all
from berrypod.storage.snapshot import Method, SnapshotFile, Stage, make_snapshot
from berrypod.storage.snapshot import Progress as Tell
from berrypod.storage.verification import VerifiedFile, verify
from berrypod_backup.last import LastBackup, remember
from berrypod_backup.records import SnapshotInfo
from berrypod_backup.store import Store

_ACTOR = "cli"
_EXPORTER = "cli"
_NO_BACKUP: Final = (
    "Name a backup: a file that Berrypod made, or the id of one that is kept (`berrypod backup list`). If this is one, "
    "fetch it again from where it is kept."
)
_LEFTOVER = re.compile(r"\.(?P<name>berrypod-backup-\d{8}-\d{6}\.db)\.[0-9a-f]{12}\.part.*")


async def create(output: str, *, overwrite: bool, method: Method = "compact", fast: bool = False) -> SnapshotFile:
    async with opened_context("backup") as context:
        begun = monotonic()
        now = context.now()
        target = _target(output, f"berrypod-backup-{now:%Y%m%d-%H%M%S}.db")
        backup_id = new_id(now)
        try:
            async with one_of_all(Store(context.work_folder).turn_file, waiting=_tell_of_waiting):
                context.emit(BackupStarted(backup_id=backup_id, exporter=_EXPORTER, actor=_ACTOR))
                with _progress_bar() as progress:
                    made = await make_snapshot(
                        context.database, target, method=method, fast=fast, overwrite=overwrite, progress=progress
                    )
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


def as_dict(made: SnapshotFile) -> dict[str, Any]:
    info = SnapshotInfo.of(made)
    return {name: getattr(info, name) for name in info.__struct_fields__}


def facts_of(facts: VerifiedFile, key: Secret | None) -> dict[str, Any]:
    return {
        "size_bytes": facts.size_bytes,
        "sha256": facts.sha256,
        "page_count": facts.page_count,
        "encrypted": facts.encrypted,
        "key_fingerprint": passphrase_fingerprint(key) if facts.encrypted and key else None,
        "schema_revision": facts.schema_revision,
        "needs_upgrade": facts.schema_revision != schema.head(),
        "row_counts": dict(facts.row_counts),
    }


def show(file: Path, facts: VerifiedFile) -> None:
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


async def check(file: Path, key: Secret | None) -> VerifiedFile:
    """What is in a backup.

    :raises StorageError: it is damaged, or `key` does not open it.
    :raises SchemaNewer: a later version made it.
    """
    try:
        facts = await verify(file, key)
    except (DatabaseEmpty, DatabaseMissing, ForeignDatabase, NotADatabase) as error:
        # What these say to do is said of a shop's own file.
        raise type(error)(error.message, hint=_NO_BACKUP) from error
    if facts.schema_revision not in schema.known_revisions():
        raise SchemaNewer(f"{file} has schema {facts.schema_revision}, which this version does not know")
    return facts
