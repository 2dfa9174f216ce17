"""The list of what would be lost: complete, readable by a spreadsheet, and no formula to it."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from berrypod_restore.differences import KINDS, Kind
from berrypod_restore.losses_csv import lost_csv
from berrypod_restore.reading import CurrentUnreadable

from berrypod.testing_shop import create_sample_shop
from tests.restore.two_shops import MANY_ORDERS, Shop


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    path = tmp_path_factory.mktemp("losses") / "shop.db"
    create_sample_shop(path)
    return Shop(path)


@pytest.fixture
def shop(sample: Shop, tmp_path: Path) -> Shop:
    path = tmp_path / "shop.db"
    path.write_bytes(sample.path.read_bytes())
    return Shop(path)


def text_of(current: Shop, candidate: Shop, kind: Kind = "orders", *, changed: bool = False) -> str:
    with closing(current.connection()) as ours, closing(candidate.as_file()) as theirs:
        return "".join(lost_csv(ours, theirs, kind, changed=changed))


def rows_of(current: Shop, candidate: Shop, kind: Kind = "orders", *, changed: bool = False) -> list[dict[str, str]]:
    text = text_of(current, candidate, kind, changed=changed)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text[1:].splitlines(keepends=True), strict=True))


def test_an_order_has_all_that_is_needed_to_enter_it_again(shop: Shop) -> None:
    backup = shop.copied().run("DELETE FROM orders WHERE number = 'K7QM-2XWD'")

    assert rows_of(shop, backup) == [
        {
            "number": "K7QM-2XWD",
            "placed_at_utc": "2026-03-14 12:00:00",
            "status": "paid",
            "name": "Ada",
            "email": "ada@example.org",
            "address_line1": "1 Orchard Lane",
            "address_line2": "",
            "postcode": "12345",
            "city": "Plumstead",
            "country": "GB",
            "note": "",
            "currency": "EUR",
            "total": "9.00",
            "items": "2 x Raspberry jam (Small) [JAM-S]",
        }
    ]


def test_the_oldest_comes_first(shop: Shop) -> None:
    backup = shop.copied()
    for number in ("Z-1", "A-2", "M-3"):
        shop.order(number)

    assert [row["number"] for row in rows_of(shop, backup)] == ["Z-1", "A-2", "M-3"]


def test_what_is_not_lost_is_not_listed(shop: Shop) -> None:
    backup = shop.copied().order("RETURNS")
    shop.run("UPDATE orders SET status = 'shipped'")

    assert [rows_of(shop, backup, kind) for kind in KINDS] == [[], [], [], [], []]
    assert text_of(shop, backup).count("\r\n") == 1


def test_what_would_be_set_back_is_listed_as_it_is_now_if_that_is_asked_for(shop: Shop) -> None:
    backup = shop.copied()
    shop.run("UPDATE orders SET status = 'shipped', city = 'Berry' WHERE number = 'K7QM-2XWD'").order("NEW")
    (row,) = rows_of(shop, backup, changed=True)

    assert (row["number"], row["status"], row["city"]) == ("K7QM-2XWD", "shipped", "Berry")
    assert row["differs"] == "status: shipped now, paid in the file, address"


def test_products_readers_settings_and_admins_are_listed_too(shop: Shop) -> None:
    backup = shop.copied()
    backup.run("DELETE FROM products WHERE slug = 'raspberry-jam'").run("DELETE FROM newsletter_subscribers")
    backup.run("DELETE FROM settings WHERE key = 'shop.name'")
    shop.run(
        "INSERT INTO admins (email, name, password_hash, recovery_codes, created_at, updated_at)"
        " VALUES ('ada@example.org', 'Ada', 'secret hash', '[]', '2026-03-01', '2026-03-01')"
    )
    (product,) = rows_of(shop, backup, "products")
    readers = rows_of(shop, backup, "subscribers")
    (setting,) = rows_of(shop, backup, "settings")
    (admin,) = rows_of(shop, backup, "admins")

    assert product["slug"] == "raspberry-jam"
    assert product["variants"] == "JAM-S (Small), 12 in stock; JAM-L (Large), 0 in stock"
    assert [(reader["email"], reader["unsubscribed_at_utc"]) for reader in readers] == [
        ("ada@example.org", ""),
        ("ben@example.org", "2026-03-14 12:00:00"),
    ]
    assert (setting["key"], setting["value"]) == ("shop.name", '"Berry & Plum"')
    assert admin == {
        "email": "ada@example.org",
        "name": "Ada",
        "created_at_utc": "2026-03-01 00:00:00",
        "disabled_at_utc": "",
    }


@pytest.mark.parametrize(
    ("currency", "minor", "told"),
    [
        ("EUR", 123456, "1234.56"),
        ("EUR", 5, "0.05"),
        ("JPY", 500, "500"),
        ("KWD", 1500, "1.500"),
        ("odd", 100, "1.00"),
    ],
)
def test_money_is_a_number_with_the_decimals_of_its_currency(shop: Shop, currency: str, minor: int, told: str) -> None:
    backup = shop.copied()
    (row,) = rows_of(shop.order("NEW", currency=currency, total_minor=minor), backup)

    assert (row["total"], row["currency"]) == (told, currency)


FORMULAS = [
    '=HYPERLINK("http://evil.example", "Ada")',
    "+1+cmd|' /C calc'!A0",
    "-1+1",
    "@SUM(1)",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\x00=1+1",
    "\u00a0=1",
    "\uff1d1+1",
    "\uff20SUM(1)",
    "\tindented",
]


@pytest.mark.parametrize("field", ["name", "email", "note"])
@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(shop: Shop, field: str, text: str) -> None:
    """Customers choose their own names; the admin opens the file with a spreadsheet."""
    backup = shop.copied()
    with closing(shop.order("NEW", **{field: text}).connection()) as ours, closing(backup.as_file()) as theirs:
        pieces = "".join(lost_csv(ours, theirs, "orders"))
    cell = next(csv.DictReader(_lines(pieces[1:])))[field]

    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["Zoë 🍓", "O'Neill", 'the "old" mill', "a; b, c", "two\r\nlines", "x=1", "مريم"])
def test_other_texts_are_as_they_are(shop: Shop, text: str) -> None:
    backup = shop.copied()
    pieces = text_of(shop.order("NEW", note=text), backup)

    assert next(csv.DictReader(_lines(pieces[1:])))["note"] == text


def test_every_title_of_an_item_is_defused_with_its_cell(shop: Shop) -> None:
    shop.order("NEW").run(
        "INSERT INTO order_items (order_id, title, variant_title, sku, quantity, unit_price_minor, created_at,"
        " updated_at) SELECT id, '=1+1', '', 'X', 3, 1, '2026-04-01', '2026-04-01' FROM orders WHERE number = 'NEW'"
    )
    backup = shop.copied().run("DELETE FROM orders WHERE number = 'NEW'")

    assert rows_of(shop, backup)[0]["items"] == "3 x =1+1 [X]"


def test_bytes_that_are_no_text_do_not_end_the_list(shop: Shop) -> None:
    backup = shop.copied()
    shop.order("A").order("B").run("UPDATE orders SET name = CAST(x'ff' AS TEXT), placed_at = 'x' WHERE number = 'A'")

    assert [(row["name"], row["placed_at_utc"]) for row in rows_of(shop, backup)] == [
        ("\ufffd", "x"),
        ("Eve", "2026-04-01 10:00:00"),
    ]


def test_a_list_that_nobody_reads_to_its_end_lets_go_of_both_files(shop: Shop) -> None:
    backup = shop.copied()
    shop.run(MANY_ORDERS, 1000)
    with closing(shop.connection()) as ours, closing(backup.as_file()) as theirs:
        with closing(lost_csv(ours, theirs, "orders")) as pieces:
            next(pieces)
            next(pieces)
            assert ours.in_transaction
        assert not ours.in_transaction
        assert ours.text_factory is theirs.text_factory is str


def test_a_shop_that_cannot_be_read_on_breaks_the_list_off(shop: Shop) -> None:
    backup = shop.copied()
    shop.run(MANY_ORDERS, 5000)
    content = bytearray(shop.path.read_bytes())
    middle = len(content) // 2
    content[middle:] = b"\xff" * (len(content) - middle)
    shop.path.write_bytes(content)

    with pytest.raises(CurrentUnreadable):
        text_of(shop, backup)


def test_memory_stays_flat(shop: Shop) -> None:
    backup = shop.copied()
    shop.run(MANY_ORDERS, 5000)
    with closing(shop.connection()) as ours, closing(backup.as_file()) as theirs:
        tracemalloc.start()
        lines, longest = 0, 0
        for piece in lost_csv(ours, theirs, "orders"):
            lines, longest = lines + piece.count("\r\n"), max(longest, len(piece))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert lines == 5001
    assert longest < 100_000
    assert peak < 1_000_000


def _lines(text: str) -> Iterator[str]:
    """As a file opened with newline="" gives them: csv knows which line ends are within a cell."""
    yield from text.splitlines(keepends=True)
