"""Calling `async` functions from tests that are plain, with the database open and failures as AssertionError."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from berrypod.isolation import Failed, Outcome
from berrypod.storage.database import Database

T = TypeVar("T")


def run(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own; also where a loop is running already."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(asyncio.run(job))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was called
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result()


@asynccontextmanager
async def opened(database: Database) -> AsyncGenerator[Database]:
    """The database, open within the block: for tests that are async themselves."""
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def value_of(database: Database, name: str, ask: Callable[[], Awaitable[Outcome[T]]]) -> T:
    """What `ask` answers, with the database open. `name` is whom it asks.

    :raises AssertionError: it failed; the text is `name` and the error.
    """

    async def with_database() -> Outcome[T]:
        async with opened(database):
            return await ask()

    return answered(name, run(with_database()))


def answered(name: str, outcome: Outcome[T]) -> T:
    """What `name` answered.

    :raises AssertionError: it failed; the text is `name` and the error.
    """
    if isinstance(outcome, Failed):
        raise AssertionError(f"{name}: {outcome.error}. {outcome.hint or ''}")
    return outcome.value
