"""Where backups go, and what they become."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from berrypod.declarations.health import IsSetUpFunction
from berrypod.plugin_host import checks

if TYPE_CHECKING:
    from sqlcipher3.dbapi2 import Connection

    from berrypod.archive.archive import Archive

_CHUNK_BYTES = 1024 * 1024
_LONGEST_TITLE = 60
_LONGEST_DESCRIPTION = 300


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A consistent, verified copy of the shop's file, made for one backup and gone after it.

    It opens with the shop's key and no other. `id` is safe in file names; `sha256` is of the file's bytes, in hex;
    `method` is how it was made; `row_counts` maps each table to its rows; `key_fingerprint` tells which passphrase
    opens it, where that is known. All exporters of a backup share it: never change it.
    """

    id: str
    created_at: datetime
    size_bytes: int
    sha256: str
    method: str
    schema_revision: str
    row_counts: Mapping[str, int]
    encrypted: bool
    path: Path
    opener: Callable[[], Connection] = field(repr=False)
    key_fingerprint: str | None = None

    def __post_init__(self) -> None:
        checks.require_part_of_a_filename("Snapshot: id", self.id)
        checks.require_time("Snapshot: created_at", self.created_at)

    def connection(self) -> AbstractContextManager[Connection]:
        """A read-only DBAPI connection to the copy, decrypted on the fly, closed on leaving.

        Its calls block: use it in a plain function. Do not keep it beyond the export.
        """
        return closing(self.opener())

    async def chunks(self, size: int = _CHUNK_BYTES) -> AsyncIterator[bytes]:
        """The file's bytes, encrypted as they are, `size` of them at a time, so that memory stays flat."""
        file = await asyncio.to_thread(self.path.open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, size):
                yield chunk
        finally:
            file.close()


@dataclass(frozen=True, kw_only=True)
class ExportedFile:
    """An export that is offered for download as `filename`.

    `path` lies in the folder that the exporter was given, or is the snapshot's own.
    """

    path: Path
    filename: str
    media_type: str = "application/octet-stream"

    def __post_init__(self) -> None:
        checks.require_instance("ExportedFile: path", self.path, Path, "Give a pathlib.Path.")
        checks.require_filename("ExportedFile: filename", self.filename)
        checks.require_words("ExportedFile", media_type=self.media_type)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """An export that went somewhere else.

    `message` tells the admin so; `location` is an address or a path.
    """

    message: str
    location: str | None = None

    def __post_init__(self) -> None:
        checks.require_words("Delivered", message=self.message)
        checks.require_string("Delivered", optional=True, location=self.location)


ExportResult: TypeAlias = ExportedFile | Delivered
ExportFunction: TypeAlias = Callable[[Snapshot, Path], Awaitable[ExportResult] | ExportResult]


@dataclass(frozen=True, kw_only=True)
class KeptCopy:
    """A backup that an exporter keeps. `id` is the exporter's own, and comes back in `open` and `delete`.

    `created_at` has a time zone; `sha256` is of the copy's bytes, 64 hex digits.
    """

    id: str
    filename: str
    created_at: datetime
    size_bytes: int
    sha256: str | None = None

    def __post_init__(self) -> None:
        what = f"KeptCopy {self.id!r}"
        checks.require_id("KeptCopy: id", self.id)
        checks.require_filename(f"{what}: filename", self.filename)
        checks.require_time(f"{what}: created_at", self.created_at)
        checks.require_size(f"{what}: size_bytes", self.size_bytes)
        checks.require_sha256(f"{what}: sha256", self.sha256)


@runtime_checkable
class KeptCopies(Protocol):
    """The copies that an exporter keeps. An unknown id raises `berrypod.errors.NotFound`.

    `list` and `delete` may be `async` or plain; a plain one runs in a thread.
    """

    def list(self) -> Awaitable[Sequence[KeptCopy]] | Sequence[KeptCopy]:
        """All copies, the newest first."""
        ...

    def open(self, copy_id: str) -> AsyncIterator[bytes]:
        """The copy's bytes: an async generator. A coroutine function is refused."""
        ...

    def delete(self, copy_id: str) -> Awaitable[None] | None:
        """Remove the copy for good."""
        ...


@dataclass(frozen=True, kw_only=True)
class BackupExporter:
    """Where a backup goes, or what it becomes. `title` (60 characters at most) is on its button, `description` (300)
    beside it.

    `export(snapshot, folder)` gets an empty private folder, which is removed afterwards (for an
    `ExportedFile`, after its download). `kept` is for an exporter whose copies stay and can be listed; with `kept` and
    no `export`, copies are listed that come from elsewhere, and there is no button.

    `archive` stands for both: backups kept with manifests in a storage of the plugin's, pages that have not changed
    once; they can be scheduled, verified, proven and thinned out. `off_site` says that it is not on this machine.

    `is_set_up()` answers whether it knows yet where to put a backup: one that does not has no button, and what it keeps
    is not asked for. Make it cheap, and go nowhere for it. None: it always does.
    """

    name: str
    title: str
    description: str
    export: ExportFunction | None = None
    timeout_seconds: float = 3600.0
    kept: KeptCopies | None = None
    archive: Archive | None = None
    off_site: bool = False
    is_set_up: IsSetUpFunction | None = None

    def __post_init__(self) -> None:
        what = f"BackupExporter {self.name!r}"
        checks.require_name("BackupExporter: name", self.name)
        checks.require_words(what, title=self.title, description=self.description)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_length(what, _LONGEST_DESCRIPTION, description=self.description)
        self._check_functions(what)
        if self.is_set_up is not None:
            checks.require_function(what, is_set_up=self.is_set_up)
        checks.require_seconds(what, self.timeout_seconds)
        if self.kept is not None:
            checks.require_kept(f"{what}: kept", self.kept)

    def _check_functions(self, what: str) -> None:
        if self.archive is not None:
            from berrypod.archive.archive import Archive  # noqa: PLC0415 - declarations import nothing that works

            checks.require_instance(
                f"{what}: archive", self.archive, Archive, "Give a berrypod.archive.archive.Archive."
            )
            checks.require(
                self.export is None and self.kept is None,
                f"{what}: it has an archive, and export or kept as well",
                "Leave those out: the archive does both.",
            )
            object.__setattr__(self, "export", self.archive.export)
            object.__setattr__(self, "kept", self.archive)
        if self.export is not None or self.kept is None:
            checks.require_function(what, export=self.export)
