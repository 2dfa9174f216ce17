"""What lies around the file: logs, notes, modes, owners, and the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from berrypod.declarations import Finding
from berrypod.doctor import mounts
from berrypod.storage.gate import Gate
from berrypod.storage.swap_journal import Journal
from tests.doctor.conftest import Mounted, Shop, copied
from tests.storage.processes import as_nobody, can_become_nobody


class TestBeside:
    def test_the_log_of_another_shop(self, shop: Shop, tmp_path: Path, empty_encrypted_file: Path) -> None:
        """With the same passphrase, even: each file has a salt of its own."""
        (tmp_path / "other").mkdir()
        other = copied(empty_encrypted_file, tmp_path / "other")
        with other.opened() as connection:
            connection.execute("INSERT INTO settings VALUES ('jam', '\"good\"', '2026-03-14 12:00:00')")
            shutil.copyfile(other.beside("-wal"), shop.beside("-wal"))
        assert shop.level("log") == "fail"
        assert shop.level("opens") == "pass", "the file by itself is whole"
        shop.environ["SECRET_KEY_DB"] = "nobody knows whose log it is with this key"
        assert shop.level("log") == "warn"

    def test_the_log_of_a_shop_that_is_gone(self, shop: Shop) -> None:
        with shop.opened() as connection:
            connection.execute("INSERT INTO settings VALUES ('jam', '\"good\"', '2026-03-14 12:00:00')")
            shutil.copyfile(shop.beside("-wal"), shop.beside("-kept"))
        shop.path.rename(shop.beside("-gone"))
        shop.beside("-kept").rename(shop.beside("-wal"))
        (finding,) = shop.look("log")
        assert finding.level == "fail"
        assert "the log of a former one" in finding.why

    def test_a_journal(self, shop: Shop) -> None:
        for begun_only in (b"", bytes(512)):
            shop.beside("-journal").write_bytes(begun_only)
            assert shop.level("journal") == "pass"
        shop.beside("-journal").write_bytes(b"\xd9\xd5\x05\xf9 ...")
        assert shop.level("journal") == "fail"

    def test_a_replacement_that_was_cut_short(self, shop: Shop, empty_encrypted_file: Path) -> None:
        staged = shop.beside("-staged")
        shutil.copyfile(empty_encrypted_file, staged)
        Journal.begin(
            shop.path,
            replacement="20260314-120000",
            operation="restore",
            staged=staged,
            former=shop.beside("-former") / "shop.db",
            with_log=False,
        )
        (finding,) = shop.look("replacement")
        assert finding.level == "warn"
        assert "Start the shop" in finding.what_to_do
        with Gate(shop.path).announce("restore"):
            (finding,) = shop.look("replacement")
            assert finding.title == "The file is being replaced"
        assert shop.level("opens") == "pass"

    def test_a_note_of_a_replacement_that_cannot_be_read(self, shop: Shop) -> None:
        shop.beside("-swap").write_text("{")
        assert shop.level("replacement") == "fail"

    def test_former_databases_are_no_fault(self, shop: Shop) -> None:
        former = shop.beside("-former")
        former.mkdir(mode=0o700)
        shutil.copyfile(shop.path, former / "shop-20260314-120000.db")
        for name in ("log", "journal", "replacement", "modes", "owner"):
            assert shop.level(name) == "pass"


class TestModes:
    @pytest.mark.parametrize(
        ("end", "mode", "level"),
        [
            ("", 0o644, "warn"),
            ("", 0o660, "fail"),
            ("-wal", 0o640, "warn"),
            ("-lock", 0o606, "fail"),
            ("-swaps.json", 0o666, "fail"),
            ("-audit.jsonl", 0o604, "warn"),
        ],
    )
    def test_a_file_that_others_can_use(self, shop: Shop, end: str, mode: int, level: str) -> None:
        shop.beside(end).touch()
        shop.beside(end).chmod(mode)
        (finding,) = shop.look("modes")
        assert finding.level == level
        assert f"{mode:04o}" in finding.why
        assert finding.what_to_do == f"chmod 600 {shop.beside(end)}"

    @pytest.mark.parametrize("end", ["-work", "-former"])
    def test_a_folder_that_others_can_look_into(self, shop: Shop, end: str) -> None:
        shop.beside(end).mkdir(mode=0o755)
        shop.beside(end).chmod(0o755)
        (finding,) = shop.look("modes")
        assert (finding.level, finding.what_to_do) == ("fail", f"chmod 700 {shop.beside(end)}")

    @pytest.mark.parametrize(("mode", "level"), [(0o777, "fail"), (0o1777, "pass"), (0o755, "pass")])
    def test_a_folder_in_which_everybody_can_exchange_the_file(self, shop: Shop, mode: int, level: str) -> None:
        shop.folder.chmod(mode)
        assert shop.level("modes") == level

    def test_each_is_told(self, shop: Shop) -> None:
        shop.path.chmod(0o666)
        shop.folder.chmod(0o777)
        assert [finding.level for finding in shop.look("modes")] == ["fail", "fail"]

    @pytest.mark.skipif(not can_become_nobody(), reason="only root can give files away")
    def test_what_sudo_has_left(self, shop: Shop) -> None:
        shop.beside("-wal").touch(mode=0o600)
        os.chown(shop.beside("-wal"), 65_534, 65_534)
        (finding,) = shop.look("owner")
        assert finding.level == "fail"
        assert "shop.db-wal is nobody's" in finding.why
        assert str(shop.beside("-wal")) in finding.what_to_do


@pytest.mark.skipif(not can_become_nobody(), reason="only root can act as another user")
class TestWritable:
    @staticmethod
    def _as_nobody(shop: Shop, *, folder_mode: int, file_mode: int) -> Finding:
        with tempfile.TemporaryDirectory() as folder:
            moved = copied(shop.path, Path(folder))
            moved.path.chmod(file_mode)
            Path(folder).chmod(folder_mode)
            found: list[Finding] = as_nobody(lambda: moved.look("folder"))
        return found[0]

    def test_a_folder_that_cannot_be_written(self, shop: Shop) -> None:
        finding = self._as_nobody(shop, folder_mode=0o755, file_mode=0o666)
        assert (finding.level, finding.title) == ("fail", "The folder of the database cannot be written")
        assert "(nobody)" in finding.why

    def test_a_file_that_cannot_be_written(self, shop: Shop) -> None:
        finding = self._as_nobody(shop, folder_mode=0o777, file_mode=0o644)
        assert (finding.level, finding.title) == ("fail", "The database cannot be written")

    def test_with_the_rights_it_passes(self, shop: Shop) -> None:
        assert self._as_nobody(shop, folder_mode=0o777, file_mode=0o666).level == "pass"

    def test_a_disk_that_is_mounted_for_reading_alone(self, shop: Shop, mounted: Mounted) -> None:
        folder = mounted("tmpfs", "size=2m")
        moved = copied(shop.path, folder)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert moved.level("folder") == "fail"
        assert moved.level("opens") == "pass", "looking needs no writing"


def test_a_folder_that_is_not_there(shop: Shop) -> None:
    shutil.rmtree(shop.folder)
    (finding,) = shop.look("folder")
    assert (finding.level, finding.title) == ("fail", "The folder of the database is not there")


class TestSpace:
    """On a disk of 50 MB, of which the shop leaves 32 MB for what comes in meanwhile."""

    @pytest.mark.parametrize(
        ("megabytes", "level", "title"),
        [
            (0, "pass", "The disk has room for a backup and a restore"),
            (10, "warn", "The disk may be too full for a restore"),
            (30, "fail", "The disk is too full for a backup"),
        ],
    )
    def test_a_shop_that_grows(self, shop: Shop, mounted: Mounted, megabytes: int, level: str, title: str) -> None:
        moved = copied(shop.path, mounted("tmpfs", "size=50m"))
        with moved.beside("-wal").open("wb") as log:
            log.truncate(megabytes * 1_000_000)  # A hole: it counts, and takes no space.
        (finding,) = moved.look("space")
        assert (finding.level, finding.title) == (level, title)

    def test_a_disk_that_is_nearly_full(self, shop: Shop, mounted: Mounted) -> None:
        moved = copied(shop.path, mounted("tmpfs", "size=2m"))
        (finding,) = moved.look("space")
        assert (finding.level, finding.title) == ("fail", "The disk is nearly full")

    def test_a_disk_without_room_for_another_file(self, shop: Shop, mounted: Mounted) -> None:
        moved = copied(shop.path, mounted("tmpfs", "size=50m,nr_inodes=3"))
        moved.beside("-more").touch()
        (finding,) = moved.look("space")
        assert (finding.level, finding.title) == ("fail", "The disk has no room for another file")


class TestFileSystem:
    def test_memory(self, shop: Shop, mounted: Mounted) -> None:
        moved = copied(shop.path, mounted("tmpfs", "size=2m"))
        (finding,) = moved.look("file-system")
        assert (finding.level, finding.title) == ("warn", "The database is in memory")

    def test_a_layer_of_a_container(self, shop: Shop, mounted: Mounted) -> None:
        base = mounted("tmpfs", "size=5m")
        for name in ("lower", "upper", "work"):
            (base / name).mkdir()
        quoted = str(base).replace(" ", r"\ ")
        layered = mounted("overlay", f"lowerdir={quoted}/lower,upperdir={quoted}/upper,workdir={quoted}/work")
        (finding,) = copied(shop.path, layered).look("file-system")
        assert (finding.level, finding.title) == ("warn", "The database is inside of a container")

    @pytest.mark.parametrize(
        ("kind", "title"),
        [
            *((kind, "without reliable locks") for kind in ("nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "virtiofs")),
            ("vfat", "protects no file"),
        ],
    )
    def test_those_that_cannot_be_mounted_here(
        self, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, title: str
    ) -> None:
        """As the kernel writes them down: the later one hides the earlier, and blanks are numbers."""
        folder = str(shop.folder).replace(" ", r"\040")
        lines = [
            "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
            f"23 22 0:40 / {folder} rw - ext4 /dev/vdb rw",
            f"24 22 0:41 / {folder} rw,relatime shared:7 - {kind} nas:/export/my\\040shop rw,vers=4.2",
            f"25 22 0:42 / {folder}-other rw - ext4 /dev/vdc rw",
        ]
        (tmp_path / "mountinfo").write_text("\n".join(lines) + "\n")
        monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")
        (finding,) = shop.look("file-system")
        assert finding.level == "warn"
        assert title in finding.title
        assert f"{kind} (nas:/export/my shop, mounted at {shop.folder})" in finding.why

    def test_the_longest_mount_point_counts_and_only_whole_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = "1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /srv rw - xfs b rw\n3 1 0:3 / /srv/sho rw - nfs c rw\nnonsense\n"
        (tmp_path / "mountinfo").write_text(text)
        monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")
        found = mounts.mount_of(Path("/srv/shop"))
        assert found is not None
        assert found.kind == "xfs"

    def test_a_system_that_does_not_tell(self, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "nowhere")
        assert shop.look("file-system") == []
