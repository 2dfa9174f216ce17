"""Archives in a folder of this machine, by their address: `file:///mnt/disk/backups`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.context import PluginContext
from berrypod.declarations import ArchiveSource
from berrypod.errors import Invalid, NotFound

_HINT: Final = "An address is file:// and the whole path of a folder, as in file:///mnt/disk/backups."


def folder_source(context: PluginContext) -> ArchiveSource:
    """The archives that `keeping` makes, wherever their folder has come to lie."""

    async def opened(address: str) -> Archive:
        folder = folder_of(address)
        if not await asyncio.to_thread(folder.is_dir):
            raise NotFound(f"There is no folder {folder}", hint="Is its disk mounted? May you read it?")
        return Archive(FolderStorage(folder), work_folder=context.work_folder)

    return ArchiveSource(scheme="file", title="A folder of this machine", open=opened)


def folder_of(address: str) -> Path:
    """:raises Invalid: it is no address of a folder."""
    parts = urlsplit(address)
    if parts.netloc or parts.query or parts.fragment or not parts.path.startswith("/") or "\0" in unquote(parts.path):
        raise Invalid("The address names no folder of this machine", hint=_HINT)
    return Path(unquote(parts.path))
