"""How many kept backups need the key of before: in all archives that answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.archive.layout import manifest_name
from berrypod.archive.manifest import encode
from berrypod.archive.objects import StoredObject
from berrypod.declarations import BackupExporter
from berrypod.errors import NotFound
from berrypod.keys.backups import BackupsUnder, backups_under
from berrypod.parts import create_parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from tests.backup.watching.test_conditions import manifest
from tests.plugins.making import plugin

FORMER = manifest().key_fingerprint or ""


class Away(FolderStorage):
    """A bucket that does not answer."""

    async def list(self, prefix: str = "") -> Sequence[StoredObject]:
        raise NotFound("There is no such bucket")


def archive_in(storage: FolderStorage, folder: Path) -> Archive:
    return Archive(storage, work_folder=lambda: folder)


def plugins_with(settings: Settings, **exporters: Any) -> Plugins:
    declared = [
        BackupExporter(name=name, title=name.title(), description="An archive.", **given)
        for name, given in exporters.items()
    ]
    sources = [plugin("shelves", berrypod_backup_exporters=lambda context: declared)]
    return create_parts(settings, Plugins.discover(settings, sources, installed=False)).plugins


async def test_those_of_the_former_key_are_counted_and_archives_that_do_not_answer_are_named(
    settings: Settings, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for number in range(3):
        kept = manifest(number=number)
        (shelf / manifest_name(kept.id)).write_bytes(encode(kept))
        (shelf / f"berrypod-backup-{kept.id}.db").write_bytes(b"")
    full = archive_in(FolderStorage(shelf), tmp_path)
    plugins = plugins_with(
        settings,
        shelf={"archive": full},
        bucket={"archive": archive_in(Away(tmp_path), tmp_path)},
        nowhere={"archive": archive_in(Away(tmp_path), tmp_path), "is_set_up": lambda: False},
    )

    assert await backups_under(plugins, FORMER) == BackupsUnder(count=3, unseen=("Bucket",))
    assert (await backups_under(plugins, "another")).count == 0


def test_the_words_fit_the_number() -> None:
    assert BackupsUnder(count=0).told == "No kept backup needs it."
    assert BackupsUnder(count=1).told == "1 kept backup needs it."
    assert BackupsUnder(count=12, unseen=("S3",)).told == "12 kept backups need it (S3 could not be looked at)."
