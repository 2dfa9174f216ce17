"""Which processes have the file, and who has it alone."""

from __future__ import annotations

import fcntl
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from berrypod.errors import DatabaseLocked
from berrypod.settings import Settings
from berrypod.storage import gate as gate_module
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
    with Gate(path).alone(timeout=30):
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
        with Gate(path).alone(timeout=30):
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


ANNOUNCE = """
import sys
from pathlib import Path
from berrypod.storage.gate import Gate
with Gate(Path(sys.argv[1])).announce("restore") as announcement:
    print(announcement.process, flush=True)
    sys.stdin.readline()
"""


class TestAnnouncing:
    """Whoever wants the file alone says so, and the others see it."""

    def test_nothing_is_announced_where_nothing_ever_was(self, path: Path) -> None:
        gate = Gate(path)
        assert gate.announced() is None
        assert not gate.announcement_path.exists(), "to look leaves nothing"

    def test_all_see_what_is_announced_until_it_ends(self, path: Path) -> None:
        gate, other = Gate(path), Gate(path)
        with gate.announce("restore") as announcement:
            assert announcement.process == os.getpid()
            assert announcement.since.utcoffset() == timedelta()
            assert other.announced() == announcement
            assert gate.announced() == announcement, "who announces it sees it too"
        assert gate.announced() is other.announced() is None

    def test_another_process_announces(self, path: Path) -> None:
        with running(ANNOUNCE, path) as other:
            announced = Gate(path).announced()
            assert announced is not None
            assert (announced.operation, announced.process) == ("restore", other.pid)

    def test_one_that_was_killed_has_announced_nothing(self, path: Path) -> None:
        with running(ANNOUNCE, path) as other:
            other.kill()
            other.wait()
            assert Gate(path).announced() is None
            with Gate(path).announce("undo") as announcement:
                assert announcement.operation == "undo", "and nothing is left of it"

    def test_a_second_one_is_told_who_is_at_it(self, path: Path) -> None:
        gate = Gate(path)
        with running(ANNOUNCE, path) as other:
            words = rf"\(restore, since [\d:]+ UTC, process {other.pid}\)"
            with pytest.raises(DatabaseLocked, match=words) as caught, gate.announce("undo"):
                pytest.fail("two at a time")
            assert other.poll() is None, "it was not waited for"
            assert caught.value.hint
            other.communicate("end\n")
        with gate.announce("undo"):
            pass

    def test_those_who_look_do_not_keep_anybody_from_announcing(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They look without a pause here, which nobody does: it may take more than a moment until none of them does."""
        monkeypatch.setattr(gate_module, "_ANNOUNCING_SECONDS", 60)
        gate, stop = Gate(path), threading.Event()
        with gate.announce("first"):
            """There is a file to look at now."""

        def look() -> None:
            while not stop.is_set():
                Gate(path).announced()

        lookers = [threading.Thread(target=look) for _ in range(3)]
        for looker in lookers:
            looker.start()
        try:
            for _ in range(20):
                with gate.announce("restore"):
                    pass
        finally:
            stop.set()
            for looker in lookers:
                looker.join()

    def test_a_long_announcement_does_not_show_through_a_short_one(self, path: Path) -> None:
        gate = Gate(path)
        with gate.announce("a very long name of an operation, longer than the next"):
            pass
        with gate.announce("undo"):
            announced = gate.announced()
        assert announced is not None
        assert announced.operation == "undo"

    def test_one_that_is_not_written_yet_is_one(self, path: Path) -> None:
        """It is locked first, and written an instant later."""
        gate = Gate(path)
        gate.announcement_path.touch()
        with gate.announcement_path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            announced = gate.announced()
        assert announced is not None
        assert announced.operation == "maintenance"

    def test_whoever_wants_in_waits_until_it_has_ended(self, path: Path) -> None:
        with running(ANNOUNCE, path) as other:
            entering = Gate(path)
            thread = threading.Thread(target=entering.enter)
            thread.start()
            thread.join(0.1)
            assert not entering.held, "one more to wait for"
            other.communicate("end\n")
            thread.join(30)
            assert entering.held
            entering.leave()

    def test_whoever_has_waited_long_enough_goes_in_where_nobody_is_alone(self, path: Path) -> None:
        """The other one only wants it, and finds nobody who leaves: that is for it to give up."""
        gate = Gate(path)
        with running(ANNOUNCE, path):
            gate.enter(timeout=0.05)
            assert gate.held
            gate.leave()

    def test_whoever_announces_does_not_wait_for_itself(self, path: Path) -> None:
        gate = Gate(path)
        with gate.announce("restore"):
            gate.enter(timeout=0)
            assert gate.held
            gate.leave()

    def test_the_announcement_is_private(self, path: Path) -> None:
        gate = Gate(path)
        with gate.announce("restore"):
            assert gate.announcement_path.stat().st_mode & 0o777 == 0o600

    def test_one_link_to_a_database_and_another_have_one_gate(self, path: Path) -> None:
        path.touch()
        link = path.with_name("link.db")
        link.symlink_to(path)
        with Gate(link).announce("restore"):
            assert Gate(path).announced()


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
