"""`berrypod demo`: a shop in a folder of its own, once; then the same again."""

from __future__ import annotations

import hashlib
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from berrypod.commands import demo
from berrypod.env_file import read_env_file
from berrypod.errors import DiskFull
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct
from berrypod.storage.database import Database
from berrypod.storage.keys import PLAIN_HEADER
from tests.commands.conftest import Run


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One product instead of 16, and no pictures: what is in the demo is tested elsewhere."""

    async def fill(database: Database, **_: Any) -> None:
        await Shop(database).inventory.create(NewProduct(title="A berry"))

    monkeypatch.setattr(demo, "fill", fill)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.usefixtures("quick")
def test_it_makes_one_encrypted_file_and_keys_that_only_its_owner_reads(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--no-serve")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "berrypod-demo"
    assert {path.name for path in folder.iterdir()} == {"berrypod.db", "berrypod.env"}
    assert not (folder / "berrypod.db").read_bytes().startswith(PLAIN_HEADER)
    for name in ("berrypod.db", "berrypod.env"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    values = read_env_file(folder / "berrypod.env")
    for shown in ("berrypod-demo/berrypod.db", "berrypod-demo/berrypod.env", values["BERRYPOD_DEMO_PASSWORD"]):
        assert shown in result.stdout
    assert values["SECRET_KEY_DB"] not in result.output


@pytest.mark.usefixtures("quick")
def test_run_again_it_is_the_same_shop(run: Run, tmp_path: Path) -> None:
    first = run("demo", "--no-serve")
    before = digest(tmp_path / "berrypod-demo" / "berrypod.db")
    second = run("demo", "--no-serve")
    assert second.stdout == first.stdout
    assert digest(tmp_path / "berrypod-demo" / "berrypod.db") == before


@pytest.mark.usefixtures("quick")
def test_what_failed_half_way_is_no_shop_and_the_next_run_makes_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any, **__: Any) -> None:
        raise DiskFull

    with monkeypatch.context() as patched:
        patched.setattr(demo, "fill", full)
        result = run("demo", "--no-serve")
    assert result.exit_code == 1
    assert not (tmp_path / "berrypod-demo" / "berrypod.db").exists()
    assert run("demo", "--no-serve").exit_code == 0
    names = {path.name for path in (tmp_path / "berrypod-demo").iterdir()}
    assert names == {"berrypod.db", "berrypod.env"}


@pytest.mark.usefixtures("quick")
def test_a_shop_whose_keys_are_gone_is_left_alone(run: Run, tmp_path: Path) -> None:
    run("demo", "--no-serve")
    folder = tmp_path / "berrypod-demo"
    (folder / "berrypod.env").unlink()
    before = digest(folder / "berrypod.db")
    result = run("demo", "--no-serve")
    assert result.exit_code == 1
    assert "berrypod.env" in result.stderr
    assert digest(folder / "berrypod.db") == before
    assert not (folder / "berrypod.env").exists()


def test_a_taken_port_is_told_before_anything_is_made(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("demo", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "another program listens there" in result.stderr
    assert not (tmp_path / "berrypod-demo").exists()


def test_a_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = run("demo", "--no-serve", "--folder", "file/demo")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "file" in result.stderr
