"""Sessions of SQLAlchemy: as many at a time as there are connections, first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.storage.failures import explain_use
from berrypod.storage.turns import Turns

_TURN_SECONDS = 15.0


class Sessions:
    """Sessions of one engine, each in a transaction of its own.

    The turns are given here and not by the engine's pool, which serves whoever asks at the right moment: one task that
    writes in a loop would keep all others waiting.
    """

    def __init__(self, engine: AsyncEngine, path: Path, *, limit: int, writing: bool) -> None:
        self._engine = engine
        self._path = path
        self._writing = writing
        self._turns = Turns(limit)
        self._holders: set[asyncio.Task[Any] | None] = set()
        self._closed = False

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """A session in a transaction that is committed at the end of the block, or rolled back.

        :raises DatabaseBusy: the turn did not come in time.
        :raises StorageError: the subclass that says why the file cannot be read or written.
        """
        async with self._turn():
            try:
                async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                    yield session
            except exc.DBAPIError as error:
                if translated := self._translate(error):
                    raise translated from error
                raise

    async def drain(self, *, timeout: float) -> None:
        """Wait until the open sessions have ended, and let none begin. Who waits for a turn goes on waiting.

        :raises DatabaseBusy: they did not end in time. Sessions may begin as before then.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._turns.hold()
        except TimeoutError:
            raise errors.DatabaseBusy(f"Sessions were still open after {timeout:g} s") from None

    def resume(self) -> None:
        """Undo `drain`."""
        self._turns.resume()

    async def close(self) -> None:
        """Close the connections. Call `drain` before."""
        self._closed = True
        self.resume()  # Whoever waits for a turn is told that there will be none.
        await self._engine.dispose()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        task = asyncio.current_task()
        if self._writing and task in self._holders:
            raise RuntimeError("write() within write(): the inner one would wait for the outer one for ever")
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._turns.take()
        except TimeoutError:
            raise errors.DatabaseBusy from None
        self._holders.add(task)
        try:
            if self._closed:
                raise errors.DatabaseClosed
            yield
        finally:
            self._holders.discard(task)
            self._turns.give()

    def _translate(self, error: exc.DBAPIError) -> errors.StorageError | None:
        original = error.orig
        return explain_use(original, self._path, writing=self._writing) if isinstance(original, dbapi2.Error) else None
