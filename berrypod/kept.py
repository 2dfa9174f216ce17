"""Backups that exporters keep: listed, streamed and deleted through them, each call isolated. For plugins too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from berrypod.archive.faults import CopyUnknown
from berrypod.declarations import BackupExporter, Declared, KeptCopies, KeptCopy
from berrypod.decoding import prepare
from berrypod.errors import BerrypodError, BrokenOff, PluginError
from berrypod.events import KeptBackupDeleted, KeptBackupDownloaded
from berrypod.plugins import Failed, Ok, Plugins
from berrypod.records import Trouble

log = logging.getLogger("berrypod.kept")

_LIST_SECONDS: Final = 2.0
_OPEN_SECONDS: Final = 30.0
_DELETE_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 5.0
_MOST_COPIES: Final = 10_000


class ExporterFailed(PluginError):
    code = "exporter_failed"
    status = 502
    title = "The exporter failed"
    default_hint = "Try again in a moment; /admin/plugins has details of the error."


class KeptCopyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that an exporter keeps. `id` is the exporter's own."""

    id: str
    filename: str
    created_at: datetime
    size_bytes: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    sha256: str | None


# Exporters are listed side by side, each in a thread.
prepare(KeptCopyInfo)


class KeptListing(msgspec.Struct, frozen=True, kw_only=True):
    """What one exporter keeps, or why that cannot be said."""

    exporter: str
    title: str
    copies: Annotated[list[KeptCopyInfo], Meta(description="The newest first.")]
    error: Trouble | None = None


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A kept copy of `exporter` that is being streamed."""

    exporter: str
    copy: KeptCopyInfo
    chunks: AsyncGenerator[bytes]


class Kept:
    """The kept copies of all exporters."""

    def __init__(self, plugins: Plugins, unknown: type[BerrypodError] = CopyUnknown) -> None:
        """`unknown` is raised for a copy, or an exporter, that is not there."""
        self._plugins = plugins
        self._unknown = unknown
        self._closing: set[asyncio.Task[None]] = set()

    async def listings(self, *, without: Collection[str] = ()) -> list[KeptListing]:
        """What every exporter keeps that keeps anything, but for those of these names. One that fails or takes long is
        listed with its error; one that is not set up keeps nothing yet."""
        keeping = [
            one
            for one in self._plugins.backup_exporters
            if one.declaration.kept is not None and one.declaration.name not in without
        ]
        listings = await asyncio.gather(*(self._listing(one) for one in keeping))
        return [listing for listing in listings if listing is not None]

    async def open(self, exporter: str, copy_id: str) -> KeptFile:
        """Begin to stream a copy.

        :raises CopyUnknown: (or what was given in its place) the exporter has no such copy, or does not exist.
        :raises ExporterFailed: it could not list or open it.
        """
        declared, kept, copy = await self._find(exporter, copy_id)
        iterator = await self._call(declared, kept.open, copy_id, seconds=_OPEN_SECONDS, expect=_chunks)
        # The first piece before the answer begins: an error still has a status then.
        first = b""
        while first == b"":
            first = await self._next(declared, iterator)
        if first is None and copy.size_bytes:
            raise ExporterFailed(f"{declared.declaration.title}: the copy {copy.filename} is empty")
        return KeptFile(exporter=exporter, copy=copy, chunks=self._pieces(declared, iterator, first, copy))

    async def told(self, file: KeptFile, *, by: str | None, address: str | None) -> AsyncGenerator[bytes]:
        """The chunks of a file for a download by `by`: when the last byte has left, that is told."""
        async with aclosing(file.chunks) as chunks:
            async for chunk in chunks:
                yield chunk
        self._plugins.emit(
            KeptBackupDownloaded(
                exporter=file.exporter,
                copy_id=file.copy.id,
                size_bytes=file.copy.size_bytes,
                actor=by,
                address=address,
            )
        )

    async def delete(self, exporter: str, copy_id: str, *, by: str | None = None, address: str | None = None) -> None:
        """Delete a copy, for `by`. :raises: as `open`."""
        declared, kept, _ = await self._find(exporter, copy_id)
        await self._call(declared, kept.delete, copy_id, seconds=_DELETE_SECONDS, expect=_nothing)
        self._plugins.emit(KeptBackupDeleted(exporter=exporter, copy_id=copy_id, actor=by, address=address))

    async def _listing(self, declared: Declared[BackupExporter]) -> KeptListing | None:
        name, title = declared.declaration.name, declared.declaration.title
        if await self._plugins.is_set_up(declared) == Ok(False):
            return None
        try:
            copies = await self._copies(declared, _kept_of(declared))
        except BerrypodError as error:
            return KeptListing(exporter=name, title=title, copies=[], error=Trouble.of(error))
        except Exception:  # whatever one exporter does, the others are listed
            log.exception("what %s keeps could not be listed", name)
            unforeseen = ExporterFailed(f"{title}: what it keeps cannot be read")
            return KeptListing(exporter=name, title=title, copies=[], error=Trouble.of(unforeseen))
        return KeptListing(exporter=name, title=title, copies=copies)

    async def _copies(self, declared: Declared[BackupExporter], kept: KeptCopies) -> list[KeptCopyInfo]:
        return await self._call(declared, kept.list, seconds=_LIST_SECONDS, expect=_copies)

    async def _find(self, exporter: str, copy_id: str) -> tuple[Declared[BackupExporter], KeptCopies, KeptCopyInfo]:
        exporters = self._plugins.backup_exporters
        declared = next((one for one in exporters if one.declaration.name == exporter), None)
        keeping = ", ".join(one.declaration.name for one in exporters if one.declaration.kept is not None)
        hint = f"Copies are kept by: {keeping}." if keeping else "No exporter here keeps copies."
        if declared is None:
            raise self._unknown(f"There is no exporter {exporter[:64]!r}", hint=hint)
        kept = declared.declaration.kept
        if kept is None:
            raise self._unknown(f"The exporter {exporter} keeps no copies", hint=hint)
        for copy in await self._copies(declared, kept):
            if copy.id == copy_id:
                return declared, kept, copy
        raise self._unknown(
            f"The exporter {exporter} has no copy {copy_id[:100]!r}", hint="GET /api/backups lists what exporters keep."
        )

    async def _call(
        self, declared: Declared[BackupExporter], function: Any, *arguments: object, seconds: float, expect: Any
    ) -> Any:
        outcome = await self._plugins.call(
            declared.plugin,
            function,
            *arguments,
            timeout_seconds=seconds,
            expect=expect,
            what=f"kept copies of {declared.declaration.name}",
        )
        if isinstance(outcome, Failed):
            raise ExporterFailed(f"{declared.declaration.title}: {outcome.error}", hint=outcome.hint)
        return outcome.value

    async def _next(self, declared: Declared[BackupExporter], iterator: AsyncIterator[bytes]) -> bytes | None:
        """The next piece; None at the end."""

        async def take() -> bytes | None:
            return await anext(iterator, None)

        return await self._call(declared, take, seconds=_OPEN_SECONDS, expect=_piece)

    async def _pieces(
        self,
        declared: Declared[BackupExporter],
        iterator: AsyncIterator[bytes],
        first: bytes | None,
        copy: KeptCopyInfo,
    ) -> AsyncGenerator[bytes]:
        piece, left = first, copy.size_bytes
        try:
            while piece is not None:
                left -= len(piece)
                if left < 0:
                    raise BrokenOff(f"{declared.declaration.title}: {copy.filename} is longer than its size_bytes")
                if piece:
                    yield piece
                piece = await self._next(declared, iterator)
            if left:
                raise BrokenOff(f"{declared.declaration.title}: {left} bytes of {copy.filename} are missing")
        except ExporterFailed as error:
            raise BrokenOff(error.message) from error
        finally:
            # In a task of its own: a client that went has cancelled this one.
            closing = asyncio.create_task(self._close(declared, iterator))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _close(self, declared: Declared[BackupExporter], iterator: AsyncIterator[bytes]) -> None:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await self._plugins.call(declared.plugin, close, timeout_seconds=_CLOSE_SECONDS, what="closing a copy")


def _kept_of(declared: Declared[BackupExporter]) -> KeptCopies:
    kept = declared.declaration.kept
    assert kept is not None, "asked for exporters that keep copies alone"
    return kept


def _info(copy: KeptCopy) -> KeptCopyInfo:
    checked = KeptCopy(
        id=copy.id,
        filename=copy.filename,
        created_at=copy.created_at,
        size_bytes=copy.size_bytes,
        sha256=copy.sha256,
    )
    fields = {name: getattr(checked, name) for name in KeptCopyInfo.__struct_fields__}
    return msgspec.convert({**fields, "created_at": checked.created_at.astimezone(UTC)}, KeptCopyInfo)


def _copies(answer: object) -> list[KeptCopyInfo]:
    if not isinstance(answer, Iterable):
        raise PluginError("its list of kept copies is no list", hint="Return a list of KeptCopy.")
    found: list[Any] = list(islice(answer, _MOST_COPIES))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    for copy in found:
        if not isinstance(copy, KeptCopy):
            raise PluginError("its list of kept copies contains something else", hint="Return a list of KeptCopy.")
    # Here, where what goes wrong is the exporter's failure: a subclass may be anything.
    return [_info(copy) for copy in found]


def _chunks(answer: object) -> AsyncIterator[bytes]:
    if not isinstance(answer, AsyncIterator):
        raise PluginError("what it opened is no asynchronous iterator", hint="Make `open` an async generator.")
    return answer  # pyright: ignore[reportUnknownVariableType]


def _piece(answer: object) -> bytes | None:
    if answer is not None and not isinstance(answer, bytes | bytearray | memoryview):
        raise PluginError("it streams something that is not bytes", hint="Yield pieces of bytes.")
    return None if answer is None else bytes(answer)  # pyright: ignore[reportUnknownArgumentType]


def _nothing(answer: object) -> None:
    """What a deletion returns is of no interest."""
