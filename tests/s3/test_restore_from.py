"""The disaster: shop, machine and folder are gone. With the bucket, the access key and the shop's key, one command
brings the shop back. Each machine is a process, and a folder that nobody else looks into."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from berrypod_s3.config import S3Config

from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.storage.verification import count_rows
from tests.archive.making import bulky
from tests.conftest import KEY
from tests.restore.making import orders_in
from tests.s3.making import ID, SECRET, Raw
from tests.s3.proxy import Cut, Proxy
from tests.support.server import RunningServer, environment

pytestmark = pytest.mark.slow


@dataclass
class Machine:
    """A machine with Berrypod on it, and these variables set."""

    settings: Settings
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "berrypod", *arguments],
            env=environment(self.settings) | self.variables,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert SECRET not in done.stdout + done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def files(self) -> list[str]:
        """What there is beside the place of the database, without what is always there."""
        folder = self.settings.database_path.parent
        # Lists of pages, by their digests, are kept for the next time, until a sweep: nothing of the shop is in them.
        ours = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "maps"]
        stay = ("-lock", "-announcement", "-audit.jsonl", "/lock", "/manifests", "/turn")
        return sorted(str(path.relative_to(folder)) for path in ours if not str(path).endswith(stay))


def keys(config: S3Config) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture
def shop(encrypted_settings: Settings, config: S3Config) -> Machine:
    """The one that will be lost, set up for off-site backups by its environment."""
    bulky(encrypted_settings, 200)
    variables = {
        "BERRYPOD_S3_BUCKET": config.bucket,
        "BERRYPOD_S3_PREFIX": config.prefix,
        "BERRYPOD_S3_ENDPOINT": config.endpoint or "",
        **keys(config),
    }
    return Machine(encrypted_settings, variables)


@pytest.fixture
def fresh(tmp_path: Path, config: S3Config) -> Machine:
    """Nothing but the keys: no database, no folder for it."""
    path = tmp_path / "another machine" / "data" / "shop.db"
    return Machine(Settings(environment="test", database_path=path, secret_key_db=KEY), keys(config))


def keep(shop: Machine) -> dict[str, Any]:
    """A backup in the bucket. Returns its manifest."""
    return shop.json("backup", "create", "--to", "s3")


def counts(settings: Settings) -> dict[str, int]:
    path = settings.database_path
    with closing(open_connection(path, find_key(path, settings.secret_key_db), read_only=True)) as connection:
        return count_rows(connection)


def test_one_command_brings_the_shop_back_on_an_empty_machine(
    shop: Machine, fresh: Machine, config: S3Config, serve: Callable[..., RunningServer]
) -> None:
    manifest = keep(shop)["snapshot"]
    [listed] = fresh.json("restore", "from", config.location, "--list")["backups"]
    done = fresh.json("restore", "from", config.location, "--yes")

    assert (done["state"], done["outcome"]) == ("applied", "replaced")
    assert fresh.settings.database_path.stat().st_size == listed["size_bytes"]
    assert fresh.settings.database_path.stat().st_mode & 0o777 == 0o600
    before, after = counts(shop.settings), counts(fresh.settings)
    assert after == manifest["row_counts"]
    assert {name for name in before if before[name] != after.get(name)} <= {"admin_sessions", "settings"}
    server = serve(fresh.settings)
    assert httpx.get(f"{server.url}/health", timeout=60).json()["alive"] is True
    assert httpx.get(f"{server.url}/", timeout=60).status_code == 200
    assert [name for name in fresh.files() if "spool" in name or "staging" in name or name.endswith(".part")] == []


def test_a_backup_is_chosen_by_its_id_and_the_running_shop_goes_on_with_it(
    shop: Machine, config: S3Config, serve: Callable[..., RunningServer]
) -> None:
    keep(shop)
    server = serve(shop.settings)
    keep(shop)
    found = shop.json("restore", "from", config.location, "--list")["backups"]
    assert [one["id"] for one in found] == sorted((one["id"] for one in found), reverse=True)
    done = shop.json("restore", "from", config.location, "--backup", found[1]["id"], "--yes")
    assert done["sha256"] == found[1]["sha256"] != found[0]["sha256"]
    assert httpx.get(f"{server.url}/", timeout=60).status_code == 200


def refused(machine: Machine, *arguments: str) -> str:
    """What it says on standard error: once for people, and nothing is there afterwards that was not before."""
    before = machine.files()
    done = machine.run("restore", "from", *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not machine.settings.database_path.exists()
    assert machine.files() == before
    return done.stderr


def test_what_cannot_be_brought_back_is_told_and_leaves_nothing(
    shop: Machine, fresh: Machine, config: S3Config, raw: Raw, proxy: Proxy
) -> None:
    assert "There is no backup in" in refused(fresh, config.location, "--yes")
    assert "There is no bucket" in refused(fresh, replace(config, bucket="gone-for-good").location, "--yes")
    assert "Known are" in refused(fresh, "ftp://berries/shop", "--yes")
    assert "key in it" in refused(fresh, f"s3://{ID}:x@berries/shop", "--yes")
    keep(shop)
    assert "There is no backup '20200101" in refused(fresh, config.location, "--backup", "20200101-000000-aaaaaaaa")

    other_key = replace(fresh, settings=replace(fresh.settings, secret_key_db=Secret("another key of another shop 42")))
    assert "key" in refused(other_key, config.location, "--yes")

    proxy.always(Cut(after_bytes=5), method="GET", part="/chunks/")
    assert "broke off" in refused(fresh, replace(config, endpoint=proxy.url).location, "--yes")

    [chunk, *_] = [name for name in raw.names() if "/chunks/" in name]
    content = bytearray(raw.get(chunk))
    content[5000] ^= 1
    raw.put(chunk, bytes(content))
    assert chunk.rpartition("/")[2] in refused(fresh, config.location, "--yes")
    raw.delete(chunk)
    assert "is missing" in refused(fresh, config.location, "--yes")


def test_the_key_of_another_time_is_read_from_standard_input(shop: Machine, config: S3Config, tmp_path: Path) -> None:
    keep(shop)
    later = Secret("the key that the shop has on its new machine, long enough")
    settings = Settings(environment="test", database_path=tmp_path / "new" / "shop.db", secret_key_db=later)
    machine = Machine(settings, keys(config))
    done = machine.run("restore", "from", config.location, "--yes", "--key-stdin", typed=f"{KEY.reveal()}\n")
    assert done.returncode == 0, done.stderr
    assert orders_in(settings.database_path, later) == orders_in(shop.settings.database_path, KEY)


def test_a_folder_is_an_archive_by_its_address_too(shop: Machine, fresh: Machine) -> None:
    shop.json("backup", "create")
    folder = shop.settings.database_path.with_name(f"{shop.settings.database_path.name}-backups")
    assert fresh.json("restore", "from", f"file://{folder}", "--yes")["state"] == "applied"
    assert "There is no folder" in fresh.run("restore", "from", f"file://{folder}-2").stderr
    assert fresh.settings.database_path.exists()
