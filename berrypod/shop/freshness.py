"""Answers that are kept until anything in the file changes.

A cache that is told what changed will one day not be told. This one asks the file instead: `Database.data_version()`
differs after every commit of every process, and takes microseconds. It is read *before* a value is built, so that a
value can only be newer than its version says. Everything of an older version is dropped at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from cachetools import LRUCache

T = TypeVar("T")

# What an entry costs besides its value: keys, objects, the cache's own lists.
_OVERHEAD_BYTES: Final = 500
# A value that would push out an eighth of all the others is not worth keeping.
_LARGEST_SHARE: Final = 8


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    size: int


class Freshness:
    """Values by key, valid while `version()` stays the same, bounded by bytes; the least recently used go first.

    For the event loop's thread alone. Values are shared between callers: they must not be changed.
    """

    def __init__(self, version: Callable[[], int], *, max_bytes: int) -> None:
        self._read_version = version
        self._max_bytes = max_bytes
        self._version = -1
        self._kept = self._empty()
        self._building: dict[Hashable, asyncio.Task[Any]] = {}

    @property
    def size_bytes(self) -> int:
        """What the kept values take, overhead included."""
        return int(self._kept.currsize)

    async def get(self, key: Hashable, build: Callable[[], Awaitable[T]], size: Callable[[T], int] = len) -> T:  # pyright: ignore[reportArgumentType]
        """The value of `key`: the kept one while nothing was committed since, otherwise built anew.

        Callers that come while it is being built wait for the same building: a commit must not make a hundred
        waiting customers cause a hundred renderings. `size` gives a value's bytes. What `build` raises is raised, and
        not kept.
        """
        version = self._current()
        kept = self._kept.get(key)
        if kept is not None:
            return cast("T", kept.value)
        task = self._building.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._build(key, version, build, size))
            self._building[key] = task
            task.add_done_callback(_retrieve)
        # Shielded: the one who came first may hang up, and the others still wait.
        return await asyncio.shield(cast("asyncio.Task[T]", task))

    def _current(self) -> int:
        version = self._read_version()
        if version != self._version:
            self._version = version
            self._kept = self._empty()
            self._building = {}
        return version

    async def _build(
        self, key: Hashable, version: int, build: Callable[[], Awaitable[T]], size: Callable[[T], int]
    ) -> T:
        building = self._building
        try:
            value = await build()
            entry = _Kept(value, size(value) + _OVERHEAD_BYTES)
            if version == self._version and entry.size <= self._max_bytes // _LARGEST_SHARE:
                self._kept[key] = entry
            return value
        finally:
            building.pop(key, None)

    def _empty(self) -> LRUCache[Hashable, _Kept]:
        return LRUCache(self._max_bytes, getsizeof=lambda entry: entry.size)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Looks at the error, if any: when all who waited have hung up, asyncio would otherwise report it as lost."""
    if not task.cancelled():
        task.exception()
