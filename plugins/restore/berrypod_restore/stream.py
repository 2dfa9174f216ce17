"""The stages of a restore as they come, for the page: server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec
from litestar.response import ServerSentEvent, ServerSentEventMessage

from berrypod_restore.faults import RestoreUnknown
from berrypod_restore.records import RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.wording import doing

# Proxies break off a connection on which nothing is said for a minute or so.
_SAY_SOMETHING_SECONDS: Final = 15.0

_TRY_AGAIN_MILLISECONDS: Final = 1000


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `words` say what is under way; the script moves the bar and the marks by the others."""

    state: str
    step: str
    progress: float
    words: str

    @classmethod
    def of(cls, record: RestoreRecord) -> Told:
        return cls(state=record.state, step=record.stage, progress=round(record.progress, 4), words=doing(record))


async def restore_events(
    restores: Restores, restore_id: str, *, tell: Callable[[RestoreRecord], object] = Told.of
) -> ServerSentEvent:
    """`restore` for each change, and `end` when nobody works on it any more.

    :param tell: what is told of a record: what the page's script needs, unless something else is given.
    :raises RestoreUnknown: there is none of this id, or no longer.
    """
    await restores.get(restore_id)
    return ServerSentEvent(_messages(restores.changes(restore_id), tell), retry_duration=_TRY_AGAIN_MILLISECONDS)


async def _messages(
    changes: AsyncGenerator[RestoreRecord], tell: Callable[[RestoreRecord], object]
) -> AsyncGenerator[ServerSentEventMessage]:
    coming = asyncio.ensure_future(_next(changes))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=_SAY_SOMETHING_SECONDS)
            if not done:
                yield ServerSentEventMessage(data=None, comment="still here")
                continue
            record = coming.result()
            if record is None:
                break
            yield ServerSentEventMessage(event="restore", data=msgspec.json.encode(tell(record)))
            coming = asyncio.ensure_future(_next(changes))
        yield ServerSentEventMessage(event="end", data="")
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await changes.aclose()


async def _next(changes: AsyncGenerator[RestoreRecord]) -> RestoreRecord | None:
    """None at the end, which for one that is discarded comes early."""
    try:
        return await anext(changes, None)
    except RestoreUnknown:
        return None
