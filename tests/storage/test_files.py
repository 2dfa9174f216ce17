"""Files that are there whole or not at all, and leftovers that go."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from berrypod.errors import DiskFull, FolderNotWritable, StorageError
from berrypod.storage import files
from berrypod.storage.files import (
    claimed,
    free_bytes,
    is_claimed,
    make_private_folder,
    people_size,
    rename_to_new,
    require_space,
    sweep,
    temporary_path,
    write_durably,
)
from tests.storage.making import fill
from tests.storage.processes import as_nobody, running


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestWriteDurably:
    def test_the_file_is_there_private_and_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "state.json"
        write_durably(path, b"one")
        assert path.read_bytes() == b"one"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        write_durably(path, b"two", mode=0o640)
        assert path.read_bytes() == b"two"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert names(tmp_path) == {"state.json"}

    @pytest.mark.parametrize("step", ["fsync", "replace", "write"])
    def test_a_failure_at_any_step_leaves_what_was_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        path = tmp_path / "state.json"
        write_durably(path, b"before")

        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, "no space")

        if step == "replace":
            monkeypatch.setattr(Path, "replace", fail)
        elif step == "fsync":
            monkeypatch.setattr(os, "fsync", fail)
        else:
            monkeypatch.setattr(os, "open", _failing_when_new(os.open))
        with pytest.raises(DiskFull):
            write_durably(path, b"after")
        monkeypatch.undo()
        assert path.read_bytes() == b"before"
        assert names(tmp_path) == {"state.json"}

    def test_a_real_full_disk(self, small_disk: Path) -> None:
        path = small_disk / "state.json"
        write_durably(path, b"before")
        fill(small_disk / "ballast")
        with pytest.raises(DiskFull):
            write_durably(path, b"x" * 100_000)
        assert path.read_bytes() == b"before"
        assert names(small_disk) == {"state.json", "ballast"}

    def test_the_file_is_synced_before_its_name_and_its_name_after(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In another order a power cut can leave a name with nothing behind it."""
        steps: list[str] = []
        fsync, replace = os.fsync, Path.replace

        def synced(descriptor: int) -> None:
            steps.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
            fsync(descriptor)

        def replaced(path: Path, target: Path) -> Path:
            steps.append("rename")
            return replace(path, target)

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "replace", replaced)
        write_durably(tmp_path / "state.json", b"x")
        assert steps == ["sync file", "rename", "sync folder"]

    def test_a_folder_that_cannot_be_written(self, public_folder: Path) -> None:
        def work() -> str:
            with pytest.raises(FolderNotWritable) as caught:
                write_durably(public_folder / "state.json", b"x")
            return caught.value.message

        assert str(public_folder) in as_nobody(work)


def _failing_when_new(original: Callable[..., int]) -> Callable[..., int]:
    def opening(path: object, flags: int, *arguments: int) -> int:
        if flags & os.O_EXCL:
            raise OSError(errno.ENOSPC, "no space")
        return original(path, flags, *arguments)

    return opening


CLAIM = """
import sys
from pathlib import Path
from berrypod.storage.files import claimed
target = Path(sys.argv[1])
with claimed(target):
    target.write_bytes(b"half of it")
    target.with_name(target.name + "-journal").touch()
    print("claimed", flush=True)
    sys.stdin.readline()
"""


class TestSweep:
    """Removes what dead processes left, and nothing else."""

    def test_what_a_living_process_claims_stays_and_goes_when_it_is_killed(self, tmp_path: Path) -> None:
        target = temporary_path(tmp_path / "shop.db")
        with running(CLAIM, target) as holder:
            assert is_claimed(target)
            assert sweep(tmp_path) == []
            assert target.exists()
            holder.kill()
            holder.wait()
        assert not is_claimed(target)
        assert {path.name for path in sweep(tmp_path)} == {target.name, target.name + "-journal"}
        assert names(tmp_path) == set()

    def test_a_folder_that_was_claimed_goes_as_a_whole(self, tmp_path: Path) -> None:
        target = tmp_path / "export"
        target.mkdir()
        (target / "orders.csv").touch()
        (tmp_path / "export.berrypod-claim").touch()
        assert sweep(tmp_path) == [target]
        assert names(tmp_path) == set()

    def test_parts_without_a_claim_go(self, tmp_path: Path) -> None:
        temporary_path(tmp_path / "state.json").touch()
        sweep(tmp_path)
        assert names(tmp_path) == set()

    def test_what_is_not_ours_stays(self, tmp_path: Path) -> None:
        """The database may lie in a folder where a browser keeps its downloads."""
        theirs = {"film.mkv.part", ".hidden.part", "insurance.claim", "insurance", ".part", ".x.0123456789zz.part"}
        for name in theirs:
            (tmp_path / name).touch()
        assert sweep(tmp_path) == []
        assert names(tmp_path) == theirs

    def test_only_parts_of_one_file_if_asked(self, tmp_path: Path) -> None:
        ours, other = temporary_path(tmp_path / "shop.db"), temporary_path(tmp_path / "other.db")
        for path in (ours, other, tmp_path / "export.berrypod-claim"):
            path.touch()
        assert sweep(tmp_path, of=tmp_path / "shop.db") == [ours]
        assert names(tmp_path) == {other.name, "export.berrypod-claim"}

    def test_a_folder_that_is_not_there_has_no_leftovers(self, tmp_path: Path) -> None:
        assert sweep(tmp_path / "nowhere") == []

    def test_claiming_and_sweeping_at_once_removes_nothing_that_is_in_use(self, tmp_path: Path) -> None:
        lost: list[Path] = []
        done = threading.Event()

        def work() -> None:
            for number in range(200):
                target = temporary_path(tmp_path / f"file{number}")
                with claimed(target):
                    target.touch()
                    if not target.exists():
                        lost.append(target)
                    target.unlink()
            done.set()

        worker = threading.Thread(target=work)
        worker.start()
        while not done.is_set():
            sweep(tmp_path)
        worker.join()
        assert lost == []
        assert names(tmp_path) == set()


class TestRenamingToANewName:
    @pytest.mark.parametrize("links", [True, False], ids=["disk with links", "disk without"])
    def test_it_never_replaces(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        if not links:
            monkeypatch.setattr(os, "link", refuse)
        first, second, target = tmp_path / "first", tmp_path / "second", tmp_path / "target"
        first.write_bytes(b"first")
        second.write_bytes(b"second")
        rename_to_new(first, target)
        with pytest.raises(FileExistsError):
            rename_to_new(second, target)
        assert target.read_bytes() == b"first"
        assert names(tmp_path) == {"target", "second"}


class TestSpace:
    def test_enough_is_enough(self, tmp_path: Path) -> None:
        require_space(tmp_path, 1)
        assert free_bytes(tmp_path) > 1

    def test_too_little_is_told_with_numbers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "free_bytes", lambda _: 1_500_000)
        with pytest.raises(DiskFull, match=r"8\.4 MB are needed .* 1\.5 MB are free") as caught:
            require_space(tmp_path, 8_400_000)
        assert caught.value.details == {"needed_bytes": 8_400_000, "free_bytes": 1_500_000}
        assert caught.value.status == 507

    @pytest.mark.parametrize(
        ("size", "text"),
        [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (8_421_376, "8.4 MB"),
            (10**12, "1.0 TB"),
            (10**16, "10000.0 TB"),
        ],
    )
    def test_sizes_are_told_in_peoples_units(self, size: int, text: str) -> None:
        assert people_size(size) == text


def test_private_folders_are_private_all_the_way(tmp_path: Path) -> None:
    folder = make_private_folder(tmp_path / "a" / "b" / "c")
    for each in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    assert make_private_folder(folder) == folder
    (tmp_path / "file").touch()
    with pytest.raises(FolderNotWritable, match="a file is in its place"):
        make_private_folder(tmp_path / "file" / "x")


def test_a_disk_that_cannot_lock_is_told_and_no_descriptor_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network share, say."""

    def refuse(descriptor: int, _: int) -> None:
        refused.append(descriptor)
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    refused: list[int] = []
    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(StorageError, match="does not know how to lock a file"):
        write_durably(tmp_path / "state.json", b"")
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(refused[0])
