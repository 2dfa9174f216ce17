"""The examination as a whole: a healthy shop passes, an ill one is told of, and neither is touched."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from berrypod.doctor.circumstances import subject_of
from berrypod.doctor.examining import Report, examine
from berrypod.errors import Conflict
from berrypod.plugins import Plugins, PluginSource
from tests.conftest import KEY
from tests.doctor.conftest import BASE, CHECKS, OTHER, Shop
from tests.doctor.test_file import other_program
from tests.plugins.making import plugin
from tests.plugins.test_doctor_checks import check
from tests.storage.processes import running
from tests.support.server import RunningServer

LAST_BACKUP = (
    '{{"at": "{at}", "exporter": "download", "method": "compact", "size_bytes": 8400000, "sha256": "ab", "title": ""}}'
)


def look(shop: Shop, *sources: PluginSource, installed: bool = False, thorough: bool = True) -> Report:
    """All checks, and those of the plugins."""
    plugins = None if installed else Plugins.discover(shop.settings, sources, installed=False)
    with subject_of(shop.environ, plugins=plugins, thorough=thorough) as subject:
        return asyncio.run(examine(subject))


def levels(report: Report) -> dict[str, str]:
    return {finding.check: finding.level for finding in report.findings}


def everything(folder: Path) -> dict[str, tuple[str, int, int, int]]:
    """Each file in a folder: its bytes, mode, owner and time of change."""
    found: dict[str, tuple[str, int, int, int]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        digest = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (digest, status.st_mode, status.st_uid, status.st_mtime_ns)
    return found


def backed_up(shop: Shop) -> None:
    now = datetime.now(UTC)
    value = LAST_BACKUP.format(at=now.isoformat())
    shop.run(f"INSERT INTO settings VALUES ('backup.last', '{value}', '{now:%Y-%m-%d %H:%M:%S}')")


@contextmanager
def killed(shop: Shop) -> Generator[None]:
    """The shop, with a log that nobody has folded: its process was killed."""
    write = (
        "import sys; from pathlib import Path; from berrypod.settings import Secret\n"
        "from berrypod.storage.connection import open_connection\n"
        "from berrypod.storage.diagnosis import find_key\n"
        "path = Path(sys.argv[1])\n"
        "shop = open_connection(path, find_key(path, Secret(sys.argv[2])))\n"
        "shop.execute(\"INSERT INTO settings VALUES ('jam', '\\\"good\\\"', '2026-03-14 12:00:00')\")\n"
        "print('written', flush=True); sys.stdin.read()\n"
    )
    with running(write, shop.path, KEY.reveal()):
        pass
    assert shop.beside("-wal").stat().st_size > 0
    yield


def settings_in(shop: Shop) -> int:
    with shop.subject() as subject, subject.connection() as connection:
        return int(connection.execute("SELECT count(*) FROM settings").fetchone()[0])


class TestHealthy:
    @pytest.mark.slow
    def test_an_encrypted_shop_in_production_passes_all(self, shop: Shop) -> None:
        """With all plugins that come with Berrypod."""
        backed_up(shop)
        report = look(shop, installed=True)
        assert {finding.check: finding for finding in report.findings if finding.level != "pass"} == {}
        assert report.level == "pass"
        assert set(levels(report)) == {*CHECKS, "backup", "backup-proven", "backup-folder", "alarms"} - {"env-file"}

    @pytest.mark.usefixtures("without_routes")
    def test_the_whole_file_is_only_read_when_there_is_time(self, shop: Shop) -> None:
        assert "integrity" in levels(look(shop))
        assert "integrity" not in levels(look(shop, thorough=False))


@pytest.mark.usefixtures("without_routes")
class TestNothingIsTouched:
    def test_of_a_shop_that_was_stopped(self, shop: Shop) -> None:
        before = everything(shop.folder)
        assert set(before) == {"shop.db"}
        assert look(shop, installed=True).level != "fail"
        assert everything(shop.folder) == before

    def test_of_a_shop_that_was_killed_and_what_is_in_its_log_is_seen(self, shop: Shop) -> None:
        rows = settings_in(shop)
        with killed(shop):
            before = everything(shop.folder)
            assert {"shop.db-wal", "shop.db-shm"} <= set(before)
            assert look(shop).level == "pass"
            assert settings_in(shop) == rows + 1
            assert everything(shop.folder) == before
        shop.run("SELECT 1")
        assert settings_in(shop) == rows + 1, "the shop itself still finds it"

    def test_of_a_log_without_its_index(self, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """SQLite would make one. The copy that is looked at instead is gone afterwards."""
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        rows = settings_in(shop)
        with killed(shop):
            shop.beside("-shm").unlink()
            before = everything(shop.folder)
            assert look(shop).level == "pass"
            assert settings_in(shop) == rows + 1
            assert everything(shop.folder) == before
        assert list(temporary.iterdir()) == []

    @pytest.mark.parametrize("content", [None, b"", b"Dear Ada,\n" * 900, os.urandom(40_960)])
    def test_of_what_is_no_shop(self, shop: Shop, content: bytes | None) -> None:
        shop.path.unlink()
        if content is not None:
            shop.path.write_bytes(content)
            shop.path.chmod(0o600)
        before = everything(shop.folder)
        report = look(shop, installed=True)
        assert report.level == "fail"
        assert levels(report)["integrity"] == "warn", "not checked"
        assert levels(report)["backup"] == "warn", "not checked"
        assert everything(shop.folder) == before

    def test_not_even_the_folder_is_made(self, shop: Shop) -> None:
        shutil.rmtree(shop.folder)
        assert look(shop, installed=True).level == "fail"
        assert not shop.folder.exists()

    def test_a_database_of_another_program(self, shop: Shop) -> None:
        other_program(shop.path, KEY.reveal())
        before = everything(shop.folder)
        report = look(shop, installed=True)
        assert levels(report)["schema"] == "fail"
        assert levels(report)["backup"] == "warn"
        assert everything(shop.folder) == before


@pytest.mark.slow
class TestWhileTheShopRuns:
    def test_all_passes_and_the_shop_goes_on(self, shop: Shop, serve: Callable[..., RunningServer]) -> None:
        backed_up(shop)
        server = serve(shop.settings, env=shop.environ)
        report = look(shop, installed=True)
        assert {finding.title: finding.why for finding in report.findings if finding.level != "pass"} == {}
        with urllib.request.urlopen(f"{server.url}/health", timeout=60) as answer:
            assert answer.status == 200
        server.stop()
        assert not shop.beside("-wal").exists() or shop.beside("-wal").stat().st_size == 0
        assert look(shop).level == "pass"

    def test_under_writes_that_fold_the_log_again_and_again(self, shop: Shop) -> None:
        """A page that is half written when it is looked at must not be taken for a damaged one."""
        writer = (
            "import sys; from pathlib import Path; from berrypod.settings import Secret\n"
            "from berrypod.storage.connection import open_connection\n"
            "from berrypod.storage.diagnosis import find_key\n"
            "path = Path(sys.argv[1])\n"
            "shop = open_connection(path, find_key(path, Secret(sys.argv[2])))\n"
            "print('writing', flush=True)\n"
            "number = 0\n"
            "while True:\n"
            "    number += 1\n"
            '    shop.execute("UPDATE settings SET value = json_quote(hex(randomblob(20000)))")\n'
            "    number % 5 or shop.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()\n"
        )
        with running(writer, shop.path, KEY.reveal()):
            for _ in range(10):
                for name in ("unreadable", "opens", "cipher-settings", "schema", "integrity"):
                    assert [(one.level, one.why) for one in shop.look(name) if one.level != "pass"] == []


@pytest.mark.usefixtures("without_routes")
class TestPlugins:
    def test_what_they_find_comes_last_under_their_name(self, shop: Shop) -> None:
        report = look(shop, plugin("ladder", berrypod_doctor_checks=lambda: [check()]))
        assert report.groups[-1].title == "By plugins"
        (told,) = report.groups[-1].findings
        assert (told.plugin, told.check, told.level) == ("ladder", "shelf", "pass")

    @pytest.mark.parametrize(
        ("function", "words"),
        [(lambda examination: 1 / 0, "ZeroDivisionError"), (lambda examination: sys.exit(3), "SystemExit")],
    )
    def test_one_that_fails_is_a_warning(self, shop: Shop, function: Any, words: str) -> None:
        report = look(shop, plugin("ladder", berrypod_doctor_checks=lambda: [check(function=function)]))
        (told,) = report.groups[-1].findings
        assert told.level == "warn"
        assert told.title == "The plugin ladder could not check: the shelf"
        assert words in told.why

    def test_one_that_needs_no_database_is_asked_without_one(self, shop: Shop) -> None:
        shop.path.unlink()
        source = plugin("ladder", berrypod_doctor_checks=lambda: [check("shelf", needs_database=False), check("rungs")])
        report = look(shop, source)
        assert {one.check: one.level for one in report.groups[-1].findings} == {"shelf": "pass", "rungs": "warn"}

    def test_one_that_asks_for_the_database_of_a_shop_without_one(self, shop: Shop) -> None:
        def ask(examination: Any) -> None:
            with examination.connection():
                raise AssertionError("there is none")

        shop.path.unlink()
        source = plugin("ladder", berrypod_doctor_checks=lambda: [check(function=ask, needs_database=False)])
        (told,) = look(shop, source).groups[-1].findings
        assert "There is no database" in told.why


def test_in_a_process_that_has_the_file_open_it_is_not_opened_again(shop: Shop) -> None:
    """Reading its bytes would drop SQLite's locks on it: other processes could destroy it."""
    from berrypod.storage.database import Database

    async def look_within() -> Report:
        database = Database(shop.settings)
        await database.open()
        try:
            with subject_of(shop.environ, plugins=Plugins.discover(shop.settings, installed=False)) as subject:
                return await examine(subject)
        finally:
            await database.close()

    found = levels(asyncio.run(look_within()))
    assert {found[name] for name in ("unreadable", "opens", "needs-key", "schema")} == {"warn"}


def spoil_key(shop: Shop) -> None:
    shop.environ["SECRET_KEY_DB"] = OTHER.reveal()


def spoil_base(shop: Shop) -> None:
    shop.environ["SECRET_KEY_BASE"] = shop.environ["SECRET_KEY_DB"]


def spoil_blank(shop: Shop) -> None:
    shop.environ["SECRET_KEY_DB"] += " "


def spoil_file(shop: Shop) -> None:
    with suppress(Conflict):
        other_program(shop.path, KEY.reveal(), "cipher_compatibility = 3")


@pytest.mark.usefixtures("without_routes")
@pytest.mark.parametrize("spoil", [spoil_key, spoil_base, spoil_blank, spoil_file])
def test_no_secret_is_shown(shop: Shop, spoil: Callable[[Shop], None]) -> None:
    spoil(shop)
    told = str(look(shop, installed=True))
    assert "fail" in told
    for secret in (KEY, BASE, OTHER):
        assert secret.reveal() not in told


def test_the_documentation_names_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    table = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    told = [name.strip(" `") for cell in table for name in cell.split(",")]
    assert told == [*CHECKS, "backup", "backup-proven", "backup-folder", "alarms"]
