"""Backups that stay on this machine, in a folder: the archive that every shop has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter
from berrypod.errors import SettingsError
from berrypod_backup.names import FOLDER, KEEP
from berrypod_backup.owner import Owner

_HINT: Final = (
    f"Set {FOLDER} to a folder of its own, with its whole path, on another disk if there is one; "
    "or leave it out, and backups are kept beside the shop's file."
)


def keep_exporter(context: PluginContext) -> BackupExporter:
    """The archive in the folder that is set. One that cannot be used is told whenever it is to be: the shop runs."""
    database = context.database.path
    folder = folder_of(database, context.setting(FOLDER))
    storage = FolderStorage(folder, check=lambda: require_own_folder(folder, database))
    return BackupExporter(
        name=KEEP,
        title="Keep on this machine",
        description="In a folder of its own, where a page that has not changed is stored once. Keep some backups "
        "elsewhere too: if this machine breaks, these are lost with it.",
        archive=Archive(storage, work_folder=context.work_folder, shop=Owner(context.database).known),
    )


def folder_of(database: Path, setting: str | None) -> Path:
    """Where backups are kept. Not necessarily a good place: see `require_own_folder`."""
    return Path(setting) if setting else database.with_name(f"{database.name}-backups")


def require_own_folder(folder: Path, database: Path) -> None:
    """Check that nothing of the shop lies in the folder, nor the folder where it could be swept away. Blocks.

    :raises SettingsError: it cannot be the place for backups.
    """
    if not folder.is_absolute():
        raise SettingsError(f"{FOLDER} is {str(folder)!r}, which depends on where the shop is started", hint=_HINT)
    # Without links: two names may mean one folder.
    resolved, database = folder.resolve(), database.resolve()
    if database.is_relative_to(resolved):
        raise SettingsError(f"{FOLDER} is {folder}, and the shop's file lies in there itself", hint=_HINT)
    work = database.with_name(f"{database.name}-work")
    if resolved.is_relative_to(work):
        raise SettingsError(f"{FOLDER} is {folder}, where the shop keeps what is temporary", hint=_HINT)
