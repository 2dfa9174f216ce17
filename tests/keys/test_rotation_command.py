"""`berrypod key rotate`, `status` and `confirm`, and what the doctor says in between."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from berrypod.keys.keyfile import KeyFileExists, write_key
from berrypod.settings import Secret, Settings
from berrypod.storage.keys import passphrase_fingerprint
from tests.conftest import KEY
from tests.doctor.conftest import Shop
from tests.faults.served import command, told
from tests.support.server import environment

NEW = Secret("the key that comes after it, as long as the other")


@pytest.mark.slow
def test_from_the_former_key_to_the_new_one(encrypted_settings: Settings, tmp_path: Path) -> None:
    key_file = tmp_path / "new.key"
    told(command(encrypted_settings, "backup", "create", "--json"))
    done = told(command(encrypted_settings, "key", "rotate", "--json", "--key-file", str(key_file)))
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    new = Secret(key_file.read_text().strip())
    rotation = done["rotated"]["rotation"]
    assert done["backups_under_former_key"]["count"] == 1
    assert rotation["former_fingerprint"] == passphrase_fingerprint(KEY)
    assert rotation["new_fingerprint"] == passphrase_fingerprint(new)
    assert new.reveal() not in json.dumps(done)

    refused = command(encrypted_settings, "key", "confirm")
    assert refused.returncode == 1
    assert "restart it, and confirm then" in refused.stderr
    again = command(encrypted_settings, "key", "rotate", "--key-file", str(tmp_path / "third.key"))
    assert again.returncode == 1
    assert "berrypod key confirm" in again.stderr
    assert not (tmp_path / "third.key").exists(), "a key that opens nothing is not left behind"

    status = command(encrypted_settings, "key", "status")
    assert passphrase_fingerprint(new) in status.stdout
    assert "restart" in status.stdout
    doctor = Shop(encrypted_settings.database_path, environment(encrypted_settings))
    (finding,) = doctor.look("opens")
    assert (finding.level, finding.title) == ("warn", "SECRET_KEY_DB is not the shop's key any more")

    renewed = replace(encrypted_settings, secret_key_db=new)
    doctor = Shop(encrypted_settings.database_path, environment(renewed))
    (finding,) = doctor.look("opens")
    assert (finding.level, finding.title) == ("warn", "The change of the shop's key is not confirmed")
    confirmed = command(renewed, "key", "confirm", "--remove-former")
    assert confirmed.returncode == 0, confirmed.stderr
    assert f"Backups made before need the former key ({passphrase_fingerprint(KEY)})" in confirmed.stdout
    assert "1 kept backup needs it." in confirmed.stdout
    assert told(command(renewed, "key", "status", "--json"))["former_files"] == []
    assert doctor.level("opens") == "pass"


@pytest.mark.slow
def test_a_key_of_the_admins_own_by_standard_input_or_the_environment(encrypted_settings: Settings) -> None:
    env = environment(encrypted_settings)
    run = [sys.executable, "-m", "berrypod", "key", "rotate"]
    given = subprocess.run(
        [*run, "--new-key-stdin"], input="short\n", env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert given.returncode == 1
    assert "5 bytes" in given.stderr
    named = subprocess.run(
        run, env=env | {"SECRET_KEY_DB_NEW": NEW.reveal()}, capture_output=True, text=True, timeout=120, check=False
    )
    assert named.returncode == 0, named.stderr
    assert NEW.reveal() not in named.stdout + named.stderr
    assert passphrase_fingerprint(NEW) in named.stdout
    assert "Backups made before need the former key" in named.stdout


@pytest.mark.slow
def test_a_key_that_is_written_beside_the_file_that_it_opens_is_not_left_there_without_a_word(
    encrypted_settings: Settings, tmp_path: Path
) -> None:
    done = command(encrypted_settings, "key", "rotate", "--key-file", str(tmp_path / "new.key"))
    assert done.returncode == 0, done.stderr
    assert "It lies beside the shop's file now" in done.stderr


def test_a_key_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    kept = tmp_path / "kept.key"
    kept.write_text("the only copy")
    with pytest.raises(KeyFileExists):
        write_key(kept, NEW)
    assert kept.read_text() == "the only copy"


@pytest.mark.slow
def test_what_is_stopped_in_the_last_moment_leaves_the_key_that_opens_the_shop(
    encrypted_settings: Settings, tmp_path: Path
) -> None:
    key_file = tmp_path / "new.key"
    stopped = subprocess.run(
        [sys.executable, "-m", "tests.keys.stopped", "key", "rotate", "--key-file", str(key_file)],
        env=environment(encrypted_settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert stopped.returncode != 0
    assert str(key_file) in stopped.stderr
    new = Secret(key_file.read_text().strip())
    status = told(command(replace(encrypted_settings, secret_key_db=new), "key", "status", "--json"))
    assert status["fingerprint"] == passphrase_fingerprint(new)
