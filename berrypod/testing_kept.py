"""Kept copies of an exporter, for tests: asked as the shop asks, and checked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from berrypod.declarations import KeptCopies, KeptCopy
from berrypod.errors import PluginError
from berrypod.isolation import Failed, Ok, Outcome
from berrypod.plugin_host import answers
from berrypod.plugins import Plugins
from berrypod.storage.database import Database
from berrypod.testing_calls import value_of

T = TypeVar("T")

_LIST_SECONDS = 2.0
_OTHER_SECONDS = 30.0
_MOST_COPIES = 10_000


@dataclass(frozen=True, kw_only=True)
class CheckedCopies:
    """What an exporter keeps, or what lies at an address. Each method opens the database and waits.

    `name` is the exporter's, or the address; `plugin` the one that brings it.
    """

    plugins: Plugins
    database: Database
    name: str
    plugin: str
    kept: KeptCopies

    def list(self) -> tuple[KeptCopy, ...]:
        """All copies.

        :raises AssertionError: it failed, took longer than 2 seconds, or its answer is no list of KeptCopy with an id
            each, the newest first.
        """
        return self._value(lambda: self._call(self.kept.list, seconds=_LIST_SECONDS, expect=_copies))

    def open(self, copy_id: str) -> bytes:
        """The bytes of a copy, all at once.

        :raises AssertionError: it failed, took long, or yielded something that is not bytes.
        """

        async def read() -> Outcome[bytes]:
            opened = await self._call(self.kept.open, copy_id, expect=_pieces)
            return opened if isinstance(opened, Failed) else await self._joined(opened.value)

        return self._value(read)

    def delete(self, copy_id: str) -> None:
        """Remove a copy.

        :raises AssertionError: it failed or took long.
        """
        self._value(lambda: self._call(self.kept.delete, copy_id, expect=answers.nothing))

    async def _joined(self, pieces: AsyncIterator[bytes]) -> Outcome[bytes]:
        async def take() -> bytes | None:
            return await anext(pieces, None)

        found: list[bytes] = []
        while True:
            outcome = await self._call(take, expect=_piece)
            if isinstance(outcome, Failed):
                return outcome
            if outcome.value is None:
                return Ok(b"".join(found))
            found.append(outcome.value)

    async def _call(
        self,
        function: Callable[..., object],
        *arguments: object,
        expect: Callable[[Any], T],
        seconds: float = _OTHER_SECONDS,
    ) -> Outcome[T]:
        return await self.plugins.call(self.plugin, function, *arguments, timeout_seconds=seconds, expect=expect)

    def _value(self, ask: Callable[[], Awaitable[Outcome[T]]]) -> T:
        return value_of(self.database, self.name, ask)


def _copies(answer: object) -> tuple[KeptCopy, ...]:
    if answer is None:
        raise PluginError("it returned None", hint="Return a list of KeptCopy, or an empty one.")
    found = answers.declarations(answer, KeptCopy, _MOST_COPIES)
    ids = [copy.id for copy in found]
    for copy in found:
        if ids.count(copy.id) > 1:
            raise PluginError(f"it listed two copies with the id {copy.id!r}", hint="Give each copy its own id.")
    if any(older.created_at > newer.created_at for newer, older in pairwise(found)):
        raise PluginError("its copies are not in order", hint="List the newest first.")
    return tuple(found)


def _pieces(answer: object) -> AsyncIterator[bytes]:
    if not isinstance(answer, AsyncIterator):
        raise PluginError("what it opened is no asynchronous iterator", hint="Make `open` an async generator.")
    return answer  # pyright: ignore[reportUnknownVariableType]


def _piece(answer: object) -> bytes | None:
    if answer is not None and not isinstance(answer, bytes | bytearray | memoryview):
        raise PluginError(f"it yielded {answers.kind_of(answer)}", hint="Yield pieces of bytes.")
    return None if answer is None else bytes(answer)  # pyright: ignore[reportUnknownArgumentType]
