"""Which processes have the file, and who has it alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from berrypod.errors import DatabaseLocked
from berrypod.settings import Settings
from berrypod.storage import schema
from berrypod.storage.database import Database
from berrypod.storage.gate import Gate
from tests.storage.processes import as_nobody, running

HOLD = """
import sys
from pathlib import Path
from berrypod.storage.gate import Gate
gate = Gate(Path(sys.argv[1]))
if sys.argv[2] == "alone":
    with gate.alone():
        print("alone", flush=True)
        sys.stdin.readline()
else:
    gate.enter()
    print("inside", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


def test_many_may_be_inside(path: Path) -> None:
    gates = [Gate(path) for _ in range(3)]
    with running(HOLD, path, "together"):
        for gate in gates:
            gate.enter(timeout=0)
            assert gate.held
    for gate in gates:
        gate.leave()
        assert not gate.held


def test_one_alone_keeps_the_others_out_and_they_say_why(path: Path) -> None:
    with running(HOLD, path, "alone"):
        gate = Gate(path)
        with pytest.raises(DatabaseLocked, match="another process") as caught:
            gate.enter(timeout=0.1)
        assert caught.value.hint
        assert not gate.held


def test_one_who_wants_it_alone_waits_until_the_others_have_left(path: Path) -> None:
    inside = Gate(path)
    inside.enter()
    threading.Timer(0.15, inside.leave).start()
    started = time.monotonic()
    with Gate(path).alone(timeout=5):
        assert time.monotonic() - started > 0.1
        assert not inside.held


def test_one_who_waits_in_vain_gives_up_and_nothing_has_changed(path: Path) -> None:
    with running(HOLD, path, "together"):
        gate = Gate(path)
        with pytest.raises(DatabaseLocked, match="did not close it"), gate.alone(timeout=0.1):
            pytest.fail("was let in")
        assert not gate.held
        gate.enter(timeout=0)
        gate.leave()


@pytest.mark.parametrize("how", ["alone", "together"])
def test_a_process_that_is_killed_lets_go(path: Path, how: str) -> None:
    """No stale flag can lock the shop out: the kernel's lock is the truth."""
    with running(HOLD, path, how) as holder:
        holder.kill()
        holder.wait()
        with Gate(path).alone(timeout=1):
            pass
    assert path.with_name("shop.db-lock").exists(), "removed, two processes could lock two files of one name"


def test_whoever_is_inside_cannot_want_it_alone(path: Path) -> None:
    gate = Gate(path)
    gate.enter()
    with pytest.raises(AssertionError, match="leave"), gate.alone():
        pass
    gate.leave()


def test_a_block_that_raises_lets_go(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Gate(path).alone():
        raise ZeroDivisionError
    with Gate(path).alone(timeout=0):
        pass


def test_the_lock_file_is_private_and_empty(path: Path) -> None:
    gate = Gate(path)
    gate.enter()
    assert gate.path.stat().st_mode & 0o777 == 0o600
    assert gate.path.stat().st_size == 0
    gate.leave()


def test_a_lock_file_of_another_user_is_told_in_words(public_folder: Path) -> None:
    path = public_folder / "shop.db"
    gate = Gate(path)
    gate.enter()
    gate.leave()

    def work() -> str:
        try:
            Gate(path).enter(timeout=0)
        except Exception as error:
            return type(error).__name__
        return "entered"

    assert as_nobody(work) == "FolderNotWritable"


class TestDatabase:
    """Holds the gate for as long as it has connections."""

    async def test_it_is_inside_while_it_is_open(self, settings: Settings) -> None:
        database = Database(settings)
        await database.open()
        with pytest.raises(DatabaseLocked), Gate(settings.database_path).alone(timeout=0.05):
            pass
        await database.close()
        with Gate(settings.database_path).alone(timeout=0):
            pass

    async def test_it_is_not_opened_while_somebody_has_it_alone(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enter = Gate.enter

        def impatient(gate: Gate) -> None:
            enter(gate, timeout=0.05)

        monkeypatch.setattr(Gate, "enter", impatient)
        database = Database(settings)
        with running(HOLD, settings.database_path, "alone"), pytest.raises(DatabaseLocked):
            await database.open()
        await database.open()
        await database.close()

    async def test_an_upgrade_waits_for_it_and_gives_up(self, database: Database) -> None:
        with pytest.raises(DatabaseLocked):
            schema.upgrade(database.path, None, timeout=0.05)
