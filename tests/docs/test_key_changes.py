"""The changes of keys in docs/keys.md, with the settings in a file, as the README has them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from berrypod.env_file import read_env_file
from berrypod.settings import Secret, Settings
from tests.docs.blocks import ROOT, blocks
from tests.keys.test_base_key import OLD, TOTP, add_admin, secrets_of

pytestmark = pytest.mark.slow

_OWN_TEST = "with the rest of the page; a test of its own runs it, on a shop of its own"


def block_with(command: str) -> str:
    [found] = [one for one in blocks(ROOT / "docs" / "keys.md") if one.language == "sh" and f"{command}\n" in one.code]
    assert found.why_not == _OWN_TEST
    return found.code


@pytest.fixture
def env_file(encrypted_settings: Settings, tmp_path: Path) -> Path:
    """Of a shop in production."""
    path = tmp_path / "berrypod.env"
    key = encrypted_settings.secret_key_db
    assert key is not None
    path.write_text(
        f"BERRYPOD_ENV=prod\nDATABASE_PATH={encrypted_settings.database_path}\n"
        f"SECRET_KEY_DB='{key.reveal()}'\nSECRET_KEY_BASE='{OLD.reveal()}'\n"
    )
    path.chmod(0o600)
    return path


def bash(script: str, env_file: Path) -> str:
    (env_file.parent / "safe").mkdir(exist_ok=True)
    script = script.replace("/etc/berrypod.env", str(env_file)).replace("/safe/place", str(env_file.parent / "safe"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SECRET_", "BERRYPOD_", "DATA"))}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=env_file.parent,
        env=kept | {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}", "BERRYPOD_ENV_FILE": str(env_file)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_sessions_and_authenticators_come_under_another_key(encrypted_settings: Settings, env_file: Path) -> None:
    asyncio.run(add_admin(replace(encrypted_settings, secret_key_base=OLD), "ana@example.com"))
    told = bash(block_with("berrypod key rotate-base"), env_file)
    assert "1 encrypted field brought under the present SECRET_KEY_BASE" in told
    values = read_env_file(env_file)
    assert set(values) == {"BERRYPOD_ENV", "DATABASE_PATH", "SECRET_KEY_DB", "SECRET_KEY_BASE"}
    assert values["SECRET_KEY_BASE"] != OLD.reveal()
    now = replace(encrypted_settings, secret_key_base=Secret(values["SECRET_KEY_BASE"]))
    assert asyncio.run(secrets_of(now)) == [TOTP]
    assert env_file.stat().st_mode & 0o077 == 0


def test_the_file_comes_under_another_key(env_file: Path) -> None:
    before = read_env_file(env_file)["SECRET_KEY_DB"]
    assert "alone opens the shop" in bash(block_with("berrypod key confirm"), env_file)
    values = read_env_file(env_file)
    assert values["SECRET_KEY_DB"] == (env_file.parent / "safe" / "new-key.txt").read_text().strip() != before
    assert "opens with the key" in bash("berrypod key status\nberrypod admin list", env_file)
    assert env_file.stat().st_mode & 0o077 == 0
