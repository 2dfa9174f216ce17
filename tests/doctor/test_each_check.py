"""Every check of the doctor, and a machine made bad in the way that it is there for."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from berrypod.archive.layout import manifest_name
from berrypod.archive.manifest import encode
from berrypod.declarations.doctor import LEVELS, Level
from berrypod.doctor import mounts
from berrypod.doctor.checks import Group
from berrypod.doctor.circumstances import subject_of, understand
from berrypod.doctor.examining import Told, examine
from berrypod.keys.kept import KEPT_SETTING
from berrypod.plugin_host.sources import installed_sources
from berrypod.plugins import Plugins, PluginSource
from berrypod.storage import connection
from berrypod.storage.swap_journal import Journal
from tests.backup.watching.test_conditions import manifest
from tests.conftest import KEY
from tests.doctor.conftest import CHECKS, OTHER, Mounted, Shop, copied
from tests.doctor.test_examination import backed_up
from tests.doctor.test_file import other_program, overwrite
from tests.plugins.making import plugin
from tests.storage.processes import can_become_nobody

# The plugins that come with Berrypod. Others may be installed where this runs.
OURS = ("backup", "notify", "restore", "stats")


@dataclass
class Machine:
    """One with a healthy shop, and what there is to spoil it with."""

    shop: Shop
    plain: Path
    other: Path
    folder: Path
    patch: pytest.MonkeyPatch
    mounted: Mounted
    plugins: list[PluginSource] = field(
        default_factory=lambda: [one for one in installed_sources() if one.name in OURS]
    )
    given: dict[str, Any] = field(default_factory=dict)

    def found(self, name: str | None = None) -> dict[str, list[Told]]:
        """What the checks find, by their names: all of them, or the one of this name with the plugins' own."""
        with self.patch.context() as patch:
            if name is not None:
                wanted = tuple(check for check in CHECKS.values() if check.name == name)
                patch.setattr("berrypod.doctor.examining.GROUPS", (Group("All", wanted),))
            plugins = Plugins.discover(understand(self.shop.environ)[0], self.plugins, installed=False)
            with subject_of(self.shop.environ, plugins=plugins, thorough=True, **self.given) as subject:
                report = asyncio.run(examine(subject))
        found: dict[str, list[Told]] = {}
        for one in report.findings:
            found.setdefault(one.check, []).append(one)
        return found


@pytest.fixture
def machine(
    shop: Shop,
    plain_shop: Shop,
    empty_encrypted_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mounted: Mounted,
    without_routes: None,
) -> Machine:
    return Machine(shop, plain_shop.path, empty_encrypted_file, tmp_path, monkeypatch, mounted)


def environ(name: str, value: str) -> Callable[[Machine], object]:
    return lambda machine: machine.shop.environ.update({name: value})


def sql(statement: str) -> Callable[[Machine], object]:
    return lambda machine: machine.shop.run(statement)


def sqlite_without_cipher(machine: Machine) -> None:
    """Python's own module is one; it takes the place of the driver where that is asked for its versions."""
    with machine.patch.context() as patch:
        patch.setattr(connection, "dbapi2", sqlite3)
        versions = connection.library_versions()
    machine.patch.setattr("berrypod.doctor.program.library_versions", lambda: versions)


def two_drivers(machine: Machine) -> None:
    for name, version in (("sqlcipher3", "0.6.4"), ("sqlcipher3_binary", "0.6.0")):
        folder = machine.folder / "site" / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    machine.patch.syspath_prepend(str(machine.folder / "site"))


def broken_plugin(machine: Machine) -> None:
    machine.plugins.append(plugin("ladder", berrypod_admin_panels=lambda context: [7]))


def alarms_that_are_not_sent(machine: Machine) -> None:
    folder = machine.shop.beside("-work") / "notify"
    folder.mkdir(parents=True, mode=0o700)
    trouble = {"code": "notification_not_sent", "message": "The mail server is away", "hint": "Start it."}
    failing = {"since": "2026-03-14T12:00:00Z", "attempts": 7, "next_at": "2026-03-14T13:00:00Z", "trouble": trouble}
    (folder / "told.json").write_text(json.dumps({"failing": {"email": failing}}))
    (folder / "told.json").chmod(0o600)


def unproven_backup(machine: Machine) -> None:
    """One that is kept, and that nobody has tried."""
    machine.shop.beside("-backups").mkdir(mode=0o700)
    kept = manifest(proven_days=None)
    (machine.shop.beside("-backups") / manifest_name(kept.id)).write_bytes(encode(kept))


def backups_for_everybody(machine: Machine) -> None:
    machine.shop.beside("-backups").mkdir()
    machine.shop.beside("-backups").chmod(0o755)


def readable_secrets(machine: Machine) -> None:
    path = machine.folder / "shop.env"
    path.write_text("BERRYPOD_ENV=prod\n")
    path.chmod(0o644)
    machine.given["env_file"] = path


def plain_file(machine: Machine) -> None:
    shutil.copyfile(machine.plain, machine.shop.path)


def log_of_another_shop(machine: Machine) -> None:
    (machine.folder / "other").mkdir()
    other = copied(machine.other, machine.folder / "other")
    with other.opened() as opened:
        opened.execute("INSERT INTO settings VALUES ('jam', '\"good\"', '2026-03-14 12:00:00')")
        shutil.copyfile(other.beside("-wal"), machine.shop.beside("-wal"))


def replacement_cut_short(machine: Machine) -> None:
    staged = machine.shop.beside("-staged")
    shutil.copyfile(machine.other, staged)
    Journal.begin(
        machine.shop.path,
        replacement="20260314-120000",
        operation="restore",
        staged=staged,
        former=machine.shop.beside("-former") / "shop.db",
        with_log=False,
    )


def left_by_sudo(machine: Machine) -> None:
    if not can_become_nobody():
        pytest.skip("only root can give files away")
    machine.shop.beside("-wal").touch(mode=0o600)
    os.chown(machine.shop.beside("-wal"), 65_534, 65_534)


def move(machine: Machine, folder: Path) -> None:
    moved = copied(machine.shop.path, folder)
    machine.shop.path = moved.path
    machine.shop.environ["DATABASE_PATH"] = str(moved.path)


def on_a_network(machine: Machine) -> None:
    """As the kernel writes it down: there is nothing here to mount one from."""
    (machine.folder / "mountinfo").write_text("1 0 0:1 / / rw - nfs4 nas:/export/shop rw\n")
    machine.patch.setattr(mounts, "MOUNTS", machine.folder / "mountinfo")


def flipped_bit(machine: Machine) -> None:
    at = 20 * 4096 + 1234
    overwrite(machine.shop.path, at, bytes([machine.shop.path.read_bytes()[at] ^ 1]))


NEXT_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d %H:%M:%S.%f}"

# What the check is called, how the machine is made bad, and how bad the doctor says that it is.
BAD: tuple[tuple[str, Callable[[Machine], object], Level], ...] = (
    ("settings", environ("BERRYPOD_ENV", "production"), "fail"),
    ("settings", environ("BERRYPOD_ENV", "dev"), "warn"),
    ("sqlcipher", sqlite_without_cipher, "fail"),
    ("driver", two_drivers, "fail"),
    ("sqlite-defects", lambda it: it.patch.setattr(dbapi2, "sqlite_version_info", (3, 51, 1)), "fail"),
    ("plugins", broken_plugin, "fail"),
    ("proxies", environ("BERRYPOD_TRUSTED_PROXIES", ""), "warn"),
    ("secret-key-db", environ("SECRET_KEY_DB", "hunter2"), "fail"),
    ("secret-key-base", environ("SECRET_KEY_BASE", "hunter2"), "fail"),
    ("secrets-differ", environ("SECRET_KEY_BASE", KEY.reveal()), "fail"),
    ("env-file", readable_secrets, "fail"),
    ("database", lambda it: it.shop.path.unlink(), "fail"),
    ("database", lambda it: os.truncate(it.shop.path, it.shop.path.stat().st_size - 1), "fail"),
    ("unreadable", plain_file, "fail"),
    ("unreadable", lambda it: overwrite(it.shop.path, 21_000, b"Raspberry jam"), "fail"),
    ("opens", environ("SECRET_KEY_DB", OTHER.reveal()), "fail"),
    ("needs-key", plain_file, "fail"),
    ("wrong-key", lambda it: it.shop.path.write_bytes(b""), "fail"),
    ("cipher-settings", lambda it: other_program(it.shop.path, KEY.reveal(), "cipher_compatibility = 3"), "fail"),
    ("log", log_of_another_shop, "fail"),
    ("journal", lambda it: it.shop.beside("-journal").write_bytes(b"\xd9\xd5\x05\xf9 ..."), "fail"),
    ("replacement", replacement_cut_short, "warn"),
    ("replacement", lambda it: it.shop.beside("-swap").write_text("{"), "fail"),
    ("modes", lambda it: it.shop.path.chmod(0o666), "fail"),
    ("modes", lambda it: it.shop.path.chmod(0o644), "warn"),
    ("modes", lambda it: it.shop.folder.chmod(0o777), "fail"),
    ("owner", left_by_sudo, "fail"),
    ("folder", lambda it: shutil.rmtree(it.shop.folder), "fail"),
    ("space", lambda it: move(it, it.mounted("tmpfs", "size=2m")), "fail"),
    ("file-system", on_a_network, "warn"),
    ("file-system", lambda it: move(it, it.mounted("tmpfs", "size=2m")), "warn"),
    ("schema", sql("UPDATE alembic_version SET version_num = '9999'"), "fail"),
    ("encrypted-fields", environ("SECRET_KEY_BASE", OTHER.reveal()), "fail"),
    ("key-kept", sql(f"DELETE FROM settings WHERE key = '{KEPT_SETTING}'"), "warn"),
    ("clock", sql(f"UPDATE orders SET placed_at = '{NEXT_MONTH}' WHERE id = 2"), "fail"),
    ("integrity", flipped_bit, "fail"),
    ("backup", sql("DELETE FROM settings WHERE key = 'backup.last'"), "warn"),
    ("backup-proven", unproven_backup, "warn"),
    ("backup-folder", backups_for_everybody, "fail"),
    ("alarms", alarms_that_are_not_sent, "warn"),
)

# Those with nothing to say where there is no file, no such field, only one secret, no production or no list of mounts.
SILENT = {"env-file", "owner", "proxies", "encrypted-fields", "secrets-differ", "file-system", "key-kept"}

each = pytest.mark.parametrize(("name", "spoil", "level"), BAD, ids=[f"{name}-{level}" for name, _, level in BAD])


def worst(found: list[Told]) -> Level:
    levels: list[Level] = [one.level for one in found]
    return max(levels, key=LEVELS.index)


@each
def test_it_is_found(machine: Machine, name: str, spoil: Callable[[Machine], object], level: Level) -> None:
    backed_up(machine.shop)
    spoil(machine)
    found = machine.found(name)[name]
    assert worst(found) == level, found
    for one in found:
        assert one.title
        assert one.why, "it says how it knows"
        assert one.what_to_do, "it says what to do"
        assert not one.title.startswith("Not checked")


@pytest.mark.slow
@each
def test_the_whole_examination_tells_it(
    machine: Machine, name: str, spoil: Callable[[Machine], object], level: Level
) -> None:
    """Whatever else cannot be looked at then."""
    backed_up(machine.shop)
    spoil(machine)
    found = machine.found()
    assert worst(found[name]) == level
    assert set(CHECKS) - set(found) <= SILENT, "each of the others has something to say, if only that it cannot look"


def test_while_nothing_is_spoilt_all_pass(machine: Machine) -> None:
    backed_up(machine.shop)
    assert {name: found for name, found in machine.found().items() if worst(found) != "pass"} == {}


def test_no_check_is_missing_from_the_table(machine: Machine) -> None:
    """Neither of the core's, nor of the plugins' that come with it."""
    plugins = Plugins.discover(machine.shop.settings, machine.plugins, installed=False)
    with subject_of(machine.shop.environ, plugins=plugins):
        of_plugins = {declared.declaration.name for declared in plugins.doctor_checks}
    assert {name for name, _, _ in BAD} == {*CHECKS, *of_plugins}, "add a row that makes a machine bad in that way"
