"""Servers that are told to stop, killed or stopped in the middle of a replacement."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.faults.served import Customers, Program, command, former_files, notes_in, stocked, told
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

Serve = Callable[..., RunningServer]


@dataclass
class Halting:
    """A server that halts at one point of the first replacement."""

    server: RunningServer
    folder: Path

    @classmethod
    def start(cls, serve: Serve, settings: Settings, folder: Path, point: str, *, workers: int = 1) -> Halting:
        folder.mkdir()
        env = {"HALT_AT": point, "HALT_FOLDER": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
        return cls(serve(settings, workers=workers, env=env, module="tests.faults.halting"), folder)

    def halted(self) -> int:
        """Wait until it has halted. Returns the id of the process."""
        until = time.monotonic() + 60
        while not (self.folder / "halted").exists():
            assert time.monotonic() < until, self.server.output
            time.sleep(0.01)
        return int((self.folder / "halted").read_text())

    def go_on(self) -> None:
        (self.folder / "go on").touch()


@pytest.fixture
def backup(encrypted_settings: Settings, tmp_path: Path) -> Path:
    """Of the shop before its first order, but with what it sells."""
    return tmp_path / "backup.db"


def prepared(settings: Settings, backup: Path) -> str:
    """Stock the shop, and back it up. Returns a token."""
    token = stocked(settings)
    shutil.copyfile(settings.database_path, backup)
    return token


def last_outcome(settings: Settings) -> tuple[str, str | None]:
    """The state of the last restore and its outcome, as the next process tells them."""
    [record] = told(command(settings, "restore", "list", "--json"))["restores"]
    if record["state"] == "interrupted":
        assert record["error"]["message"]
        assert record["error"]["hint"]
    return record["state"], record["outcome"]


@pytest.mark.parametrize("point", ["swap.former_closed", "swap.log_gone", "swap.renamed"])
def test_a_server_that_is_told_to_stop_ends_the_replacement_first(
    encrypted_settings: Settings, serve: Serve, backup: Path, tmp_path: Path, point: str
) -> None:
    token = prepared(encrypted_settings, backup)
    halting = Halting.start(serve, encrypted_settings, tmp_path / "halt", point)
    program = Program(halting.server.url, token)
    before = encrypted_settings.database_path.stat().st_ino
    assert program.apply(program.staged(backup)).status_code == 202
    halting.halted()

    halting.server.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        halting.server.process.wait(1)
    halting.go_on()

    _require_orderly_stop(halting.server)
    assert encrypted_settings.database_path.stat().st_ino != before
    assert [file.stat().st_ino for file in former_files(encrypted_settings)] == [before]
    state, outcome = last_outcome(encrypted_settings)
    assert state in ("applied", "interrupted")
    assert outcome == "replaced"
    assert not list(encrypted_settings.database_path.parent.glob("*-swap"))


@pytest.mark.parametrize(("point", "expected"), [("swap.log_gone", "unchanged"), ("swap.renamed", "replaced")])
def test_the_other_worker_goes_on_when_the_one_that_replaces_is_killed(
    encrypted_settings: Settings, serve: Serve, backup: Path, tmp_path: Path, point: str, expected: str
) -> None:
    token = prepared(encrypted_settings, backup)
    halting = Halting.start(serve, encrypted_settings, tmp_path / "halt", point, workers=2)
    program = Program(halting.server.url, token)
    with Customers(halting.server.url).ordering() as customers:
        customers.wait_for(10)
        assert program.apply(program.staged(backup)).status_code == 202
        os.kill(halting.halted(), signal.SIGKILL)
        customers.wait_for(10)
    halting.server.stop()

    state, outcome = last_outcome(encrypted_settings)
    assert (state, outcome) == ("interrupted", expected)
    files = [encrypted_settings.database_path, *former_files(encrypted_settings)]
    assert len(files) == (2 if expected == "replaced" else 1)
    notes = [notes_in(file) for file in files]
    # The killed one took some with it that it could not confirm any more: they may be there.
    assert set(customers.confirmed) <= set().union(*notes)
    assert sum(map(len, notes)) == len(set().union(*notes)), "an order is in both"
    assert not list(encrypted_settings.database_path.parent.glob("*-swap"))


def _require_orderly_stop(server: RunningServer) -> None:
    # uvicorn does what there is to do, and then ends by the very signal that it was sent.
    server.process.wait(60)
    assert server.stop() in (0, -signal.SIGTERM), server.output
    assert "Application shutdown complete" in server.output


@contextmanager
def hanging(server: RunningServer) -> Generator[None]:
    """Stop a server, so that it does nothing at all, with the shop's file open."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_process_that_hangs_stops_a_restore_in_time_and_nothing_has_changed(
    encrypted_settings: Settings, serve: Serve, backup: Path
) -> None:
    """Another server of the same shop: a worker that hangs is killed by uvicorn after some seconds."""
    prepared(encrypted_settings, backup)
    server, other = serve(encrypted_settings), serve(encrypted_settings)
    before = encrypted_settings.database_path.stat().st_ino
    apply = ("restore", "apply", str(backup), "--yes", "--accept-newer", "--json")
    with Customers(server.url).ordering() as customers:
        with hanging(other):
            refused = command(encrypted_settings, *apply)
            assert refused.returncode == 1
            assert "did not close it within 10 s" in refused.stderr
            assert "Stop this shop's other Berrypod processes" in refused.stderr
            assert encrypted_settings.database_path.stat().st_ino == before
            assert former_files(encrypted_settings) == []
            customers.wait_for(10)
        assert told(command(encrypted_settings, *apply))["outcome"] == "replaced"
        assert encrypted_settings.database_path.stat().st_ino != before
        customers.wait_for(10)
    with Customers(other.url, "another").ordering(1) as others:
        """The one that hung sells as well."""
    for each in (server, other):
        each.process.send_signal(signal.SIGTERM)
        _require_orderly_stop(each)
    [former] = former_files(encrypted_settings)
    notes = [notes_in(encrypted_settings.database_path), notes_in(former)]
    assert customers.failures == others.failures == []
    assert set(customers.confirmed) <= notes[0] | notes[1]
    assert set(others.confirmed) <= notes[0]
    assert all("under_maintenance" in answer for answer in customers.told.values()), customers.told


def test_a_server_is_stopped_while_it_waits_for_one_that_hangs(
    encrypted_settings: Settings, serve: Serve, backup: Path
) -> None:
    """Nothing has been begun: the restore ends, and says so."""
    token = prepared(encrypted_settings, backup)
    server, other = serve(encrypted_settings), serve(encrypted_settings)
    before = encrypted_settings.database_path.stat().st_ino
    program = Program(server.url, token)
    staged = program.staged(backup)
    with hanging(other):
        assert program.apply(staged).status_code == 202
        until = time.monotonic() + 30
        while program.get("/health").json()["stage"] != "closing":
            assert time.monotonic() < until
        server.process.send_signal(signal.SIGTERM)
        _require_orderly_stop(server)
    assert encrypted_settings.database_path.stat().st_ino == before
    assert former_files(encrypted_settings) == []
    assert last_outcome(encrypted_settings) == ("interrupted", "unchanged")
    with Customers(other.url).ordering(1) as customers:
        customers.wait_for(3)
    assert customers.failures == []
