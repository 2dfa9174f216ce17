"""Look-ups that every request repeats, kept for as long as nothing in the file has changed."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from berrypod.storage.database import Database

V = TypeVar("V")

_MOST_ENTRIES: Final = 1_000


class VersionedCache(Generic[V]):
    """Forgets everything as soon as anything was committed, by whichever process: a revocation counts at once.

    Take the version before the look-up and hand it to `put`: what was read before a commit is then never kept after it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version: int | None = None
        self._entries: dict[str, V] = {}

    def version(self) -> int:
        """The version of the file now. Forgets what was kept under another."""
        version = self._database.data_version()
        if version != self._version:
            self._entries.clear()
            self._version = version
        return version

    def get(self, key: str) -> V | None:
        """The entry, if it is still true."""
        self.version()
        return self._entries.get(key)

    def put(self, version: int, key: str, value: V) -> None:
        """Keep what was looked up after `version` was taken."""
        if version != self.version():
            return
        if len(self._entries) >= _MOST_ENTRIES:
            self._entries.clear()
        self._entries[key] = value
