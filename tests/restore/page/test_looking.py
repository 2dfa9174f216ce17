"""What the file is, on its page: damaged, of another key, not encrypted, refused by a guard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from berrypod_restore import views
from berrypod_restore.faults import RestoreRunning
from berrypod_restore.records import CONFIRMATION

from berrypod.declarations import Refuse, RestoreCandidate, RestoreGuard
from berrypod.settings import Secret
from berrypod.storage import schema
from tests.restore.page.conftest import OpenSite, Site, page_id, words

OTHER_KEY = Secret("the key that this shop had last year")


def test_a_damaged_file_is_told_and_the_shop_goes_on(site: Site) -> None:
    site.order("KEPT-0001")
    file = site.backup()
    content = bytearray(file.read_bytes())
    content[6 * 4096 + 100] ^= 1
    file.write_bytes(content)
    page = site.get(site.uploaded(file)).text
    assert 'data-verdict="damaged"' in page
    assert "the shop goes on as it is" in words(page)
    assert site.orders == ["KEPT-0001"]
    assert site.staged == [], "what nobody can use takes no space"


def test_a_file_of_another_key_is_opened_with_it_and_the_key_is_told_nowhere(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "of-last-year.db"
    schema.create(file, OTHER_KEY)
    path = site.uploaded(file)
    assert 'data-verdict="wrong_key"' in site.get(path).text
    wrong = "a key that it was not made with"
    page = site.followed(site.send(f"{path}/key", key=wrong))
    assert "does not open the file either" in words(page)
    assert wrong not in page
    right = site.followed(site.send(f"{path}/key", key=OTHER_KEY.reveal()))
    assert "Bring this backup back?" in words(right)
    assert "It was brought under the shop's key." in words(right)
    folder = site.settings.database_path.parent
    written = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert OTHER_KEY.reveal() not in right
    assert OTHER_KEY.reveal().encode() not in written
    assert wrong.encode() not in written


def test_no_key_is_no_key(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "of-last-year.db"
    schema.create(file, OTHER_KEY)
    answer = site.send(f"{site.uploaded(file)}/key", key="")
    assert answer.status_code == 422
    assert "No key was typed" in words(answer.text)


def test_a_file_that_is_not_encrypted_is_encrypted_on_demand(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "plain.db"
    schema.create(file, None)
    path = site.uploaded(file)
    assert "This backup is not encrypted" in words(site.get(path).text)
    page = site.followed(site.send(f"{path}/encrypt"))
    assert "Bring this backup back?" in words(page)
    assert all(not staged.read_bytes().startswith(b"SQLite format 3") for staged in site.staged)


def test_a_guard_of_a_plugin_that_refuses_is_named(open_site: OpenSite) -> None:
    def check(_: RestoreCandidate) -> Refuse:
        return Refuse(code="year_closed", message="The year <2025> is closed", hint="Reopen it first.")

    site = open_site(RestoreGuard(name="third-party-year", title="Closed years", check=check))
    page = site.get(site.uploaded(site.backup())).text
    assert "The year <2025> is closed" in words(page)
    assert "a guard of the plugin third_party" in words(page)
    assert "<2025>" not in page
    assert site.send(f"/admin/backup/restores/{page_id(page)}/apply", confirm=CONFIRMATION).status_code == 303
    assert site.call(site.restores.formers) == [], "nothing was replaced"


def test_while_it_compares_the_page_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.uploaded(site.backup())
    released = asyncio.Event()
    compare = site.restores.compare

    async def slowly(restore_id: str) -> Any:
        await released.wait()
        return await compare(restore_id)

    monkeypatch.setattr(site.restores, "compare", slowly)
    monkeypatch.setattr(views, "_COMPARE_SECONDS", 0.05)
    page = site.get(path).text
    assert 'data-restore-state="comparing"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    monkeypatch.setattr(views, "_COMPARE_SECONDS", 30)
    site.call(lambda: _set(released))
    assert 'data-restore-state="ready"' in site.get(f"{path}/contents").text


def test_what_another_admin_confirms_while_it_is_compared_is_followed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site.uploaded(site.backup())
    compare = site.restores.compare

    async def too_late(restore_id: str) -> Any:
        monkeypatch.setattr(site.restores, "compare", compare)
        raise RestoreRunning("This one is being applied already")

    monkeypatch.setattr(site.restores, "compare", too_late)
    assert site.get(path).status_code == 200


async def _set(event: asyncio.Event) -> None:
    event.set()
