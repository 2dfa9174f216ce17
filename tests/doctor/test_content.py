"""What is in the file: schema, times, encrypted fields, and every page."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from berrypod.storage.gate import Gate
from tests.conftest import KEY
from tests.doctor.conftest import OTHER, Shop
from tests.doctor.test_file import other_program, overwrite

NOW = datetime.now(UTC)


class TestSchema:
    def test_an_earlier_one_and_a_later_one(self, shop: Shop) -> None:
        shop.run("UPDATE alembic_version SET version_num = '9999'")
        (finding,) = shop.look("schema")
        assert (finding.level, finding.title) == ("fail", "The database was made by a later version of Berrypod")

    def test_an_earlier_one(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("berrypod.storage.schema.known_revisions", lambda: ("0001", "0002"))
        (finding,) = shop.look("schema")
        assert finding.level == "fail"
        assert "berrypod db upgrade" in finding.what_to_do

    def test_another_programs(self, shop: Shop) -> None:
        other_program(shop.path, KEY.reveal())
        assert shop.level("schema") == "fail"
        assert shop.level("opens") == "pass"
        assert shop.level("encrypted-fields") == "warn", "not checked"

    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("CREATE TABLE jam (id INTEGER)", "the table jam is not a shop's"),
            (
                "CREATE TRIGGER t AFTER INSERT ON orders BEGIN DELETE FROM settings; END",
                "the trigger t is not a shop's",
            ),
            ("ALTER TABLE orders ADD COLUMN jam TEXT", "jam"),
        ],
    )
    def test_what_somebody_added(self, shop: Shop, statement: str, words: str) -> None:
        shop.run(statement)
        (finding,) = shop.look("schema")
        assert finding.level == "warn"
        assert words in finding.why


class TestClock:
    @pytest.mark.parametrize(
        ("ahead", "level"),
        [(timedelta(minutes=2), "pass"), (timedelta(hours=3), "warn"), (timedelta(days=30), "fail")],
    )
    def test_a_row_from_the_future(self, shop: Shop, ahead: timedelta, level: str) -> None:
        at = f"{NOW + ahead:%Y-%m-%d %H:%M:%S.%f}"
        shop.run(f"UPDATE orders SET placed_at = '{at}' WHERE id = 2")
        (finding,) = shop.look("clock")
        assert finding.level == level
        assert level == "pass" or "a row of orders" in finding.why

    def test_a_file_from_the_future_when_nothing_can_be_read(self, shop: Shop) -> None:
        shop.environ["SECRET_KEY_DB"] = OTHER.reveal()
        assert shop.level("clock") == "pass"
        assert shop.level("clock", now=NOW - timedelta(hours=4)) == "warn"

    def test_a_clock_without_a_battery(self, shop: Shop) -> None:
        (finding,) = shop.look("clock", now=datetime(1970, 1, 1, 0, 20, tzinfo=UTC))
        assert (finding.level, finding.title) == ("fail", "The clock is years behind")

    def test_a_clock_that_is_years_ahead(self, shop: Shop) -> None:
        (finding,) = shop.look("clock", now=NOW + timedelta(days=3000))
        assert (finding.level, finding.title) == ("warn", "The clock may be years ahead")


class TestEncryptedFields:
    def test_the_base_of_another_shop(self, shop: Shop) -> None:
        shop.environ["SECRET_KEY_BASE"] = OTHER.reveal()
        (finding,) = shop.look("encrypted-fields")
        assert finding.level == "fail"
        assert "disable-totp" in finding.what_to_do

    def test_where_there_are_none_there_is_nothing_to_say(self, shop: Shop) -> None:
        shop.environ["SECRET_KEY_BASE"] = OTHER.reveal()
        shop.run("UPDATE admins SET totp_secret = NULL")
        assert shop.look("encrypted-fields") == []


class TestEveryPage:
    @staticmethod
    def _told(shop: Shop) -> str:
        (finding,) = shop.look("integrity")
        assert finding.level == "fail"
        return finding.why

    @pytest.mark.parametrize("page", [2, 7, 20, -1])
    def test_a_flipped_bit(self, shop: Shop, page: int) -> None:
        size = shop.path.stat().st_size
        at = (size if page < 0 else 0) + page * 4096 + 1234
        content = shop.path.read_bytes()
        overwrite(shop.path, at, bytes([content[at] ^ 1]))
        assert self._told(shop)

    def test_a_row_that_refers_to_nothing(self, shop: Shop) -> None:
        shop.run("PRAGMA foreign_keys = OFF", "DELETE FROM products WHERE id = 1")
        assert "refers to a row of products that is not there" in self._told(shop)

    def test_an_index_that_lacks_a_row(self, shop: Shop) -> None:
        shop.run(
            "CREATE INDEX jam ON orders (note)",
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = 'CREATE INDEX jam ON orders (email)' WHERE name = 'jam'",
        )
        assert "jam" in self._told(shop)

    def test_a_page_that_looked_damaged_while_it_was_written_is_none(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = [["HMAC verification failed for page 7"], []]
        monkeypatch.setattr("berrypod.storage.integrity.problems", lambda *_, **__: answers.pop(0))
        assert shop.level("integrity") == "pass"
        assert answers == []


class TestTheGate:
    def test_while_another_process_has_the_file_alone_it_is_not_looked_at(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enter = Gate.enter
        monkeypatch.setattr(Gate, "enter", lambda gate: enter(gate, timeout=0.01))
        with Gate(shop.path).alone():
            (finding,) = shop.look("schema")
        assert finding.level == "warn"
        assert "held by another process" in finding.why
        assert shop.level("schema") == "pass"

    def test_a_long_look_gives_way_to_whoever_needs_the_file_alone(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enter = Gate.enter
        monkeypatch.setattr(Gate, "enter", lambda gate: enter(gate, timeout=0.01))
        Gate(shop.path).enter()
        endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
        with shop.subject() as subject, Gate(shop.path).announce("restore"):
            from berrypod.errors import DatabaseLocked

            with pytest.raises(DatabaseLocked, match="about to have the file alone"), subject.connection() as shop_file:
                shop_file.execute(endless).fetchone()

    def test_the_gate_is_not_entered_where_no_process_ever_came_through(self, shop: Shop, tmp_path: Path) -> None:
        shutil.copyfile(shop.path, tmp_path / "shop.db")
        assert shop.level("schema") == "pass"
        assert sorted(path.name for path in shop.folder.iterdir()) == ["shop.db"]
