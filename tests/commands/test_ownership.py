"""Files of root's among those of a shop that another user runs: kept from coming there, or told in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from berrypod.cli import BerrypodGroup
from berrypod.commands import ownership
from berrypod.settings import Settings
from tests.commands.conftest import Run
from tests.storage.processes import can_become_nobody

NOBODY = 65_534


@pytest.fixture
def of_nobody(settings: Settings) -> Settings:
    """A shop that the user nobody runs."""
    path = settings.database_path
    lock = path.with_name(path.name + "-lock")
    lock.touch(0o600)
    for each in (path, lock, path.parent):
        os.chown(each, NOBODY, -1)
    return settings


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.skipif(not can_become_nobody(), reason="only root can give files away")
class TestRoot:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("admin", "list"),
            ("backup", "create"),
            ("db", "upgrade"),
            ("key", "rotate"),
            ("restore", "undo", "--yes"),
            ("serve", "--port", "0"),
        ],
        ids=" ".join,
    )
    def test_leaves_nothing_among_another_users_files(
        self, run: Run, of_nobody: Settings, arguments: tuple[str, ...]
    ) -> None:
        folder = of_nobody.database_path.parent
        before = names(folder)
        refused = run(*arguments, settings=of_nobody)
        assert refused.exit_code == 1
        assert "is run by the user nobody" in refused.stderr
        assert "runuser -u nobody -- berrypod" in refused.stderr
        assert names(folder) == before

    def test_may_look(self, run: Run, of_nobody: Settings) -> None:
        """What makes no file there is not refused."""
        assert run("audit", settings=of_nobody).exit_code == 0

    def test_may_run_a_shop_whose_file_came_from_another_machine(self, run: Run, settings: Settings) -> None:
        """Its owner is a number that means somebody else here, or nobody: who has run the shop here is what counts."""
        os.chown(settings.database_path, NOBODY, -1)
        assert run("admin", "list", settings=settings).exit_code == 0

    def test_is_not_refused_where_all_files_have_one_owner_whoever_makes_them(
        self, run: Run, of_nobody: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a folder of the machine around a virtual one."""
        made = ownership.TemporaryFile

        def owned_by_nobody(*, dir: Path) -> object:  # noqa: A002 - tempfile's own name
            file = made(dir=dir)
            os.fchown(file.fileno(), NOBODY, -1)
            return file

        monkeypatch.setattr(ownership, "TemporaryFile", owned_by_nobody)
        assert run("admin", "list", settings=of_nobody).exit_code == 0


def test_a_file_that_this_user_cannot_read_is_named_in_words(run: Run) -> None:
    @click.command()
    def look() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/shop/berrypod.db-work/one.json")

    group = BerrypodGroup(name="berrypod", commands={"look": look})
    told = CliRunner().invoke(group, ["look"])
    assert told.exit_code == 1
    assert "/srv/shop/berrypod.db-work/one.json cannot be read" in told.stderr
    assert "as the user that runs the shop" in told.stderr
