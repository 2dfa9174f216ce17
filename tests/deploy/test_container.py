"""The container: its steps carried out from an empty root, and the shop in it started, used, stopped and replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from berrypod.commands import serve
from tests.conftest import IN_CI
from tests.deploy.containers import Container, new_volume
from tests.deploy.images import Building, Image, base_root, containers_missing, context_files
from tests.docs.blocks import ROOT

KEY, BASE = "the key of the file, in the container", "the key of the sessions, in the container"
SECRETS = {"SECRET_KEY_DB": KEY, "SECRET_KEY_BASE": BASE}
PLUGINS = {"stats", "backup", "restore", "s3", "notify"}

_START_SECONDS = 180


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Built from what is here, once."""
    if missing := containers_missing():
        if IN_CI:
            pytest.fail(missing)
        pytest.skip(missing)
    workroom = tmp_path_factory.mktemp("image")
    # In memory: on a disk that others use as well, writing and removing 20,000 files took two minutes.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3g,mode=700", "tmpfs", str(workroom)], check=True)
    try:
        yield Building(ROOT, base_root(workroom / "base"), workroom).build()
    finally:
        subprocess.run(["umount", "--lazy", str(workroom)], check=True)


def wait_until(condition: Callable[[], bool], container: Container) -> None:
    until = time.monotonic() + _START_SECONDS
    while not condition():
        assert container.running or condition(), container.output
        assert time.monotonic() < until, container.output
        time.sleep(0.1)


@pytest.mark.slow
def test_the_shop_lives_on_the_volume_and_outlives_its_container(image: Image, tmp_path: Path) -> None:
    """From an empty volume to a shop with a backup and a doctor's word; stopped as an engine does it, begun again."""
    volume, log = new_volume(image, tmp_path / "volume"), tmp_path / "log"
    with Container(image, volume, SECRETS, log) as first:
        wait_until(first.healthy, first)
        listed = json.loads(first.execute(["berrypod", "plugins", "--json"]).stdout)
        made = first.execute(
            ["berrypod", "admin", "create", "--email", "ada@example.org", "--password-stdin"],
            stdin="a pod of berries, by the gate\n",
        )
        assert made.returncode == 0, made.stderr
        kept = first.execute(["berrypod", "backup", "create", "--json"])
        assert kept.returncode == 0, kept.stderr
        examined = json.loads(first.execute(["berrypod", "doctor", "--thorough", "--json"]).stdout)
        written = first.execute(["sh", "-c", "echo x > /opt/berrypod/x"])
        assert first.stop(seconds=serve.SHUTDOWN_SECONDS) == 0, first.output
    assert {plugin["name"] for plugin in listed} >= PLUGINS, listed
    findings = [finding for group in examined["groups"] for finding in group["findings"]]
    assert [finding for finding in findings if finding["level"] == "fail"] == []

    assert written.returncode != 0, "what is not on the volume cannot be written"
    path = volume / "berrypod.db"
    assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (10001, 0o600)
    assert not path.with_name("berrypod.db-wal").exists(), "its log was folded in, and it was closed"

    with Container(image, volume, SECRETS, log) as second:
        wait_until(second.healthy, second)
        assert "ada@example.org" in second.execute(["berrypod", "admin", "list"]).stdout
        assert len(json.loads(second.execute(["berrypod", "backup", "list", "--json"]).stdout)) > 0


@pytest.mark.slow
def test_without_its_secrets_it_does_not_start_and_says_what_to_type(image: Image, tmp_path: Path) -> None:
    with Container(image, new_volume(image, tmp_path / "volume"), {}, tmp_path / "log") as container:
        wait_until(lambda: not container.running, container)
    assert "berrypod secret" in container.output
    assert list((tmp_path / "volume").iterdir()) == []


@pytest.mark.slow
def test_no_secret_and_no_shop_is_in_the_image(image: Image) -> None:
    assert not any(name.startswith("SECRET_") for name in image.env)
    assert list(image.inside("/data").iterdir()) == []
    assert list(image.inside("/opt/berrypod").rglob("*.db")) == []
    assert list(image.inside("/opt/berrypod").rglob(".env")) == []


def test_what_lies_in_the_folder_by_chance_is_not_sent_to_the_builder(tmp_path: Path) -> None:
    """Shops, keys and history stay out of each layer, whatever a folder is used for."""
    chance = (".env", "shop.db", "shop.db-wal", "berrypod-demo/keys.env", "berrypod/.env", ".git/config", "kit.txt")
    for name in (*chance, "berrypod/app.py", "plugins/s3/pyproject.toml", "pyproject.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    shutil.copyfile(ROOT / ".dockerignore", tmp_path / ".dockerignore")
    assert context_files(tmp_path) == ["berrypod/app.py", "plugins/s3/pyproject.toml", "pyproject.toml"]
