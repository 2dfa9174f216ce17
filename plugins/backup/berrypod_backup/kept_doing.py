"""What `berrypod backup list|keep|fetch|note|delete` and `verify ID` do. Imported when one of them is called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import click

from berrypod.archive.entries import Entry
from berrypod.commands.common import opened_context
from berrypod.commands.progress import progress_bar
from berrypod.errors import BackupError
from berrypod.storage.files import people_size
from berrypod.storage.snapshot import Method
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archived import ArchivedBackup, ArchiveInfo
from berrypod_backup.kept_panel import made_by, state_of
from berrypod_backup.leftovers import sweep_leftovers
from berrypod_backup.records import BackupRecord
from berrypod_backup.service import Backups

_ACTOR = "cli"


@asynccontextmanager
async def _kept() -> AsyncGenerator[KeptBackups]:
    async with opened_context("backup") as context:
        yield KeptBackups(context)


async def keep(exporters: tuple[str, ...], *, method: Method | None, fast: bool, note: str) -> BackupRecord:
    """Make a backup and have exporters keep it.

    :raises BackupError: it could not be made, or one of them could not keep it.
    """
    async with opened_context("backup") as context:
        await sweep_leftovers(context, exporters)
        backups = Backups(context)
        record = await backups.start(exporters, _ACTOR, method=method, fast=fast, note=note)
        with progress_bar("Making a backup ...") as tell:
            record = await _followed(backups, record, tell)
    failed = [record.error] if record.error else [export.error for export in record.exports if export.error]
    if failed:
        raise BackupError(failed[0].message, hint=failed[0].hint)
    return record


async def _followed(backups: Backups, record: BackupRecord, tell: Callable[[float], None] | None) -> BackupRecord:
    while record.active:
        if tell is not None:
            tell(await backups.progress(record))
        record = await backups.ended(record.id, wait_seconds=0.2)
    return record


async def archives() -> list[ArchiveInfo]:
    async with _kept() as kept:
        return await kept.archives()


async def note(backup_id: str, text: str, exporter: str | None) -> ArchivedBackup:
    async with _kept() as kept:
        name, _ = await kept.find(backup_id, exporter)
        return await kept.note(name, backup_id, text, by=_ACTOR)


async def verify(backup_id: str, exporter: str | None) -> ArchivedBackup:
    async with _kept() as kept:
        name, _ = await kept.find(backup_id, exporter)
        with progress_bar("Reading it back ..."):
            return await kept.verify(name, backup_id)


async def fetch(backup_id: str, output: str, exporter: str | None) -> Path:
    async with _kept() as kept:
        name, manifest = await kept.find(backup_id, exporter)
        target = await asyncio.to_thread(_target, output, manifest.filename)
        with progress_bar("Fetching it ..."):
            await kept.fetch(name, backup_id, target)
        return target


def _target(output: str, filename: str) -> Path:
    """A path that ends with a slash is a folder."""
    path = Path(output).absolute()
    return path / filename if path.is_dir() or output.endswith("/") else path


async def delete(backup_id: str, exporter: str | None, confirm: Callable[[str], None]) -> str:
    """:param confirm: asked before anything is done; raises to give up."""
    async with _kept() as kept:
        name, entry = await kept.find_whatever_is_left(backup_id, exporter)
        confirm(f"Delete {_named(entry)} from {name}, for good?")
        await sweep_leftovers(kept.context, [name])
        await kept.delete(name, backup_id, by=_ACTOR)
        return name


def _named(entry: Entry) -> str:
    if entry.manifest is None:
        return f"what there is of the backup {entry.id}"
    whose = "ANOTHER SHOP'S backup" if entry.kind == "other_shop" else "the backup"
    return f"{whose} of {entry.manifest.created_at:%Y-%m-%d %H:%M} UTC"


def show(archives: list[ArchiveInfo]) -> None:
    """Lines and not a table: an id must be there whole, to be copied."""
    for archive in archives:
        total = f", {people_size(archive.stored_bytes)} in all" if archive.backups else ""
        place = archive.location if archive.set_up else "not set up"
        click.echo(f"{archive.title} ({archive.exporter}): {place}{total}")
        if archive.error:
            click.echo(f"  It cannot be looked at: {archive.error.message}. {archive.error.hint}")
        elif archive.set_up and not archive.backups:
            click.echo("  No backups yet.")
        for backup in archive.backups:
            _show_backup(backup)
        for other in archive.others:
            click.echo(f"  {other.name}: {other.what}")
            if other.problem:
                _show_problem(other.problem.message, other.problem.hint)


def _show_backup(backup: ArchivedBackup) -> None:
    word, _ = state_of(backup)
    key = "" if backup.opens else ", made with another key"
    new = f", {people_size(backup.stored_bytes)} of it new" if backup.storage == "pages" else ""
    click.echo(f"  {backup.id}  {people_size(backup.size_bytes)}{new}, {word}{key}")
    click.echo(f"      {backup.created_at:%Y-%m-%d %H:%M} UTC, {backup.method}, {made_by(backup)}")
    if backup.note:
        click.echo(f"      {backup.note}")
    if backup.problem:
        _show_problem(backup.problem.message, backup.problem.hint)
    elif backup.proof and backup.proof.problem:
        _show_problem(backup.proof.problem, backup.proof.hint or "")


def _show_problem(message: str, hint: str) -> None:
    click.echo(f"      {message.rstrip('.')}. {hint}".rstrip())
