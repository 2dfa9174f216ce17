"""The file of the audit log: several processes, kills, full disks."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from berrypod.audit import file as file_module
from berrypod.audit.file import AuditFile
from tests.storage.making import fill
from tests.storage.processes import python, running

WRITER = """
import sys
from pathlib import Path
from berrypod.audit.file import AuditFile

path, name, count, largest = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
file = AuditFile(path, largest_bytes=largest, kept=50, lock_seconds=60)
print("ready", flush=True)
for number in range(count):
    with file.alone() as alone:
        alone.append(f"{name} {number} {'x' * 80}\\n".encode())
    if number == 50:
        print("fifty", flush=True)
"""


def append(file: AuditFile, *lines: str) -> None:
    with file.alone() as alone:
        alone.append("".join(f"{line}\n" for line in lines).encode())


def content(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db-audit.jsonl"


@pytest.fixture
def file(path: Path) -> AuditFile:
    return AuditFile(path)


class TestAppending:
    def test_lines_stand_one_after_another(self, file: AuditFile, path: Path) -> None:
        append(file, "one")
        append(file, "two", "three")

        assert path.read_bytes() == b"one\ntwo\nthree\n"

    def test_it_is_for_its_owner_alone_whatever_the_umask(self, file: AuditFile, path: Path) -> None:
        before = os.umask(0)
        try:
            append(file, "one")
        finally:
            os.umask(before)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_each_write_is_on_the_disk_before_it_returns(
        self, file: AuditFile, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[bytes] = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.pread(descriptor, 100, 0)))
        monkeypatch.setattr(file_module, "fsync_folder", lambda folder: synced.append(str(folder).encode()))
        append(file, "one")
        append(file, "two")

        assert synced == [str(path.parent).encode(), b"one\n", b"one\ntwo\n"]

    def test_a_torn_line_is_ended_first(self, file: AuditFile, path: Path) -> None:
        """A process was killed while it wrote it."""
        path.write_bytes(b"one\ntw")
        append(file, "three")

        assert path.read_bytes() == b"one\ntw\nthree\n"

    def test_a_folder_that_is_not_there_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            append(AuditFile(tmp_path / "no" / "log"), "one")
        assert not (tmp_path / "no").exists()


class TestAFullDisk:
    def test_leaves_nothing_of_what_did_not_fit(
        self, file: AuditFile, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        append(file, "one")
        write = os.write

        def write_a_little(descriptor: int, data: bytes) -> int:
            monkeypatch.setattr(os, "write", refuse)
            return write(descriptor, data[:3])

        def refuse(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", write_a_little)
        with pytest.raises(OSError, match="No space"):
            append(file, "two")
        assert path.read_bytes() == b"one\n"

    def test_is_met_on_a_real_one(self, small_disk: Path) -> None:
        file = AuditFile(small_disk / "log")
        append(file, "one")
        fill(small_disk / "ballast")
        with pytest.raises(OSError, match="No space left"):
            append(file, "x" * 20_000)
        assert content(file.path) == ["one"]

        (small_disk / "ballast").unlink()
        append(file, "two")
        assert content(file.path) == ["one", "two"]

    def test_what_could_not_be_made_durable_is_taken_back(
        self, file: AuditFile, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        append(file, "one")

        def fail(_: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            append(file, "two")
        assert path.read_bytes() == b"one\n"


class TestRotation:
    def test_a_line_that_comes_when_it_is_full_begins_another(self, path: Path) -> None:
        file = AuditFile(path, largest_bytes=10, kept=2)
        for line in ("aaaaaaaaa", "bbbbbbbbb", "ccccccccc", "ddddddddd"):
            append(file, line)

        assert [content(found) for found in file.paths()] == [["ddddddddd"], ["ccccccccc"], ["bbbbbbbbb"]]
        assert sorted(found.name for found in path.parent.iterdir()) == [path.name, f"{path.name}.1", f"{path.name}.2"]

    def test_the_new_one_is_for_its_owner_alone_too(self, path: Path) -> None:
        file = AuditFile(path, largest_bytes=1, kept=1)
        append(file, "one")
        append(file, "two")

        assert [stat.S_IMODE(found.stat().st_mode) for found in file.paths()] == [0o600, 0o600]

    def test_a_process_that_waited_for_the_lock_writes_to_the_new_one(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = AuditFile(path, largest_bytes=10, kept=2)
        append(file, "aaaaaaaaa")
        lock = fcntl.flock

        def rotated_meanwhile(descriptor: int, how: int) -> None:
            monkeypatch.setattr(fcntl, "flock", lock)
            append(AuditFile(path, largest_bytes=10, kept=2), "b")
            lock(descriptor, how)

        monkeypatch.setattr(fcntl, "flock", rotated_meanwhile)
        append(file, "c")
        assert [content(found) for found in file.paths()[:2]] == [["b", "c"], ["aaaaaaaaa"]]


class TestSeveralProcesses:
    def test_every_line_is_there_once_and_whole_over_all_rotations(self, path: Path) -> None:
        with ExitStack() as stack:
            writers = [stack.enter_context(running(WRITER, path, name, 150, 8_000)) for name in ("ana", "ben", "cleo")]
            assert [writer.wait(120) for writer in writers] == [0, 0, 0]
        found = [line for one in path.parent.iterdir() for line in content(one)]

        assert len(list(path.parent.iterdir())) > 3
        assert sorted(found) == sorted(
            f"{name} {number} {'x' * 80}" for name in ("ana", "ben", "cleo") for number in range(150)
        )

    def test_a_kill_costs_no_line_that_was_written(self, path: Path) -> None:
        with running(WRITER, path, "ana", 1_000_000, 10_000_000) as process:
            assert process.stdout
            assert process.stdout.readline() == "fifty\n"
            os.kill(process.pid, signal.SIGKILL)
            process.wait(60)
        append(AuditFile(path), "after")
        *before, last = content(path)

        assert last == "after"
        whole = [f"ana {number} {'x' * 80}" for number in range(len(before))]
        assert before[:-1] == whole[:-1]
        assert whole[-1].startswith(before[-1])

    def test_one_that_does_not_let_go_of_it_is_not_waited_for_for_ever(self, path: Path) -> None:
        file = AuditFile(path, lock_seconds=0.02)
        append(file, "one")
        with path.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(TimeoutError, match="for too long"):
                append(file, "two")
        append(file, "three")
        assert content(path) == ["one", "three"]


def test_a_reader_of_another_process_sees_what_was_written(file: AuditFile, path: Path) -> None:
    append(file, "one")
    assert python("import sys; print(open(sys.argv[1]).read(), end='')", path) == "one\n"
