"""What a restore would lose, bring back and set back: told without a gap, whatever is in the two files."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from berrypod_restore import comparison as comparison_module
from berrypod_restore import pairing
from berrypod_restore.comparison import compare, matches, quick_state, state_token
from berrypod_restore.differences import KINDS, FileFacts, Kind
from berrypod_restore.kinds import COMPARED
from berrypod_restore.reading import CurrentUnreadable, reading_current
from berrypod_restore.state import UNREADABLE
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseDamaged
from berrypod.settings import Secret
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.verification import count_rows
from berrypod.testing_shop import create_sample_shop
from tests.restore.two_shops import MANY_ORDERS, Shop, compared, lost, returning, sources

KEY = Secret("the key of a shop that is compared")
ADMIN = """
    INSERT INTO admins (email, name, password_hash, recovery_codes, created_at, updated_at)
    VALUES (?, 'Ada', 'hash', '[]', '2026-03-01', '2026-03-01')
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    path = tmp_path_factory.mktemp("compared") / "shop.db"
    create_sample_shop(path)
    return Shop(path)


@pytest.fixture
def shop(sample: Shop, tmp_path: Path) -> Shop:
    """Two products, two orders of 14 March 2026, two readers of the newsletter, an admin."""
    path = tmp_path / "shop.db"
    path.write_bytes(sample.path.read_bytes())
    return Shop(path).run(ADMIN, "ada@example.org")


class TestLosses:
    def test_of_a_file_that_is_the_shop_nothing_is_lost(self, shop: Shop) -> None:
        comparison = compared(shop, shop.copied())

        assert tuple(losses.kind for losses in comparison.lost) == KINDS
        assert tuple(losses.kind for losses in comparison.returning) == KINDS
        assert [(one.count, one.changed) for one in (*comparison.lost, *comparison.returning)] == [(0, 0)] * 10
        assert not comparison.loses
        assert {table.difference for table in comparison.tables} == {0}
        assert comparison.current == comparison.candidate

    def test_orders_since_the_backup_are_counted_valued_and_listed_the_newest_first(self, shop: Shop) -> None:
        backup = shop.copied()
        shop.order("NEW-1", total_minor=1234, placed_at="2026-04-01 10:00:00.000000")
        shop.order("NEW-3", total_minor=100, placed_at="2026-04-03 10:00:00.000000", status="placed")
        shop.order("NEW-2", total_minor=200, placed_at="2026-04-02 10:00:00.000000")
        comparison = compared(shop, backup)
        orders = lost(comparison)

        assert comparison.loses
        assert (orders.count, orders.newest_at) == (3, datetime(2026, 4, 3, 10, tzinfo=UTC))
        assert [value.text for value in orders.values] == ["€15.34"]
        assert [item.label for item in orders.items] == ["NEW-3", "NEW-2", "NEW-1"]
        assert orders.items[0].detail == "Eve · eve@example.org · placed"
        assert orders.items[0].value is not None
        assert orders.items[0].value.text == "€1.00"
        assert returning(comparison).count == 0

    def test_what_was_deleted_since_would_come_back(self, shop: Shop) -> None:
        backup = shop.copied()
        shop.run("DELETE FROM orders WHERE number = 'K7QM-2XWD'").run("DELETE FROM products WHERE slug = 'plum-bowl'")
        comparison = compared(shop, backup)

        assert [item.label for item in returning(comparison).items] == ["K7QM-2XWD"]
        assert [(item.label, item.detail) for item in returning(comparison, "products").items] == [
            ("Plum bowl", "plum-bowl · active")
        ]
        assert returning(comparison).changed == 0
        assert lost(comparison).count == 0

    @pytest.mark.parametrize(
        ("statement", "kind", "label"),
        [
            ("UPDATE products SET slug = 'blackberry-jam' WHERE id = 1", "products", "Raspberry jam"),
            ("UPDATE newsletter_subscribers SET email = 'cleo@example.org' WHERE id = 1", "subscribers", "cleo@"),
            ("UPDATE admins SET email = 'zoe@example.org'", "admins", "zoe@example.org"),
            ("INSERT INTO settings VALUES ('shop.tagline', '\"Jam\"', '2026-04-01')", "settings", "shop.tagline"),
        ],
    )
    def test_every_kind_is_known_by_its_key(self, shop: Shop, statement: str, kind: Kind, label: str) -> None:
        backup = shop.copied()
        losses = lost(compared(shop.run(statement), backup), kind)

        assert losses.count == 1
        assert losses.items[0].label.startswith(label)

    def test_only_the_newest_are_listed_and_all_are_counted(self, shop: Shop) -> None:
        backup = shop.copied()
        for number in range(60):
            shop.order(f"N-{number}", placed_at=f"2026-04-01 10:{number:02}:00.000000", total_minor=100)
        orders = lost(compared(shop, backup))

        assert (orders.count, len(orders.items), orders.values[0].value_minor) == (60, 50, 6000)
        assert [orders.items[0].label, orders.items[-1].label] == ["N-59", "N-10"]

    def test_orders_of_several_currencies_are_not_added_up(self, shop: Shop) -> None:
        backup = shop.copied()
        shop.order("A", currency="JPY", total_minor=500).order("B", currency="KWD", total_minor=1500)
        shop.order("C", currency="JPY", total_minor=250)

        assert [value.text for value in lost(compared(shop, backup)).values] == ["KWD\xa01.500", "¥750"]

    def test_sides_say_what_they_are(self, shop: Shop) -> None:
        backup = shop.copied()
        backup.run("UPDATE settings SET value = '\"CHF\"' WHERE key = 'shop.currency'")
        shop.order("NEW", placed_at="2030-01-02 03:04:05.000000")
        came = FileFacts(size_bytes=7, schema_revision="0000", encrypted=True, key_fingerprint="abcd", made_by="0.0.9")
        with closing(shop.connection()) as ours, closing(backup.as_file()) as theirs:
            comparison = compare(ours, theirs, candidate_file=came)

        now, then = comparison.current, comparison.candidate
        assert now is not None
        assert (now.currency, then.currency, then.shop_name) == ("EUR", "CHF", "Berry & Plum")
        assert now.newest_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert then.oldest_at == datetime(2026, 3, 14, 12, tzinfo=UTC)
        assert (then.size_bytes, then.schema_revision, then.made_by) == (7, "0000", "0.0.9")
        assert (now.size_bytes, now.schema_revision) == (shop.path.stat().st_size, "0001")

    def test_the_last_change_is_one_of_the_shop_and_no_note_of_a_backup(self, shop: Shop) -> None:
        """The notes made each backup look older than a shop in which nothing had changed."""
        backup = shop.copied()
        note = "INSERT INTO settings VALUES ('backup.last', '{}', '2031-01-01 00:00:00.000000')"
        same = compared(shop.run(note), backup)
        assert same.current is not None
        assert same.current.newest_at == same.candidate.newest_at
        shipped = compared(shop.run("UPDATE orders SET status = 'shipped', updated_at = '2030-01-01'"), backup)
        assert shipped.current is not None
        assert shipped.current.newest_at == datetime(2030, 1, 1, tzinfo=UTC)

    def test_tables_are_side_by_side_with_words_and_without_what_is_carried_over(self, shop: Shop) -> None:
        backup = shop.copied().run("DELETE FROM orders").run("CREATE TABLE extra (x)")
        tables = {table.name: table for table in compared(shop, backup).tables}

        assert (tables["orders"].current, tables["orders"].candidate, tables["orders"].difference) == (2, 0, -2)
        assert tables["newsletter_subscribers"].title == "Newsletter subscribers"
        assert (tables["extra"].current, tables["extra"].candidate) == (0, 0)
        assert not {"admin_sessions", "login_attempts", "alembic_version"} & set(tables)

    def test_what_is_carried_over_is_no_difference_of_the_settings(self, shop: Shop) -> None:
        taken = "INSERT INTO settings (key, value, updated_at) VALUES ('backup.last_at', '1', '2026-03-14 12:00:00')"
        settings = {table.name: table for table in compared(shop, shop.copied().run(taken)).tables}["settings"]

        assert settings.difference == 0


class TestChanges:
    @pytest.mark.parametrize(
        ("statement", "kind", "detail"),
        [
            (
                "UPDATE orders SET status = 'shipped' WHERE number = 'K7QM-2XWD'",
                "orders",
                "status: shipped now, paid in the file",
            ),
            ("UPDATE orders SET city = 'Berry', postcode = '9' WHERE number = 'K7QM-2XWD'", "orders", "address"),
            (
                "UPDATE products SET title = 'Jam', status = 'draft' WHERE id = 1",
                "products",
                "title, status: draft now, active in the file",
            ),
            ("UPDATE product_variants SET price_minor = 1 WHERE sku = 'JAM-S'", "products", "prices"),
            (
                "UPDATE product_variants SET stock = 5 WHERE sku = 'JAM-S'",
                "products",
                "stock: 5 now, 12 in the file",
            ),
            ("DELETE FROM product_variants WHERE sku = 'JAM-L'", "products", "variants, prices, stock"),
            ("UPDATE product_variants SET options = '{\"Size\": \"M\"}' WHERE sku = 'JAM-S'", "products", "variants"),
            (
                "UPDATE newsletter_subscribers SET status = 'unsubscribed' WHERE email = 'ada@example.org'",
                "subscribers",
                "status: unsubscribed now, subscribed in the file",
            ),
            (
                "UPDATE settings SET value = '\"Plum & Berry\"' WHERE key = 'shop.name'",
                "settings",
                'value: "Plum & Berry" now, "Berry & Plum" in the file',
            ),
            ("UPDATE admins SET password_hash = 'other'", "admins", "password"),
            ("UPDATE admins SET disabled_at = '2026-04-01'", "admins", "account: disabled now, in use in the file"),
        ],
    )
    def test_what_is_in_both_and_differs_is_told_with_what_differs(
        self, shop: Shop, statement: str, kind: Kind, detail: str
    ) -> None:
        backup = shop.copied()
        comparison = compared(shop.run(statement), backup)
        losses = lost(comparison, kind)

        assert (losses.count, losses.changed) == (0, 1)
        assert [item.detail for item in losses.changed_items] == [detail]
        assert comparison.loses
        assert sum(one.changed for one in comparison.lost) == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE orders SET updated_at = '2030-01-01'",
            "UPDATE admins SET last_login_at = '2030-01-01', totp_last_step = 7, recovery_codes = '[1]'",
            "UPDATE product_variants SET id = id + 100",
        ],
    )
    def test_what_says_nothing_of_the_content_is_no_difference(self, shop: Shop, statement: str) -> None:
        backup = shop.copied()

        assert not compared(shop.run(statement), backup).loses

    def test_pictures_of_a_product_are_part_of_it(self, shop: Shop) -> None:
        backup = shop.copied()
        shop.run(
            "INSERT INTO images (sha256, media_type, width, height, size_bytes, filename, alt, data, created_at,"
            " updated_at) VALUES ('abc', 'image/png', 1, 1, 3, '', '', x'010203', '2026-04-01', '2026-04-01')"
        )
        shop.run(
            "INSERT INTO product_images (product_id, image_id, alt, position, created_at, updated_at)"
            " VALUES (1, 1, '', 0, '2026-04-01', '2026-04-01')"
        )

        assert [item.detail for item in lost(compared(shop, backup), "products").changed_items] == ["pictures"]


ROWS = st.dictionaries(st.integers(1, 12), st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 2)), max_size=10)


class TestPairing:
    """Rows that lie elsewhere in the other file, as after a shop was put together anew."""

    def test_orders_that_changed_places_are_still_themselves(self, shop: Shop) -> None:
        backup = shop.copied()
        for old, new in ((1, 100), (2, 1), (100, 2)):
            backup.renumber("orders", old, new, order_items="order_id")
        comparison = compared(shop, backup)

        assert not comparison.loses
        assert returning(comparison).count == 0

    @given(ours=ROWS, theirs=ROWS, at_once=st.integers(1, 5))
    def test_it_finds_what_two_dictionaries_would(
        self, ours: dict[int, tuple[str, int]], theirs: dict[int, tuple[str, int]], at_once: int
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pairing, "_AT_ONCE", at_once)
            sides = [_table(rows) for rows in (ours, theirs)]
            with reading_current(sides[0]) as current, reading_current(sides[1]) as candidate:
                met = list(pairing.pairs(current, candidate, COMPARED["settings"]))
        now, then = (dict(_unique(rows).values()) for rows in (ours, theirs))
        told = [(our and our[1].decode(), their and their[1].decode()) for our, their in met]

        assert sorted(told, key=str) == sorted(
            [(key if key in now else None, key if key in then else None) for key in now.keys() | then.keys()], key=str
        )
        assert {our[1].decode() for our, their in met if our and their and our[3] != their[3]} == {
            key for key in now.keys() & then.keys() if now[key] != then[key]
        }


def _unique(rows: dict[int, tuple[str, int]]) -> dict[int, tuple[str, int]]:
    """Each key once, as in a table: the first of its ids has it."""
    seen: dict[str, int] = {}
    return {number: row for number, row in sorted(rows.items()) if seen.setdefault(row[0], number) == number}


def _table(rows: dict[int, tuple[str, int]]) -> dbapi2.Connection:
    connection = dbapi2.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE settings (key VARCHAR UNIQUE, value JSON, updated_at)")
    for number, (key, value) in _unique(rows).items():
        connection.execute("INSERT INTO settings (rowid, key, value) VALUES (?, ?, ?)", (number, key, str(value)))
    return connection


class TestOddContent:
    @pytest.mark.parametrize(
        ("stored", "told"),
        [
            ("Zoë 🍓 Müller", "Zoë 🍓 Müller"),
            ("e\u0301ve", "e\u0301ve"),
            ("مريم", "مريم"),
            ("\u202emoc.live\u202c", "\ufffdmoc.live\ufffd"),
            ("\x1b[2Jgone\x07", "\ufffd[2Jgone\ufffd"),
            ("a\n\tb\u00a0 c", "a b c"),
            ("nul\x00byte", "nul\ufffdbyte"),
            ("x" * 500, "x" * 119 + "…"),
            (b"\xff\xfe broken", "\ufffd\ufffd broken"),
            (b"\xed\xa0\x80 lone", "\ufffd\ufffd\ufffd lone"),
        ],
    )
    def test_names_are_told_in_one_clean_line(self, shop: Shop, stored: str | bytes, told: str) -> None:
        backup = shop.copied()
        shop.order("ODD", name="x").run("UPDATE orders SET name = CAST(? AS TEXT) WHERE number = 'ODD'", stored)
        comparison = compared(shop, backup)

        assert lost(comparison).items[0].detail == f"{told} · eve@example.org · paid"
        assert json.decode(json.encode(comparison))

    @pytest.mark.parametrize("key", ["ä@example.org", "🍓@example.org", "NUL\x00@example.org", b"\xff@example.org", ""])
    def test_keys_that_are_odd_are_found_on_the_other_side(self, shop: Shop, key: str | bytes) -> None:
        subscribe = (
            "INSERT INTO newsletter_subscribers (email, status, token, subscribed_at, created_at, updated_at)"
            " VALUES (CAST(? AS TEXT), 'subscribed', 't', '2026-04-01', '2026-04-01', '2026-04-01')"
        )
        backup = shop.run(subscribe, key).copied()
        backup.run("UPDATE newsletter_subscribers SET id = id + 7 WHERE token = 't'")

        assert not compared(shop, backup).loses
        backup.run("DELETE FROM newsletter_subscribers WHERE token = 't'")
        assert lost(compared(shop, backup), "subscribers").count == 1

    def test_addresses_that_look_alike_are_not_the_same(self, shop: Shop) -> None:
        """One composed, one decomposed; and capitals."""
        backup = shop.copied()
        for number, email in enumerate(("\u00e9ve@example.org", "E\u0301ve@example.org", "Ada@example.org")):
            shop.run(
                "INSERT INTO newsletter_subscribers (email, status, token, subscribed_at, created_at, updated_at)"
                " VALUES (?, 'subscribed', ?, '2026-04-01', '2026-04-01', '2026-04-01')",
                email,
                str(number),
            )

        assert lost(compared(shop, backup), "subscribers").count == 3

    @pytest.mark.parametrize("total", [2**63 - 1, 10**15])
    def test_sums_beyond_what_json_can_say_are_held_back(self, shop: Shop, total: int) -> None:
        backup = shop.copied()
        shop.order("A", total_minor=total).order("B", total_minor=total)
        comparison = compared(shop, backup)

        assert lost(comparison).values[0].value_minor == min(2 * total, 2**63 - 1)
        assert json.decode(json.encode(comparison))

    @pytest.mark.parametrize("at", ["never", "", "2026-13-45", b"\xff"])
    def test_a_time_that_is_none_is_left_out(self, shop: Shop, at: object) -> None:
        backup = shop.copied()
        shop.order("ODD").run("UPDATE orders SET placed_at = ? WHERE number = 'ODD'", at)

        assert lost(compared(shop, backup)).items[0].at is None


class TestUnreadable:
    def test_without_the_shop_the_file_is_told_alone(self, shop: Shop) -> None:
        with closing(shop.as_file()) as theirs:
            comparison = compare(None, theirs, current_error="The key does not open it")

        assert (comparison.current, comparison.lost, comparison.returning) == (None, (), ())
        assert (comparison.current_error, comparison.state) == ("The key does not open it", UNREADABLE)
        assert {(table.current, table.difference) for table in comparison.tables} == {(None, None)}
        assert {table.name: table.candidate for table in comparison.tables}["orders"] == 2
        assert comparison.candidate.shop_name == "Berry & Plum"
        assert not comparison.loses

    @pytest.fixture
    def large(self, tmp_path: Path) -> Shop:
        """Encrypted, with orders on many pages."""
        path = tmp_path / "large.db"
        create_sample_shop(path, KEY)
        return Shop(path, KEY).run(MANY_ORDERS, 3000)

    def damage(self, shop: Shop) -> None:
        """Flip a byte in each page of the second half."""
        content = bytearray(shop.path.read_bytes())
        for start in range(len(content) // PAGE_BYTES // 2 * PAGE_BYTES, len(content), PAGE_BYTES):
            content[start + 100] ^= 1
        shop.path.write_bytes(content)

    def test_a_shop_that_turns_out_to_be_damaged_is_compared_as_one_that_cannot_be_opened(self, large: Shop) -> None:
        backup = large.copied()
        self.damage(large)
        comparison = compared(large, backup)

        assert comparison.current is None
        assert "cannot be read to its end" in (comparison.current_error or "")
        assert {table.name: table.candidate for table in comparison.tables}["orders"] == 3002

    def test_a_file_that_is_damaged_is_an_error_and_never_a_comparison(self, large: Shop) -> None:
        backup = large.copied()
        self.damage(backup)
        with pytest.raises(DatabaseDamaged, match="The file to be restored cannot be read to its end"):
            compared(large, backup)

    def test_the_state_of_a_damaged_shop_is_a_state_of_its_own(self, large: Shop) -> None:
        self.damage(large)
        with closing(large.connection()) as connection:
            assert state_token(connection) == UNREADABLE
        assert (state_token(None), quick_state(None)) == (UNREADABLE, UNREADABLE)
        assert matches(UNREADABLE, UNREADABLE)

    def test_damage_that_the_state_does_not_meet_leaves_the_state_as_every_look_finds_it(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Otherwise what was confirmed would never be what is found at the moment of the swap."""

        def damaged(connection: dbapi2.Connection) -> dict[str, int]:
            if connection.execute("PRAGMA query_only").fetchone()[0]:
                error = dbapi2.DatabaseError("database disk image is malformed")
                error.sqlite_errorcode = 11
                raise error
            return count_rows(connection)

        monkeypatch.setattr(comparison_module, "count_rows", damaged)
        comparison = compared(shop, shop.copied())
        with closing(shop.connection()) as connection:
            token, quick = state_token(connection), quick_state(connection)

        assert (comparison.current, comparison.lost) == (None, ())
        assert comparison.state == token != UNREADABLE
        assert matches(token, quick)

    def test_an_interrupt_is_no_damage(self, large: Shop) -> None:
        with closing(large.connection()) as ours, closing(large.as_file()) as theirs:
            ours.set_progress_handler(lambda: 1, 10)
            with pytest.raises(dbapi2.OperationalError, match="interrupted"):
                compare(ours, theirs)

    def test_what_reads_leaves_its_connection_as_it_was(self, large: Shop) -> None:
        with closing(large.connection()) as ours, closing(large.as_file()) as theirs:
            compare(ours, theirs)
            assert not ours.in_transaction
            assert ours.execute("SELECT number FROM orders WHERE id = 1").fetchone() == ("K7QM-2XWD",)
            with pytest.raises(CurrentUnreadable), reading_current(ours) as source:
                raise CurrentUnreadable
            assert source.setting("shop.currency") == "EUR"
            assert not ours.in_transaction


class TestState:
    @pytest.mark.parametrize(
        ("statement", "quickly"),
        [
            ("UPDATE orders SET status = 'shipped' WHERE id = 1", True),
            ("DELETE FROM orders WHERE id = 2", True),
            ("UPDATE orders SET note = 'Ring twice', updated_at = '2030-01-01' WHERE id = 1", False),
            ("DELETE FROM products WHERE id = 2", True),
            ("UPDATE product_variants SET stock = stock - 1 WHERE id = 1", True),
            ("UPDATE products SET title = 'Jam', updated_at = '2030-01-01' WHERE id = 1", True),
            ("UPDATE settings SET value = '1', updated_at = '2030-01-01' WHERE key = 'shop.name'", True),
            ("DELETE FROM newsletter_subscribers WHERE id = 1", True),
            ("UPDATE newsletter_subscribers SET status = 'unsubscribed' WHERE id = 1", False),
            ("UPDATE admins SET password_hash = 'other'", True),
            ("UPDATE admins SET disabled_at = '2026-04-01'", True),
            (
                "INSERT INTO api_tokens (prefix, secret_hash, name, scopes, created_by, created_at, updated_at)"
                " VALUES ('p', 'h', 'n', '[]', '', '2026-04-01', '2026-04-01')",
                True,
            ),
        ],
    )
    def test_it_changes_with_the_content(self, shop: Shop, statement: str, quickly: bool) -> None:
        before = self.states(shop)
        after = self.states(shop.run(statement))

        assert after[0] != before[0]
        assert matches(before[0], after[1]) is not quickly

    def test_a_backup_that_is_taken_first_is_no_change_and_no_loss(self, shop: Shop) -> None:
        self.assert_of_no_account(shop, "backup.last")

    def test_a_link_to_the_first_account_is_no_change_and_no_loss(self, shop: Shop) -> None:
        self.assert_of_no_account(shop, "accounts.setup_token_hashes")

    def assert_of_no_account(self, shop: Shop, key: str) -> None:
        before = self.states(shop)
        noted = shop.run(f"INSERT INTO settings (key, value, updated_at) VALUES ('{key}', '{{}}', '2030-01-01')")
        assert self.states(noted) == before

    def test_an_order_is_seen_quickly(self, shop: Shop) -> None:
        before = self.states(shop)

        assert not matches(before[0], self.states(shop.order("NEW"))[1])

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO admin_sessions (token_hash, admin_id, last_seen_at, expires_at, address, user_agent,"
            " created_at, updated_at) VALUES ('h', 1, '2026-04-01', '2026-05-01', '', '', '2026-04-01', '2026-04-01')",
            "UPDATE admins SET last_login_at = '2026-04-01', totp_last_step = 5, updated_at = '2030-01-01'",
        ],
    )
    def test_it_does_not_change_with_who_looks(self, shop: Shop, statement: str) -> None:
        before = self.states(shop)

        assert self.states(shop.run(statement)) == before

    def test_it_is_that_of_the_comparison_and_of_every_look(self, shop: Shop) -> None:
        comparison = compared(shop, shop.copied())

        token, quick = self.states(shop)
        assert comparison.state == token
        assert matches(token, quick)
        assert self.states(shop.copied("moved.db")) == (token, quick)

    async def test_an_order_that_comes_meanwhile_is_neither_compared_nor_in_the_state(self, shop: Shop) -> None:
        before = self.states(shop)[0]
        with closing(shop.connection()) as ours, reading_current(ours) as source:
            assert source.row("SELECT count(*) FROM orders") == (2,)
            await asyncio.to_thread(shop.order, "MEANWHILE")
            assert source.row("SELECT count(*) FROM orders") == (2,)
            assert state_token(ours) == before
        assert self.states(shop)[0] != before

    def states(self, shop: Shop) -> tuple[str, str]:
        with closing(shop.connection()) as connection:
            return state_token(connection), quick_state(connection)


class TestLargeShops:
    def test_rows_are_not_kept(self, shop: Shop) -> None:
        """20,000 orders, of which each side has half for itself: what is kept at a time is a few hundred."""
        whole = shop.copied("whole.db").run(MANY_ORDERS, 20_000)
        backup = whole.copied().run("DELETE FROM orders WHERE id % 3 = 0")
        whole.run("DELETE FROM orders WHERE id % 3 = 1")
        with sources(whole, backup) as (ours, theirs):
            tracemalloc.start()
            met = sum(1 for _ in pairing.pairs(ours, theirs, COMPARED["orders"]))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()

        assert met == 20_002
        assert peak < 2_000_000

    @pytest.mark.slow
    def test_memory_stays_flat_with_half_a_million_orders(self, tmp_path: Path) -> None:
        """In a process of its own, whose peak says what SQLite used, too."""
        shop = Shop(tmp_path / "shop.db", KEY)
        create_sample_shop(shop.path, KEY)
        small = shop.copied("small.db")
        shop.run(MANY_ORDERS, 500_000)
        backup = shop.copied().run("DELETE FROM orders WHERE id > 400000")
        backup.run("UPDATE orders SET status = 'placed' WHERE id <= 10000")

        def peak(candidate: Shop, current: Shop) -> tuple[int, dict[str, Any]]:
            code = "import sys; from tests.restore.test_comparison import measure; measure(*sys.argv[1:])"
            command = [sys.executable, "-c", code, str(current.path), str(candidate.path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            kibibytes, _, told = done.stdout.partition(" ")
            return int(kibibytes), json.decode(told)

        least, _ = peak(small, small)
        used, told = peak(backup, shop)
        assert told == {"lost": 100_002, "changed": 9_999}  # one was placed already
        # Two page caches, of 16 and 4 MB, and no more.
        assert used - least < 60_000


def measure(current: str, candidate: str) -> None:
    """For a process of its own: compare, and print the peak of its memory in kibibytes."""
    import resource

    comparison = compared(Shop(Path(current), KEY), Shop(Path(candidate), KEY))
    orders = lost(comparison)
    told = json.encode({"lost": orders.count, "changed": orders.changed}).decode()
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} {told}")
