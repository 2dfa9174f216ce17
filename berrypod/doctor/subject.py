"""What is examined: settings, plugins and the file, each as far as it could be understood."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.doctor.opening import Opening
from berrypod.plugins import Plugins
from berrypod.settings import Secret, Settings
from berrypod.storage import handover, log, schema
from berrypod.storage.diagnosis import identify, require_file
from berrypod.storage.keys import DatabaseKey


@dataclass(frozen=True)
class Unlocked:
    """The file is readable, and this opens it. `key` is None for a file that is not encrypted."""

    key: DatabaseKey | None = field(repr=False)


@dataclass(kw_only=True)
class Subject:
    """One shop, as its environment describes it.

    `settings` is what could be understood of the environment; `misunderstood` is the rest. `plugins` is None, and
    `plugin_trouble` says why, if they could not be found; `key_trouble` is why a plugin did not give the key.

    The properties are found out when they are first asked for. `lock`, which reads the file's bytes, does not open it:
    see `storage.keys.read_salt` for why that comes first.
    """

    settings: Settings
    now: datetime
    thorough: bool = False
    env_file: Path | None = None
    misunderstood: Sequence[errors.SettingsError] = ()
    plugins: Plugins | None = None
    plugin_trouble: errors.BerrypodError | None = None
    key_trouble: errors.BerrypodError | None = None
    progress: Callable[[float], None] = lambda _: None
    _opening: Opening | None = field(default=None, init=False)

    @property
    def path(self) -> Path:
        """Without links: what lies beside the file lies beside the file itself."""
        return self.settings.database_path.resolve()

    def beside(self, end: str) -> Path:
        """The path of what belongs to the file and has its name with `end`."""
        return self.path.with_name(self.path.name + end)

    @cached_property
    def lock(self) -> Unlocked | errors.StorageError:
        """What opens the file, by its bytes alone; or why nothing does."""
        try:
            return Unlocked(identify(self.path, self.settings.secret_key_db))
        except errors.StorageError as error:
            return error

    @cached_property
    def passphrase(self) -> Secret | None:
        """What opens the file: the key of the settings or, after a change of the key, the one that came after it."""
        own = self.settings.secret_key_db
        return handover.current(self.path, own, self.lock.key) if isinstance(self.lock, Unlocked) else own

    @property
    def encrypted(self) -> bool:
        """True unless the file is known to be a plain one."""
        return not (isinstance(self.lock, errors.KeyNotNeeded) or self.lock == Unlocked(None))

    @cached_property
    def log_is_stray(self) -> bool | None:
        """True if the log beside the file belongs to another; None if there is no key to tell by."""
        if not isinstance(self.lock, Unlocked):
            return None
        return self.lock.key is not None and not log.belongs(self.path, self.lock.key)

    @cached_property
    def unreadable(self) -> errors.StorageError | None:
        """Why no query can be run on the file; None if it can."""
        try:
            with self._connection() as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except errors.StorageError as error:
            return error
        return None

    @cached_property
    def not_a_shop(self) -> errors.StorageError | None:
        """Why nothing of a shop can be read from the file; None if it can."""
        try:
            with self.connection() as connection:
                schema.revision_of(connection)
        except errors.ForeignDatabase:
            return errors.ForeignDatabase(f"{self.path} is a database, but not of a Berrypod shop")
        except errors.StorageError as error:
            return error
        return None

    @contextmanager
    def connection(self) -> Generator[dbapi2.Connection]:
        """A connection that can only read, and leaves no trace.

        :raises StorageError: the file cannot be opened.
        """
        if self.unreadable is not None:
            raise self.unreadable
        with self._connection() as connection:
            yield connection

    @contextmanager
    def _connection(self) -> Generator[dbapi2.Connection]:
        require_file(self.path)
        if isinstance(self.lock, errors.StorageError):
            raise self.lock
        if self._opening is None:
            self._opening = Opening(self.path, self.lock.key, with_log=not self.log_is_stray)
        with self._opening.connection() as connection:
            yield connection

    def __enter__(self) -> Subject:
        return self

    def __exit__(self, *error: object) -> None:
        if self._opening is not None:
            self._opening.__exit__(*error)
