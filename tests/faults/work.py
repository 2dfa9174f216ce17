"""What is done in a process that may be killed: a replacement, and what the next process finds."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import signal
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from berrypod.errors import BerrypodError, WrongKey
from berrypod.maintenance import Maintenance
from berrypod.settings import Secret, Settings
from berrypod.storage import faults, log
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key, identify
from berrypod.storage.files import file_mark
from berrypod.storage.keys import DatabaseKey, read_salt
from berrypod.storage.swap import Swap
from berrypod.storage.swap_outcomes import Operation, Outcome, outcomes
from tests.conftest import KEY

SWAP_ID = "20260314-150000-5eed"

NOBODY = 65_534

# Of `berrypod.storage.keys.passphrase_fingerprint`.
FINGERPRINT_SALT = b"berrypod:fprint:"

# Who is signed in is carried over, and comes and goes by itself: not what a shop is.
_PASSING = ("admin_sessions", "login_attempts")


@dataclass(frozen=True)
class Stop:
    """Where a process is stopped: at the `at`th point that it reaches, by SIGKILL or by an error of the disk.

    With a name, only points of that name are counted: what is written in the background comes when it comes. With
    seconds, it is killed so much later, wherever it is then. With something to do, that is done and it goes on.
    """

    at: int
    errno: int | None = None
    point: str | None = None
    later: float = 0.0
    do: Callable[[], object] | None = None


@dataclass(frozen=True)
class Told:
    """What a replacement that was not killed says: the points that it passed, and its error."""

    points: list[str]
    error: str | None = None
    code: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Looked:
    """What a process finds that comes afterwards. `code` is of the error if the shop cannot be opened."""

    points: list[str]
    digest: str | None
    code: str | None
    outcomes: list[Outcome] = field(default_factory=list[Outcome])


_keys: dict[tuple[str, bytes], DatabaseKey] = {}
_derive = DatabaseKey.derive


def remember_keys(paths: tuple[Path, ...], passphrases: tuple[str, ...] = (KEY.reveal(),)) -> None:
    """Derive the keys of these files once for all forks: each takes 90 ms, and there are hundreds."""
    DatabaseKey.derive = _remembered
    for passphrase, salt in product(passphrases, (*map(read_salt, paths), FINGERPRINT_SALT)):
        _remembered(Secret(passphrase), salt)


def _remembered(passphrase: Secret, salt: bytes) -> DatabaseKey:
    asked = (passphrase.reveal(), salt)
    if asked not in _keys:
        _keys[asked] = _derive(passphrase, salt)
    return _keys[asked]


def replace(path: Path, staged: Path, former: Path, operation: Operation, links: bool, stop: Stop | None) -> Told:
    """Put `staged` in the place of `path`, alone with it, as an operation of a plugin does."""
    points = watch(stop)
    if not links:
        os.link = _no_links
    try:
        asyncio.run(_replace(path, staged, former, operation))
    except BerrypodError as error:
        return Told(points, error.message, error.code, error.hint)
    except Exception as error:
        return Told(points, repr(error))
    return Told(points)


async def _replace(path: Path, staged: Path, former: Path, operation: Operation) -> None:
    maintenance = Maintenance(Database(settings_of(path)))
    key = await asyncio.to_thread(identify, staged, KEY)
    plan = Swap(
        id=SWAP_ID,
        operation=operation,
        staged=staged,
        staged_key=key,
        staged_mark=file_mark(staged),
        former=former,
        look=lambda _: None,
        carry=_carry_sessions,
    )
    async with maintenance.alone(operation) as alone:
        await alone.replace(plan)


def _carry_sessions(live: dbapi2.Connection, staged: dbapi2.Connection) -> None:
    staged.execute("BEGIN IMMEDIATE")
    staged.execute("DELETE FROM admin_sessions")
    rows = live.execute("SELECT * FROM admin_sessions").fetchall()
    staged.executemany("INSERT INTO admin_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    staged.execute("COMMIT")


def look(path: Path, links: bool = True, stop: Stop | None = None) -> Looked:
    """Open the shop as the next process does, and close it."""
    points = watch(stop)
    if not links:
        os.link = _no_links
    try:
        _require_own_log(path)
        digest = asyncio.run(digest_of_open(path))
    except BerrypodError as error:
        return Looked(points, None, error.code, outcomes(path))
    return Looked(points, digest, None, outcomes(path))


def _require_own_log(path: Path) -> None:
    """The one thing that must never be: the log of one file beside another."""
    if path.exists() and log.log_path(path).exists():
        with suppress(WrongKey):  # Nothing can be said of a file that is none any more.
            key = identify(path, KEY)
            assert key is not None
            assert log.belongs(path, key), "the log of another file lies beside the shop's"


async def digest_of_open(path: Path) -> str:
    database = Database(settings_of(path))
    await database.open()
    try:
        return await database.run_in_thread(content_digest)
    finally:
        await database.close()


def digest_of(path: Path) -> str:
    """Of the content of a file that nobody has open."""
    with closing(open_connection(path, find_key(path, KEY))) as connection:
        return content_digest(connection)


def content_digest(connection: dbapi2.Connection) -> str:
    """Of all rows of all tables but those that come and go by themselves; of a file that is whole."""
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    digest = hashlib.sha256()
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    for table in tables:
        if table not in _PASSING:
            digest.update(f"\n{table}\n".encode())
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid"):
                digest.update(repr(row).encode())
    return digest.hexdigest()[:16]


def write_into_log(path: Path, statements: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Commit to a file, and die with the log not folded into it."""
    connection = open_connection(path, find_key(path, KEY))
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    for statement, values in statements:
        connection.execute(statement, values)
    os.kill(os.getpid(), signal.SIGKILL)


def settings_of(path: Path) -> Settings:
    return Settings(environment="test", database_path=path, secret_key_db=KEY)


class Points(list[str]):
    """The points that were reached, and when, in seconds from the beginning."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.times: list[float] = []

    def reach(self, point: str) -> None:
        self.append(point)
        self.times.append(time.monotonic() - self.begun)


def watch(stop: Stop | None) -> Points:
    """The points that are reached from now on, until the one where it is stopped."""
    points = Points()

    def on_reach(point: str) -> None:
        points.reach(point)
        if stop is None or stop.point not in (None, point):
            return
        if (len(points) if stop.point is None else points.count(point)) - 1 == stop.at:
            if stop.do is not None:
                stop.do()
            elif stop.errno is not None:
                raise OSError(stop.errno, os.strerror(stop.errno))
            elif stop.later:
                threading.Timer(stop.later, os.kill, (os.getpid(), signal.SIGKILL)).start()
            else:
                os.kill(os.getpid(), signal.SIGKILL)

    faults.on_reach = on_reach
    return points


def stop_at(moment: float, points: list[str], times: list[float]) -> Stop:
    """A moment of an undisturbed run, told from the last point before it: on a busy machine everything is later."""
    before = max(bisect_right(times, moment) - 1, 0)
    point = points[before]
    return Stop(points[:before].count(point), point=point, later=max(moment - times[before], 1e-6))


def _no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def fill(folder: Path) -> None:
    """Write until the disk of `folder` is full, as somebody else's program does."""
    with (folder / "ballast").open("ab", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1_000_000)):
            pass
    with (folder / "ballast").open("ab", buffering=0) as file, suppress(OSError):
        while file.write(bytes(100)):
            pass


def lock_folders(folder: Path) -> None:
    """Take the right to write away from the folder and all below it, as an admin does by mistake."""
    for each in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        each.chmod(0o555)


def become_nobody() -> None:
    """Be a user to whom rights apply."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
