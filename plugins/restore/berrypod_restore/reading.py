"""Reading one of the two files that are compared: in one state, as bytes, and with words for one that breaks off."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any, TypeAlias, TypeVar

from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseDamaged, StorageError
from berrypod.shop.settings import read_setting
from berrypod.storage.failures import is_unusable_after, result_code

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

_IO_ERROR = 10


class CurrentUnreadable(StorageError):
    """The shop's own file can be opened, and cannot be read to its end. Its backup can be restored all the same."""

    code = "current_unreadable"
    title = "The shop's file cannot be read"


class Source:
    """One file, open. Text comes as bytes: what is no UTF-8 is compared as well as the rest, and all of it sooner."""

    def __init__(self, connection: dbapi2.Connection, unreadable: Callable[[str], StorageError]) -> None:
        """`unreadable` makes the error of a page that cannot be read out of the driver's words."""
        self._connection = connection
        self._unreadable = unreadable

    def rows(self, statement: str, *values: object) -> Generator[Row]:
        """The rows of a query, one by one.

        :raises StorageError: what `unreadable` made of a damaged page, or of a disk that does not work.
        """
        try:
            yield from self._connection.execute(statement, values)
        except (dbapi2.Error, MemoryError) as error:
            raise self._explained(error) from error

    def row(self, statement: str, *values: object) -> Row | None:
        with closing(self.rows(statement, *values)) as rows:
            return next(rows, None)

    def asked(self, job: Callable[[dbapi2.Connection], T]) -> T:
        """The answer of a job that expects text as text."""
        self._connection.text_factory = str
        try:
            return job(self._connection)
        except (dbapi2.Error, MemoryError) as error:
            raise self._explained(error) from error
        finally:
            self._connection.text_factory = bytes

    def setting(self, key: str) -> Any:
        """What the admin has set, or its default."""
        try:
            return read_setting(self._connection, key)
        except (dbapi2.Error, MemoryError) as error:
            raise self._explained(error) from error

    def _explained(self, error: dbapi2.Error | MemoryError) -> Exception:
        """One of ours for what the file is to blame for. An interrupt, or a mistake in SQL, stays what it is."""
        if is_unusable_after(error) or result_code(error) == _IO_ERROR:
            return self._unreadable(str(error) or "memory ran out, or a page is damaged")
        return error


@contextmanager
def reading_current(connection: dbapi2.Connection) -> Generator[Source]:
    """The shop's own file, in one state: orders that come meanwhile are not seen."""

    def unreadable(words: str) -> StorageError:
        return CurrentUnreadable(f"The shop's file cannot be read to its end ({words})")

    with _reading(connection, unreadable) as source:
        yield source


@contextmanager
def reading_candidate(connection: dbapi2.Connection) -> Generator[Source]:
    """The file that is to replace it."""

    def unreadable(words: str) -> StorageError:
        return DatabaseDamaged(f"The file to be restored cannot be read to its end ({words})")

    with _reading(connection, unreadable) as source:
        yield source


@contextmanager
def _reading(connection: dbapi2.Connection, unreadable: Callable[[str], StorageError]) -> Generator[Source]:
    text_factory, begins = connection.text_factory, not connection.in_transaction
    connection.text_factory = bytes
    if begins:
        connection.execute("BEGIN")
    try:
        yield Source(connection, unreadable)
    finally:
        connection.text_factory = text_factory
        if begins:
            connection.rollback()
