"""Two databases on one file in one process.

POSIX drops all locks of a process on a file when any descriptor of it is closed there: a file that is open must not be
opened and closed a second time, not even to read its salt.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import identify, unlocked
from tests.storage.making import keys_of, put
from tests.storage.processes import python

OTHER_KEY = Secret("another key, as long as the first one is")


async def test_a_file_that_is_open_here_is_not_opened_and_closed_again(
    encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Database(encrypted_settings), Database(encrypted_settings)
    await first.open()
    touched: list[Path] = []
    path_open = Path.open

    def watch(path: Path, *arguments: Any, **keywords: Any) -> Any:
        touched.append(path)
        return path_open(path, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", watch)
    monkeypatch.setattr(os, "open", _refuse(os.open, encrypted_settings.database_path))
    await second.open()
    await put(second, "a")
    assert await first.fetch(keys_of) == ["a"]
    with pytest.raises(errors.WrongKey):
        await Database(replace(encrypted_settings, secret_key_db=OTHER_KEY)).open()
    with pytest.raises(errors.KeyMissing):
        await Database(replace(encrypted_settings, secret_key_db=None)).open()
    # A rollback journal is looked for: nobody has a lock on one, in this mode.
    journal = encrypted_settings.database_path.with_name("encrypted.db-journal")
    assert not [path for path in touched if path.name.startswith("encrypted.db") and path != journal]
    await second.close()
    await put(first, "b")
    await first.close()


async def test_nor_is_it_read_as_a_backup(encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(encrypted_settings)
    await database.open()
    monkeypatch.setattr(Path, "open", _refuse(Path.open, encrypted_settings.database_path))
    with pytest.raises(errors.DatabaseLocked, match="this very process"):
        identify(encrypted_settings.database_path, encrypted_settings.secret_key_db)
    await database.close()


async def test_a_hard_link_is_the_same_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    link = settings.database_path.with_name("link.db")
    link.hardlink_to(settings.database_path)
    database = Database(settings)
    await database.open()
    monkeypatch.setattr(Path, "open", _refuse(Path.open, link))
    with unlocked(link, None) as key:
        assert key is None
    await database.close()


async def test_the_locks_of_this_process_hold_while_it_opens_the_file_twice(settings: Settings) -> None:
    """What the above is for, seen from outside: another process, closing last, must not delete the log."""
    first, second = Database(settings), Database(settings)
    await first.open()
    await put(first, "a")
    await second.open()
    await second.close()
    python(
        "import sys; from pathlib import Path; from berrypod.storage.connection import open_connection;"
        "open_connection(Path(sys.argv[1]), None).close()",
        settings.database_path,
    )
    log = settings.database_path.with_name("shop.db-wal")
    assert log.exists(), "the other process took itself for the last one"
    await put(first, "b")
    await first.close()
    reader = open_connection(settings.database_path, None)
    assert keys_of(reader) == ["a", "b"]
    reader.close()


def _refuse(original: Callable[..., Any], path: Path) -> Callable[..., Any]:
    def opening(*arguments: Any, **keywords: Any) -> Any:
        assert str(arguments[0]) != str(path), "opened the file itself"
        return original(*arguments, **keywords)

    return opening
