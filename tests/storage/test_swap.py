"""One file in the place of another: what may go wrong, and what is left then."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace as changed
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import entering, faults, schema, swap_journal
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.files import file_mark
from berrypod.storage.gate import Gate
from berrypod.storage.swap import Swap, replace
from berrypod.storage.swap_outcomes import outcomes
from tests.storage.making import keys_of
from tests.storage.processes import running, stopped_within


@pytest.fixture
def path(settings: Settings) -> Path:
    write(settings.database_path, "former")
    return settings.database_path


@pytest.fixture
def plan(path: Path, empty_shop_file: Path) -> Swap:
    staged = path.with_name("staged.db")
    shutil.copyfile(empty_shop_file, staged)
    write(staged, "new")
    return Swap(
        id="1",
        operation="restore",
        staged=staged,
        staged_key=None,
        staged_mark=file_mark(staged),
        former=path.parent / "former" / "shop-1.db",
        look=lambda _: None,
        carry=lambda _live, _staged: None,
    )


def write(path: Path, *keys: str) -> None:
    with closing(open_connection(path, None)) as connection:
        connection.executemany("INSERT INTO settings VALUES (?, '1', '2026-01-01')", [(key,) for key in keys])


def keys(path: Path) -> list[str]:
    with closing(open_connection(path, None)) as connection:
        return keys_of(connection)


def connect_to(path: Path) -> Callable[[], dbapi2.Connection]:
    return lambda: open_connection(path, None)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*") if file.is_file()}


def no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "this file system knows no links")


@pytest.fixture(params=["links", "no links"])
def either_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no links":
        monkeypatch.setattr(os, "link", no_links)


@pytest.mark.usefixtures("either_disk")
class TestRefused:
    """Whatever stops it, the former file is the shop's."""

    def test_the_look_stops_it(self, path: Path, plan: Swap) -> None:
        def refuse(live: dbapi2.Connection | None) -> None:
            assert live is not None
            assert keys_of(live) == ["former"]
            raise errors.Conflict("an order came")

        with pytest.raises(errors.Conflict):
            replace(path, connect_to(path), changed(plan, look=refuse))
        assert names(path.parent) == {"shop.db", "staged.db"}
        assert keys(path) == ["former"]

    def test_a_staged_file_that_is_not_the_one_that_was_checked(self, path: Path, plan: Swap) -> None:
        write(plan.staged, "smuggled in")
        with pytest.raises(errors.StorageError, match=r"staged\.db is not the file that was checked"):
            replace(path, connect_to(path), plan)
        assert keys(path) == ["former"]

    def test_a_staged_file_that_is_gone(self, path: Path, plan: Swap) -> None:
        plan.staged.unlink()
        with pytest.raises(errors.StorageError, match="not the file that was checked"):
            replace(path, connect_to(path), plan)
        assert keys(path) == ["former"]

    def test_what_is_carried_does_not_fit(self, path: Path, plan: Swap) -> None:
        def carry(_: dbapi2.Connection, staged: dbapi2.Connection) -> None:
            staged.execute("INSERT INTO sweets VALUES (1)")

        with pytest.raises(errors.StorageError, match="no such table"):
            replace(path, connect_to(path), changed(plan, carry=carry))
        assert names(path.parent) == {"shop.db", "staged.db"}
        assert keys(path) == ["former"]

    def test_another_file_has_the_name_already(self, path: Path, plan: Swap) -> None:
        plan.former.parent.mkdir()
        plan.former.write_text("something else")
        with pytest.raises(errors.StorageError, match="a file is in its place"):
            replace(path, connect_to(path), plan)
        assert plan.former.read_text() == "something else"
        assert keys(path) == ["former"]
        assert keys(plan.staged) == ["new"]

    @pytest.mark.parametrize("operation", ["restore", "undo"])
    def test_the_new_file_does_not_open(self, path: Path, plan: Swap, operation: str) -> None:
        plan.staged.write_bytes(b"looks like nothing " * 1000)
        plan = changed(plan, operation=operation, staged_mark=file_mark(plan.staged))
        with pytest.raises(errors.DatabaseDamaged):
            replace(path, None, plan)
        assert keys(path) == ["former"]
        assert plan.staged.read_bytes().startswith(b"looks like nothing"), "it may be all that is left of a shop"
        assert names(path.parent) == {"shop.db", "staged.db", "shop.db-swaps.json"}
        [outcome] = outcomes(path)
        assert (outcome.result, outcome.code, outcome.former) == ("returned", "database_damaged", None)

    def test_the_new_file_has_an_older_schema(self, path: Path, plan: Swap) -> None:
        with closing(open_connection(plan.staged, None)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0000'")
        with pytest.raises(errors.SchemaNewer):
            replace(path, connect_to(path), changed(plan, staged_mark=file_mark(plan.staged)))
        assert keys(path) == ["former"]


def test_what_became_of_it_cannot_be_written_down(
    path: Path, plan: Swap, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is done is done; and it is told as soon as the disk lets it."""

    def full(*_: object) -> None:
        raise errors.DiskFull

    with monkeypatch.context() as patch:
        patch.setattr(swap_journal, "write_outcome", full)
        replace(path, connect_to(path), plan)
        assert "cannot be written down yet" in caplog.text
    assert keys(path) == ["new"]
    assert outcomes(path) == []

    told = entering.settle(Gate(path), path, None)

    assert told is not None
    assert told.result == "replaced"
    assert outcomes(path) == [told]
    assert keys(plan.former) == ["former"]


async def test_a_shop_is_not_kept_closed_by_a_disk_that_takes_no_note(
    path: Path, plan: Swap, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise errors.DiskFull

    monkeypatch.setattr(swap_journal, "write_outcome", full)
    replace(path, connect_to(path), plan)

    database = Database(settings)
    await database.open()
    assert await database.fetch(keys_of) == ["new"]
    await database.close()


class TestJournals:
    """What SQLite keeps beside a file goes where the file goes, and never stays for another."""

    @pytest.mark.usefixtures("either_disk")
    def test_the_rollback_journal_of_a_damaged_file_goes_along(self, path: Path, plan: Swap) -> None:
        """SQLite would roll it back into the new file."""
        journal = path.with_name("shop.db-journal")
        with stopped_within(lambda stop: _leave_in_a_transaction(path, stop)):
            assert journal.stat().st_size > 512
        path.write_bytes(b"nothing that could be opened" + path.read_bytes()[28:])
        before = path.read_bytes(), journal.read_bytes()

        replace(path, None, plan)

        assert keys(path) == ["new"]
        assert not journal.exists()
        assert (plan.former.read_bytes(), plan.former.with_name("shop-1.db-journal").read_bytes()) == before

    @pytest.mark.parametrize("journal", [b"", bytes(512) + b"a page" * 700])
    def test_one_that_was_only_begun_is_in_nobodys_way(self, path: Path, plan: Swap, journal: bytes) -> None:
        """A kill while the log is folded leaves it: SQLite makes a rollback journal as it leaves write-ahead mode."""
        path.with_name("shop.db-journal").write_bytes(journal)
        replace(path, connect_to(path), plan)
        assert keys(path) == ["new"]
        assert keys(plan.former) == ["former"]
        assert names(path.parent) == {"shop.db", "shop-1.db", "shop.db-swaps.json"}

    @pytest.mark.parametrize("journal", [b"", bytes(512) + b"a page" * 700])
    async def test_one_that_was_only_begun_goes_at_the_next_start(
        self, settings: Settings, path: Path, journal: bytes
    ) -> None:
        """The kill may have come before anything else of the replacement was written down."""
        path.with_name("shop.db-journal").write_bytes(journal)
        database = Database(settings)
        await database.open()
        assert not path.with_name("shop.db-journal").exists()
        await database.close()
        assert keys(path) == ["former"]

    @pytest.mark.usefixtures("either_disk")
    def test_it_comes_back_when_the_new_file_does_not_open(self, path: Path, plan: Swap) -> None:
        for end in ("-wal", "-journal"):
            path.with_name(f"shop.db{end}").write_bytes(f"the {end}".encode())
        plan.staged.write_bytes(b"looks like nothing " * 1000)

        with pytest.raises(errors.DatabaseDamaged):
            replace(path, None, changed(plan, staged_mark=file_mark(plan.staged)))

        for end in ("-wal", "-journal"):
            assert path.with_name(f"shop.db{end}").read_bytes() == f"the {end}".encode()
        assert names(plan.former.parent) == set()

    def test_the_log_of_an_undo_that_was_killed_while_it_carried(self, path: Path, plan: Swap) -> None:
        """And the shop has become unreadable since: the undo is needed more than ever."""

        def carry(staged: dbapi2.Connection) -> None:
            staged.execute("INSERT INTO settings VALUES ('carried', '1', '2026-01-01')")

        with stopped_within(lambda stop: _carry_until(path, changed(plan, operation="undo"), carry, stop)):
            assert plan.staged.with_name("staged.db-wal").stat().st_size > 0
        path.write_bytes(b"")

        replace(path, None, changed(plan, operation="undo", staged_mark=file_mark(plan.staged)))

        assert keys(path) == ["new", "carried"]
        assert names(path.parent) == {"shop.db", "shop-1.db", "shop.db-swaps.json"}


def _leave_in_a_transaction(path: Path, stop: Callable[[], None]) -> None:
    connection = open_connection(path, None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA cache_size = 10")  # So that pages are written before the end.
    connection.execute("BEGIN")
    rows = [(f"never committed {number}", f'"{"x" * 3000}"') for number in range(200)]
    connection.executemany("INSERT INTO settings VALUES (?, ?, '2026-01-01')", rows)
    stop()


def _carry_until(path: Path, plan: Swap, carry: Callable[[dbapi2.Connection], None], stop: Callable[[], None]) -> None:
    def carry_and_stop(_: dbapi2.Connection, staged: dbapi2.Connection) -> None:
        carry(staged)
        stop()

    replace(path, connect_to(path), changed(plan, carry=carry_and_stop))


def _replace_without_links_until(path: Path, plan: Swap, point: str, stop: Callable[[], None]) -> None:
    os.link = no_links
    _replace_until(path, plan, point, stop)


def _replace_until(path: Path, plan: Swap, point: str, stop: Callable[[], None]) -> None:
    def on_reach(reached: str) -> None:
        if reached == point:
            stop()

    faults.on_reach = on_reach
    replace(path, None if path.read_bytes().startswith(b"nothing") else connect_to(path), plan)


SETTLES_AND_STAYS = """
import sys
from pathlib import Path
from berrypod.storage.entering import enter
from berrypod.storage.gate import Gate
path = Path(sys.argv[1])
gate = Gate(path)
enter(gate, path, None)
print("inside", flush=True)
sys.stdin.readline()
"""


class TestSettling:
    """A note beside the file: somebody was stopped on the way, or is on the way."""

    @pytest.fixture
    def cut_short(self, path: Path, plan: Swap, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The file of a shop whose replacement was cut short when all was done but the telling."""
        with monkeypatch.context() as patch:
            patch.setattr(swap_journal.Journal, "end", lambda *_: None)
            replace(path, connect_to(path), plan)
        assert swap_journal.is_cut_short(path)
        return path

    def test_another_process_has_settled_it_and_stays_inside(self, cut_short: Path) -> None:
        """Whoever waits to have the file alone would wait for ever: there is nothing left to do."""
        inside = Gate(cut_short)
        inside.enter()
        journal = swap_journal.Journal.read(cut_short)
        assert journal is not None
        told: list[object] = []

        def settle_meanwhile(_: float) -> None:
            told.append(journal.recovered("replaced", None))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("berrypod.storage.gate.time.sleep", settle_meanwhile)
            assert entering.settle(Gate(cut_short), cut_short, None, timeout=30) is None
        assert told
        inside.leave()

    def test_one_that_cannot_be_settled_because_another_stays_inside_is_told(self, cut_short: Path) -> None:
        inside = Gate(cut_short)
        inside.enter()
        with pytest.raises(errors.DatabaseLocked):
            entering.settle(Gate(cut_short), cut_short, None, timeout=0.01)
        inside.leave()

    def test_two_who_come_at_once_both_come_in(self, cut_short: Path) -> None:
        with running(SETTLES_AND_STAYS, cut_short), running(SETTLES_AND_STAYS, cut_short):
            assert [outcome.result for outcome in outcomes(cut_short)] == ["replaced"]

    @pytest.mark.parametrize(
        ("point", "result", "content"),
        [("swap.log_aside", "unchanged", b"nothing that"), ("swap.renamed", "replaced", b"SQLite format 3")],
    )
    def test_a_folder_that_was_copied_to_elsewhere_after_the_crash(
        self, path: Path, plan: Swap, tmp_path: Path, point: str, result: str, content: bytes
    ) -> None:
        """The files there have other inodes. Beside a file that is not known for certain, no log is put."""
        path.write_bytes(b"nothing that could be opened " * 1000)
        path.with_name("shop.db-wal").write_bytes(b"its log " * 1000)
        elsewhere = tmp_path.with_name(tmp_path.name + "-copy")
        with stopped_within(lambda stop: _replace_until(path, plan, point, stop)):
            shutil.copytree(tmp_path, elsewhere)
        path = elsewhere / "shop.db"

        told = entering.settle(Gate(path), path, None)

        assert told is not None
        assert told.result == result
        assert path.read_bytes().startswith(content)
        assert not path.with_name("shop.db-wal").exists()
        assert (elsewhere / "former" / "shop-1.db-wal").exists()

    def test_nobody_makes_or_upgrades_a_shop_where_one_is_under_way(self, path: Path, plan: Swap) -> None:
        """A disk without links has no file of the shop's name for an instant: a kill there must not lead to a new,
        empty shop.
        """
        with stopped_within(lambda stop: _replace_without_links_until(path, plan, "swap.linked", stop)):
            assert not path.exists()
        for refused in (schema.create, schema.upgrade):
            with pytest.raises(errors.ReplacementCutShort, match="was cut short"):
                refused(path, None)

        told = entering.settle(Gate(path), path, None)

        assert told is not None
        assert told.result == "unchanged"
        assert keys(path) == ["former"]

    def test_parts_of_notes_that_a_kill_left_are_removed(self, path: Path) -> None:
        left = [path.with_name(f".shop.db-swap{more}.0123456789ab.part") for more in ("", "s.json")]
        for part in left:
            part.write_text("{")
            part.with_name(part.name + ".berrypod-claim").touch()
        gate = Gate(path)
        entering.enter(gate, path, None)
        assert names(path.parent) == {"shop.db", "shop.db-lock"}
        gate.leave()

    @pytest.mark.parametrize("note", [b"", b"\0" * 100, b'{"id": 1}'])
    async def test_a_note_that_makes_no_sense_is_told_and_nothing_is_touched(
        self, settings: Settings, path: Path, note: bytes
    ) -> None:
        path.with_name(f"{path.name}-swap").write_bytes(note)
        before = path.read_bytes()
        with pytest.raises(errors.ReplacementCutShort, match="cannot be read") as told:
            await Database(settings).open()
        assert "somewhere safe" in told.value.hint
        assert path.read_bytes() == before
