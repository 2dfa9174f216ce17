"""A new shop: whole, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alembic.op
import pytest

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.database import Database
from tests.conftest import KEY
from tests.storage.processes import stopped_within

Stop = Callable[..., Any]


def within_the_migration(stop: Stop) -> None:
    """After the fifth table."""
    made: list[str] = []
    create_table = alembic.op.create_table

    def create_or_stop(name: str, *arguments: Any, **keywords: Any) -> Any:
        made.append(name)
        if len(made) == 5:
            stop()
        return create_table(name, *arguments, **keywords)

    alembic.op.create_table = create_or_stop


# Where a kill hits. Each changes the program in a process of its own.
PLACES: dict[str, Callable[[Stop], object]] = {
    "before the first table": lambda stop: setattr(schema, "_migrate", stop),
    "within the migration": within_the_migration,
    "before it gets its name": lambda stop: setattr(os, "link", stop),
    "after it got its name": lambda stop: setattr(schema, "fsync_folder", stop),
}


def killed_while_creating(path: Path, place: str) -> None:
    def work(stop: Stop) -> None:
        PLACES[place](stop)
        schema.create(path, None)

    with stopped_within(work):
        pass


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
async def test_a_new_shop_opens_and_is_private(tmp_path: Path, key: Secret | None) -> None:
    path = tmp_path / "new folder" / "shop.db"
    schema.create(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    database = Database(Settings(environment="test", database_path=path, secret_key_db=key))
    await database.open()
    assert database.encrypted == bool(key)
    for beside in path.parent.glob("shop.db-*"):
        assert stat.S_IMODE(beside.stat().st_mode) in (0o600, 0o700), beside
    await database.close()


@pytest.mark.parametrize("content", [b"", b"something of somebody"])
def test_a_file_that_is_there_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(content)
    with pytest.raises(errors.Conflict) as caught:
        schema.create(path, KEY)
    assert "berrypod serve" in caught.value.hint
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_comes_meanwhile_is_left_alone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.db"
    link = os.link

    def too_late(*arguments: Path) -> None:
        path.write_bytes(b"the other one")
        link(*arguments)

    monkeypatch.setattr(os, "link", too_late)
    with pytest.raises(errors.Conflict):
        schema.create(path, None)
    assert path.read_bytes() == b"the other one"
    assert list(tmp_path.iterdir()) == [path]


def test_the_log_of_a_former_shop_is_not_taken_over(tmp_path: Path) -> None:
    """Somebody removed shop.db and forgot the log, which may hold orders: SQLite would put it into the new file."""
    path = tmp_path / "shop.db"
    path.with_name("shop.db-wal").write_bytes(b"orders")
    with pytest.raises(errors.StrayLog):
        schema.create(path, None)
    assert [each.name for each in tmp_path.iterdir()] == ["shop.db-wal"]


@pytest.mark.parametrize("place", ["before the first table", "within the migration", "before it gets its name"])
async def test_killed_half_way_it_leaves_nothing_that_looks_like_a_shop(tmp_path: Path, place: str) -> None:
    path = tmp_path / "shop.db"
    killed_while_creating(path, place)
    assert not path.exists()
    leftovers = [each.name for each in tmp_path.iterdir()]
    assert leftovers
    assert all(name.startswith(".shop.db.") for name in leftovers)

    schema.create(path, None)
    database = Database(Settings(environment="test", database_path=path))
    await database.open()
    assert {each.name for each in tmp_path.iterdir()} == {"shop.db", "shop.db-lock", "shop.db-wal", "shop.db-shm"}
    await database.close()


async def test_killed_when_it_has_its_name_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    killed_while_creating(path, "after it got its name")
    database = Database(Settings(environment="test", database_path=path))
    await database.open()
    await database.close()
    assert {each.name for each in tmp_path.iterdir()} == {"shop.db", "shop.db-lock"}
