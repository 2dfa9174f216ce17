"""The emergency kit: the key, where it belongs and nowhere else."""

from __future__ import annotations

import asyncio
import shlex
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import segno

from berrypod.audit import AuditLog
from berrypod.commands import key as key_command
from berrypod.errors import KeyMissing, KeyNotNeeded, WrongKey
from berrypod.keys.kit import Kit, KitExists, NoKey, kit_text, make_kit, qr_lines, write_kit
from berrypod.parts import put_together
from berrypod.plugins import Plugins
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from berrypod.storage.keys import passphrase_fingerprint
from tests.commands.conftest import Run, run
from tests.conftest import KEY

__all__ = ["run"]

OTHER = Secret("another key, which is just as long as it should be")


def modules(lines: list[str]) -> list[list[bool]]:
    """The code as a camera sees it: the upper and the lower half of each line of blocks."""
    rows: list[list[bool]] = []
    for line in lines:
        rows += [[letter in "▀█" for letter in line], [letter in "▄█" for letter in line]]
    return rows


def test_the_sheet_has_the_key_and_what_tells_it_from_others(encrypted_settings: Settings) -> None:
    text = kit_text(make_kit(encrypted_settings)).reveal()

    assert f"Key           {KEY.reveal()}\n" in text
    assert f"Fingerprint   {passphrase_fingerprint(KEY)}\n" in text
    assert str(encrypted_settings.database_path) in text
    assert "ON A NEW MACHINE" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_steps_name_the_file_as_a_shell_reads_it(tmp_path: Path) -> None:
    kit = Kit.of(KEY, tmp_path / "Ana's shop.db")

    assert 'DATABASE_PATH="$PWD/"' + shlex.quote("Ana's shop.db") in kit_text(kit).reveal()


@pytest.mark.parametrize("key", [KEY, Secret("ключ, который никто не угадает, потому что он длинный")])
def test_the_code_is_the_key_and_nothing_else(key: Secret) -> None:
    lines = list(qr_lines(key))
    expected = segno.make_qr(
        key.reveal(), error="m", boost_error=False, encoding=None if key.reveal().isascii() else "utf-8"
    )
    wanted = [[bool(module) for module in row] for row in expected.matrix_iter(border=4)]

    found = modules(lines)

    assert len({len(line) for line in lines}) == 1
    assert found[: len(wanted)] == wanted
    assert not any(map(any, found[len(wanted) :]))


def test_a_key_that_no_code_can_hold_is_told_without_one() -> None:
    key = Secret("k" * 3000)

    assert qr_lines(key) == ()
    assert "too long for a QR code" in kit_text(Kit.of(key, Path("shop.db"))).reveal()


def test_no_repr_has_the_key() -> None:
    assert KEY.reveal() not in repr(Kit.of(KEY, Path("shop.db")))


class TestTheFile:
    def test_its_owner_alone_can_read_it(self, encrypted_settings: Settings, tmp_path: Path) -> None:
        kit = make_kit(encrypted_settings)
        write_kit(kit, tmp_path / "kit.txt")

        assert stat.S_IMODE((tmp_path / "kit.txt").stat().st_mode) == 0o600
        assert (tmp_path / "kit.txt").read_text() == kit_text(kit).reveal()

    def test_nothing_is_overwritten_and_no_link_followed(self, encrypted_settings: Settings, tmp_path: Path) -> None:
        kit = make_kit(encrypted_settings)
        (tmp_path / "kit.txt").write_text("of another shop")
        (tmp_path / "link.txt").symlink_to(tmp_path / "elsewhere.txt")

        for name in ("kit.txt", "link.txt"):
            with pytest.raises(KitExists):
                write_kit(kit, tmp_path / name)

        assert (tmp_path / "kit.txt").read_text() == "of another shop"
        assert not (tmp_path / "elsewhere.txt").exists()

    def test_a_folder_that_is_not_there_is_told(self, encrypted_settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(KitExists, match="There is no folder"):
            write_kit(make_kit(encrypted_settings), tmp_path / "usb" / "kit.txt")


class TestOnlyTheRightKey:
    def test_another_key_gets_no_kit(self, encrypted_settings: Settings) -> None:
        with pytest.raises(WrongKey):
            make_kit(replace(encrypted_settings, secret_key_db=OTHER))

    def test_nor_does_a_shop_without_a_key(self, settings: Settings) -> None:
        with pytest.raises(NoKey):
            make_kit(settings)
        with pytest.raises(KeyNotNeeded):
            make_kit(replace(settings, secret_key_db=KEY))

    def test_an_encrypted_shop_whose_key_is_not_set(self, encrypted_settings: Settings) -> None:
        with pytest.raises(KeyMissing):
            make_kit(replace(encrypted_settings, secret_key_db=None))

    async def test_not_even_while_the_shop_runs_is_it_disturbed(self, encrypted_settings: Settings, run: Run) -> None:
        database = Database(encrypted_settings)
        await database.open()
        try:
            # In the process that has the file open its bytes must not be read: SQLite's locks would be dropped.
            assert run("key", "kit", "--to-pipe", settings=encrypted_settings).exit_code == 1
        finally:
            await database.close()


class TestAfterAChangeOfTheKey:
    """Until it is confirmed, what was started with the former key goes on."""

    @pytest.fixture
    def changed(self, encrypted_settings: Settings) -> Settings:
        async def change() -> None:
            parts = put_together(encrypted_settings, Plugins.discover(encrypted_settings, installed=False))
            await parts.database.open()
            async with parts.maintenance.watching():
                await parts.rotation.rotate(OTHER, by="cli")
            await parts.database.close()

        asyncio.run(change())
        return encrypted_settings

    @pytest.mark.slow
    def test_the_kit_is_of_the_key_that_opens_the_file_and_nothing_is_decrypted(
        self, changed: Settings, run: Run
    ) -> None:
        shown = run("key", "kit", "--to-pipe", settings=changed)

        assert f"Key           {OTHER.reveal()}" in shown.stdout
        assert KEY.reveal() not in shown.stdout
        assert "SECRET_KEY_DB is the former one" in shown.stderr
        assert KEY.reveal() not in kit_text(make_kit(replace(changed, secret_key_db=OTHER))).reveal()
        refused = run("db", "decrypt", "--yes", "--yes-i-want-plain-text", settings=replace(changed, environment="dev"))
        assert refused.exit_code == 1
        assert "was not confirmed" in refused.stderr


class TestTheCommand:
    def test_what_goes_into_a_pipe_must_be_asked_for(self, encrypted_settings: Settings, run: Run) -> None:
        refused = run("key", "kit", settings=encrypted_settings)
        assert refused.exit_code == 2
        assert KEY.reveal() not in refused.output

        asked = run("key", "kit", "--to-pipe", settings=encrypted_settings)
        assert asked.exit_code == 0, asked.stderr
        assert KEY.reveal() in asked.stdout
        assert KEY.reveal() not in asked.stderr

    def test_a_terminal_gets_the_code_in_black_on_white(
        self, encrypted_settings: Settings, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(key_command, "_to_a_terminal", lambda: True)

        shown = run("key", "kit", settings=encrypted_settings)

        assert shown.exit_code == 0, shown.stderr
        assert KEY.reveal() in shown.stdout

    def test_a_file_beside_the_shop_is_advised_against(self, encrypted_settings: Settings, run: Run) -> None:
        beside = encrypted_settings.database_path.with_name("kit.txt")

        made = run("key", "kit", "--output", str(beside), settings=encrypted_settings)

        assert made.exit_code == 0, made.stderr
        assert KEY.reveal() not in made.output
        assert "has both" in made.stderr
        assert KEY.reveal() in beside.read_text()

    def test_a_wrong_key_is_told_with_what_to_do_and_makes_no_file(
        self, encrypted_settings: Settings, run: Run, tmp_path: Path
    ) -> None:
        wrong = replace(encrypted_settings, secret_key_db=OTHER)

        result = run("key", "kit", "--output", str(tmp_path / "kit.txt"), settings=wrong)

        assert result.exit_code == 1
        assert "does not open" in result.stderr
        assert not (tmp_path / "kit.txt").exists()

    def test_the_audit_log_says_that_it_was_made_and_not_what_is_in_it(
        self, encrypted_settings: Settings, run: Run
    ) -> None:
        run("key", "kit", "--to-pipe", settings=encrypted_settings)

        log = AuditLog(encrypted_settings.database_path)
        assert [entry.event for entry in log.read().entries] == ["key.kit_made"]
        assert KEY.reveal() not in log.path.read_text()
