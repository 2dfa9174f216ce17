"""What a restore would lose, as a CSV file: with all that is needed to enter it again by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from sqlcipher3 import dbapi2

from berrypod.shop.money import minor_digits
from berrypod_restore.differences import Kind
from berrypod_restore.kinds import COMPARED, ID, Compared
from berrypod_restore.pairing import pairs
from berrypod_restore.reading import Source, reading_candidate, reading_current
from berrypod_restore.showing import text_of, time_of, whole

MEDIA_TYPE: Final = "text/csv; charset=utf-8"

# Excel takes a file without it for one in the machine's old code page.
_BYTE_ORDER_MARK: Final = "\ufeff"

_ROWS_AT_ONCE: Final = 200

# A spreadsheet runs what begins so as a formula, and customers choose their own names. Some know the wide forms too.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = re.compile(r"[\s\x00]*[=+\-@＝＋－＠]|[\t\r\n\x00]")  # noqa: RUF001 - the wide forms


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """The columns of a file by their SQL. The names say how a column is written: a time, or money beside `currency`."""

    columns: Mapping[str, str]

    def select(self, compared: Compared) -> str:
        columns = ", ".join(self.columns.values())
        return f"SELECT {columns} FROM {compared.table} WHERE {compared.id} = ?"  # noqa: S608 - constants


_LINES: Final = """(
    SELECT group_concat(quantity || ' x ' || title || iif(variant_title = '', '', ' (' || variant_title || ')')
        || ' [' || sku || ']', '; ' ORDER BY id)
    FROM order_items WHERE order_id = orders.id
)"""

_VARIANTS: Final = """(
    SELECT group_concat(sku || iif(title = '', '', ' (' || title || ')') || ', ' || stock || ' in stock', '; '
        ORDER BY position, id)
    FROM product_variants WHERE product_id = products.id
)"""


def _columns(*names: str, **others: str) -> dict[str, str]:
    return {**{name: name for name in names}, **others}


_SHEETS: Final[Mapping[Kind, _Sheet]] = {
    "orders": _Sheet(
        columns={
            **_columns("number", placed_at_utc="placed_at"),
            **_columns("status", "name", "email", "address_line1", "address_line2", "postcode", "city", "country"),
            **_columns("note", "currency", total="total_minor", items=_LINES),
        }
    ),
    "products": _Sheet(
        columns=_columns("slug", "title", "status", "category", "summary", "description", variants=_VARIANTS)
        | _columns(created_at_utc="created_at")
    ),
    "subscribers": _Sheet(
        columns=_columns("email", "status", subscribed_at_utc="subscribed_at", unsubscribed_at_utc="unsubscribed_at")
    ),
    "settings": _Sheet(columns=_columns("key", value="CAST(value AS TEXT)", updated_at_utc="updated_at")),
    "admins": _Sheet(columns=_columns("email", "name", created_at_utc="created_at", disabled_at_utc="disabled_at")),
}


def lost_csv(
    current: dbapi2.Connection, candidate: dbapi2.Connection, kind: Kind, *, changed: bool = False
) -> Generator[str]:
    """The file, a piece at a time: memory stays flat. The oldest first; times in UTC; money with a decimal point.

    No cell is a formula to a spreadsheet: a text that begins like one gets an apostrophe before it.

    :param changed: not what the candidate has not, but what it has otherwise, as it is in the shop, with a last column
        that says what differs.
    :raises StorageError: one of the files cannot be read to its end.
    """
    compared, sheet = COMPARED[kind], _SHEETS[kind]
    with reading_candidate(candidate) as theirs, reading_current(current) as ours:
        yield _BYTE_ORDER_MARK + _lines([[*sheet.columns, *(["differs"] if changed else [])]])
        select = sheet.select(compared)
        block: list[list[str]] = []
        with closing(_chosen(ours, theirs, compared, changed=changed)) as chosen:
            for row_id, differs in chosen:
                if row := ours.row(select, row_id):
                    cells = _cells(dict(zip(sheet.columns, row, strict=True)))
                    block.append([*cells, *([differs] if changed else [])])
                if len(block) >= _ROWS_AT_ONCE:
                    yield _lines(block)
                    block = []
        if block:
            yield _lines(block)


def _chosen(ours: Source, theirs: Source, compared: Compared, *, changed: bool) -> Generator[tuple[int, str]]:
    """The ids of the rows that go into the file, and in what they differ."""
    with closing(pairs(ours, theirs, compared)) as met:
        for our, their in met:
            if our is None:
                continue
            if their is None:
                if not changed:
                    yield our[ID], ""
            elif changed and compared.differ(our, their):
                yield our[ID], compared.changed_item(our, their).detail


def _cells(row: Mapping[str, object]) -> Iterator[str]:
    currency = text_of(row.get("currency"))
    for name, value in row.items():
        if name == "total":
            yield _decimal(whole(value), currency)
        elif name.endswith("_utc"):
            time = time_of(value)
            yield time.strftime("%Y-%m-%d %H:%M:%S") if time else _safe(text_of(value))
        else:
            yield _safe(text_of(value))


def _safe(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _decimal(amount_minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    whole_part, rest = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole_part}.{rest:0{digits}d}" if digits else f"{sign}{whole_part}"


def _lines(rows: list[list[str]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
