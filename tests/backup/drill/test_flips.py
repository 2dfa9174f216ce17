"""One bit that flipped in what is stored: found by a drill and by a check, and told on the page and by the API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.archive.making import flip
from tests.backup.conftest import Site, words_of
from tests.backup.drill.conftest import Rendering

ENDED = ("proven", "whole", "failed", "interrupted")


@pytest.fixture
def shop(site: Site, quick_rendering: Rendering) -> Iterator[Site]:
    """An encrypted shop, with somebody signed in."""
    site.sign_in()
    yield site
    # Whatever is damaged, the next backup is none of that, and is proven.
    assert drilled(site, kept(site))["state"] == "proven"


def kept(site: Site, method: str = "snapshot") -> str:
    made = site.ended(site.api("POST", json={"exporters": ["keep"], "method": method}).headers["location"])
    assert made["state"] == "done", made
    return made["id"]


def drilled(site: Site, backup_id: str, kind: str = "drill") -> dict[str, Any]:
    """What came of a drill, or of a check."""
    response = site.api("POST", f"/kept/keep/{kind}", params={"copy": backup_id})
    assert response.status_code == 202, response.text
    until = time.monotonic() + 60
    while True:
        drill = site.api("GET", response.headers["location"], "backup:read").json()
        if drill["state"] in ENDED:
            return drill
        assert time.monotonic() < until, drill
        time.sleep(0.02)


def folder_of(site: Site) -> Path:
    path = site.settings.database_path
    return path.with_name(f"{path.name}-backups")


def told(site: Site, backup_id: str) -> dict[str, Any]:
    """As the API lists it."""
    (archive,) = [one for one in site.api("GET", "/archives", "backup:read").json() if one["exporter"] == "keep"]
    (backup,) = [one for one in archive["backups"] if one["id"] == backup_id]
    return backup


def spoil(site: Site, backup_id: str, part: str) -> str:
    """Flip a bit. Returns the name of what has it."""
    if part == "chunk":
        path = max(folder_of(site).glob("chunks/*/*"), key=lambda path: path.stat().st_size)
        flip(path, 9000)
    else:
        path = folder_of(site) / f"berrypod-backup-{backup_id}.{part}"
        flip(path)
    return path.name


@pytest.mark.parametrize("kind", ["drill", "verify"])
@pytest.mark.parametrize("part", ["chunk", "map", "db"])
def test_a_damaged_part_is_named_and_what_was_proven_is_no_more(shop: Site, part: str, kind: str) -> None:
    backup_id = kept(shop, "compact" if part == "db" else "snapshot")
    assert drilled(shop, backup_id)["state"] == "proven"
    name = spoil(shop, backup_id, part)
    ended = drilled(shop, backup_id, kind)

    assert ended["state"] == "failed"
    assert name in ended["error"]["message"]
    backup = told(shop, backup_id)
    assert (backup["proven"], backup["verified_at"]) == (False, None)
    assert name in backup["proof"]["problem"]
    assert backup["proof"]["hint"] == ended["error"]["hint"]
    words = words_of(shop.page())
    assert name in words
    assert "Make a new backup" in words or "Use another one" in words
    assert " proven " not in words.split("Kept backups", 1)[1]
    assert "damaged" in words


def test_a_damaged_manifest_is_told_as_that(shop: Site) -> None:
    """What it says is not to be relied on: so it is no backup in the list, and no drill can be held of it."""
    backup_id = kept(shop)
    assert drilled(shop, backup_id)["state"] == "proven"
    name = spoil(shop, backup_id, "json")

    for kind in ("drill", "verify"):
        refused = shop.api("POST", f"/kept/keep/{kind}", params={"copy": backup_id})
        assert refused.status_code >= 400
        assert refused.json()["code"] == "manifest_unreadable"
    (archive,) = [one for one in shop.api("GET", "/archives", "backup:read").json() if one["exporter"] == "keep"]
    assert archive["backups"] == []
    (other,) = archive["others"]
    assert (other["kind"], other["problem"]["code"]) == ("manifest_unreadable", "manifest_unreadable")
    words = words_of(shop.page())
    assert "A manifest that cannot be read" in words
    assert backup_id in name
    assert backup_id in words
    assert "Make a new one now" in words
    assert shop.send("/admin/backup/kept/keep/delete", copy=backup_id).status_code == 303
    assert "None yet." in words_of(shop.page())
