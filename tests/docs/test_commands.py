"""The commands of the documentation, in the order of each page, against a shop that runs."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from berrypod.accounts import SCOPES, Accounts
from berrypod.settings import Settings
from berrypod.storage.database import Database
from tests.docs.blocks import PAGES, ROOT, blocks
from tests.support.server import RunningServer, environment

# Others run these: the hooks' own tests, and the gate.
RUN_ELSEWHERE = {"python", "toml", "html"}
# What a command prints, and data.
SHOWN_ONLY = {"console", "json", "text", "ini", "nginx", "yaml"}

# What is set in the environment wins over the file of settings that the page writes.
MAKES_ITS_OWN_SHOP = {"README.md"}

TYPED = "a pod of berries, by the gate\n"


def commands(page: Path) -> str:
    return "\n".join(block.code for block in blocks(page) if block.language == "sh" and not block.why_not)


def test_every_code_block_has_a_language_that_says_who_runs_it() -> None:
    known = RUN_ELSEWHERE | SHOWN_ONLY | {"sh"}
    nameless = [f"{one.page}:{one.line}" for page in PAGES for one in blocks(page) if one.language not in known]
    assert nameless == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(((?!https?://|#)[^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


async def _token(settings: Settings) -> str:
    database = Database(settings)
    await database.open()
    try:
        created = await Accounts(database, settings).tokens.create(name="docs", scopes=SCOPES)
    finally:
        await database.close()
    return created.token.reveal()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_commands_of_a_page_work_one_after_the_other(
    page: Path, encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    token = asyncio.run(_token(encrypted_settings))
    server = serve(encrypted_settings)
    script = (
        commands(page)
        .replace("https://shop.example.org", server.url)
        .replace("/srv/shop", str(tmp_path / "srv"))
        .replace("/etc/berrypod.env", str(tmp_path / "berrypod.env"))
        .replace("/safe/place", str(tmp_path / "safe"))
        # A person is asked for the password, and there is no person here.
        .replace("admin create --email you@example.com", "admin create --email you@example.com --password-stdin")
    )
    (tmp_path / "safe").mkdir()
    given = environment(encrypted_settings)
    if page.name in MAKES_ITS_OWN_SHOP:
        given = {name: value for name, value in given.items() if not name.startswith(("SECRET_", "BERRYPOD_", "DATA"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=given | {"PATH": path, "TOKEN": token, "URL": server.url},
        input=TYPED,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
