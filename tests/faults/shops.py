"""Shops in folders of their own, and what may become of them."""

from __future__ import annotations

import random
import shutil
import struct
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.log import log_path
from berrypod.storage.swap_outcomes import Operation
from tests.conftest import KEY
from tests.faults import commands, work
from tests.faults.forks import Forks

_LOG_ROWS = 400
_LOG_HEADER, _FRAME_HEADER = 32, 24


@dataclass(frozen=True)
class Templates:
    """Files that shops are made of, made once.

    `sibling` is a copy of the shop with other rows: a backup of it, with the same salt and mostly the same pages. A log
    of the one beside the other is not noticed by anything but the content. `stranger` has the same key, and a salt of
    its own. `damaged` and `wrecked` have a log: of the one the first page is damaged, of the other none is left.
    """

    shop: Path
    with_log: Path
    damaged: Path
    wrecked: Path
    sibling: Path
    stranger: Path
    digests: dict[str, str]

    @classmethod
    def make(cls, folder: Path, empty_encrypted_file: Path, forks: Forks) -> Templates:
        paths = {name: folder / f"{name}.db" for name in _NAMES}
        shutil.copyfile(empty_encrypted_file, paths["shop"])
        _fill(paths["shop"], "of the shop")
        for name in ("with_log", "damaged", "wrecked", "sibling"):
            shutil.copyfile(paths["shop"], paths[name])
        schema.create(paths["stranger"], KEY)
        _fill(paths["stranger"], "of another")
        _fill(paths["sibling"], "of the backup", first=3)
        _leave_log(forks, paths["with_log"], [(_INSERT, (f"log-{n}", "x" * 800)) for n in range(_LOG_ROWS)])
        for name in ("damaged", "wrecked"):
            # Changes of rows where they are: the first page is in the file alone.
            _leave_log(forks, paths[name], [("UPDATE settings SET updated_at = '2026-03-15'", ())])
        _overwrite(paths["damaged"], start=100, length=120)
        _overwrite(paths["wrecked"], start=0, length=paths["wrecked"].stat().st_size)
        forks.prepare(work.remember_keys, paths=tuple(paths[name] for name in ("shop", "stranger", "wrecked")))
        digests = {
            name: _digest(forks, folder, path) for name, path in paths.items() if name not in ("damaged", "wrecked")
        }
        digests["empty"] = _digest(forks, folder, empty_encrypted_file)
        return cls(**paths, digests=digests)

    def warm(self, forks: Forks) -> None:
        """Have another process remember the keys, and import what the commands need."""
        forks.prepare(work.remember_keys, paths=(self.shop, self.stranger, self.wrecked))
        forks.prepare(commands.import_all)


_NAMES = ("shop", "with_log", "damaged", "wrecked", "sibling", "stranger")
_INSERT = "INSERT INTO settings (key, value, updated_at) VALUES (?, json_quote(?), '2026-03-14')"


def _fill(path: Path, whose: str, *, first: int = 0) -> None:
    with closing(open_connection(path, find_key(path, KEY))) as connection:
        connection.execute("BEGIN")
        for number in range(first, first + 40):
            connection.execute(
                f"{_INSERT} ON CONFLICT DO UPDATE SET value = excluded.value", (f"row-{number}", whose * 60)
            )
        connection.execute("COMMIT")


def _leave_log(forks: Forks, path: Path, statements: list[tuple[str, tuple[str, ...]]]) -> None:
    assert forks.run(work.write_into_log, path=path, statements=statements).killed
    assert log_path(path).stat().st_size > PAGE_BYTES
    path.with_name(path.name + "-shm").unlink()


def _overwrite(path: Path, *, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(random.Random(4711).randbytes(length))


def _digest(forks: Forks, folder: Path, path: Path) -> str:
    copy = folder / "copy" / path.name
    copy.parent.mkdir(exist_ok=True)
    copy_with_log(path, copy)
    return str(forks.run(work.digest_of, path=copy).result())


def copy_with_log(path: Path, target: Path) -> None:
    shutil.copyfile(path, target)
    target.chmod(0o600)
    if log_path(path).exists():
        shutil.copyfile(log_path(path), log_path(target))


@dataclass(frozen=True)
class Layout:
    """Where the files of a shop are during a replacement, as the restore plugin has them."""

    folder: Path
    operation: Operation

    @property
    def path(self) -> Path:
        return self.folder / "shop.db"

    @property
    def staged(self) -> Path:
        """What is undone to is the former database itself."""
        if self.operation == "undo":
            return self.former.with_name("shop-20260314-140000.db")
        return self.folder / "shop.db-work" / "restore" / "data" / work.SWAP_ID / "candidate.db"

    @property
    def former(self) -> Path:
        return self.folder / "shop.db-former" / "shop-20260314-150000.db"

    def files(self) -> dict[str, int]:
        """All files below the folder and how many names each has, but for the gate's."""
        return {
            str(path.relative_to(self.folder)): path.stat().st_nlink
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in ("shop.db-lock", "shop.db-announcement")
        }


def with_log_folded(path: Path) -> bytes:
    """A file with the pages of its log where they belong, whatever state either is in."""
    content = bytearray(path.read_bytes())
    with suppress(FileNotFoundError):
        log = log_path(path).read_bytes()
        for start in range(_LOG_HEADER, len(log) - PAGE_BYTES, _FRAME_HEADER + PAGE_BYTES):
            (number,) = struct.unpack(">I", log[start : start + 4])
            page = log[start + _FRAME_HEADER : start + _FRAME_HEADER + PAGE_BYTES]
            content[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] = page
    return bytes(content)


def put(files: Iterable[tuple[Path, Path]]) -> None:
    for source, target in files:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_with_log(source, target)
