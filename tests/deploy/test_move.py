"""Copy the file, set the key, one command: the same shop in another place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import identify
from tests.conftest import KEY
from tests.faults.served import Customers, command, notes_in, stocked, told
from tests.faults.work import content_digest
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

ORDERS = 20


def content(file: Path) -> str:
    """Of a file that nobody has open."""
    with closing(open_immutable(file, identify(file, KEY))) as connection:
        return content_digest(connection)


def test_the_copied_file_the_key_and_one_command_are_the_same_shop(
    encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    """The other secret is another one, as of somebody who has the emergency kit alone; nothing else is taken along."""
    token = stocked(encrypted_settings)
    there = serve(encrypted_settings)
    with Customers(there.url).ordering() as customers:
        customers.wait_for(ORDERS)
    offered = httpx.get(f"{there.url}/api/products", timeout=60).text
    there.stop()

    before = content(encrypted_settings.database_path)
    here = tmp_path / "another machine" / "shop.db"
    here.parent.mkdir()
    shutil.copyfile(encrypted_settings.database_path, here)
    assert content(here) == before
    moved = replace(
        encrypted_settings, database_path=here, secret_key_base=Secret("of the other machine, and another one")
    )
    server = serve(moved)

    assert httpx.get(f"{server.url}/api/products", timeout=60).text == offered
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=60) as program:
        assert program.get("/api/orders").status_code == 200, "tokens go on"
    with Customers(server.url, "later").ordering() as later:
        later.wait_for(ORDERS)
    assert (later.failures, later.told) == ([], {})
    examined = told(command(moved, "doctor", "--thorough", "--json"))
    assert {
        one["check"] for group in examined["groups"] for one in group["findings"] if one["level"] == "fail"
    } == set()
    server.stop()
    assert notes_in(here) == {*customers.confirmed, *later.confirmed}
    assert content(encrypted_settings.database_path) == before
