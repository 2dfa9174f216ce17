"""What is compared: orders by number, products by slug, subscribers and admins by e-mail address, settings by name.

Each kind is a query that gives rows of `id, key, at, <fields>`. Two rows of one key differ if any of the fields does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from berrypod.shop.money import format_money
from berrypod.shop.settings import SET_BY_PEOPLE
from berrypod_restore.differences import Amount, ChangedItem, Kind, LostItem
from berrypod_restore.reading import Row
from berrypod_restore.showing import shown, time_of, whole

ID, KEY, AT = 0, 1, 2
_FIELDS = 3


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing that may differ, with words for it. `told`: its values are short enough to be told."""

    sql: str
    words: str
    told: bool = False


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How one kind is read, and how one of it is shown."""

    kind: Kind
    table: str
    key: str
    at: str
    fields: Mapping[str, Field]
    label: Callable[[Mapping[str, Any]], str]
    detail: Callable[[Mapping[str, Any]], str]
    id: str = "id"

    @cached_property
    def select(self) -> str:
        columns = ", ".join([self.id, self.key, self.at, *(field.sql for field in self.fields.values())])
        return f"SELECT {columns} FROM {self.table}"  # noqa: S608 - constants of this module

    @cached_property
    def select_key(self) -> str:
        """As far as the key, which is in the index."""
        return f"SELECT {self.id}, {self.key} FROM {self.table}"  # noqa: S608 - constants of this module

    def differ(self, current: Row, candidate: Row) -> bool:
        return current[_FIELDS:] != candidate[_FIELDS:]

    def lost_item(self, row: Row) -> LostItem:
        values, money = self._values(row), self.money(row)
        return LostItem(
            label=self.label(values),
            detail=self.detail(values),
            at=time_of(row[AT]),
            value=amount(*money) if money else None,
        )

    def changed_item(self, current: Row, candidate: Row) -> ChangedItem:
        values = self._values(current)
        return ChangedItem(
            label=self.label(values),
            detail=", ".join(self._difference(current, candidate)),
            at=time_of(current[AT]),
        )

    def money(self, row: Row) -> tuple[object, int] | None:
        """What an order comes to, in minor units of a currency, both as they are stored."""
        if self._money is None:
            return None
        currency, total = self._money
        return row[currency], whole(row[total])

    @cached_property
    def _money(self) -> tuple[int, int] | None:
        names = list(self.fields)
        if "total_minor" not in names:
            return None
        return _FIELDS + names.index("currency"), _FIELDS + names.index("total_minor")

    def _values(self, row: Row) -> dict[str, Any]:
        return {"key": row[KEY], **dict(zip(self.fields, row[_FIELDS:], strict=True))}

    def _difference(self, current: Row, candidate: Row) -> list[str]:
        pairs = zip(self.fields.values(), current[_FIELDS:], candidate[_FIELDS:], strict=True)
        told = dict.fromkeys(_words(field, ours, theirs) for field, ours, theirs in pairs if ours != theirs)
        # `stock: 5 now, 12 in the file` says it all: not `stock` once more, for the variants.
        return [words for words in told if not any(other.startswith(f"{words}: ") for other in told)]


def _words(field: Field, ours: object, theirs: object) -> str:
    if not field.told:
        return field.words
    return f"{field.words}: {shown(ours) or 'none'} now, {shown(theirs) or 'none'} in the file"


def amount(stored_currency: object, value_minor: int) -> Amount:
    currency = shown(stored_currency, 12)
    return Amount(currency=currency, value_minor=value_minor, text=format_money(value_minor, currency))


def _joined(*parts: object) -> str:
    return " · ".join(filter(None, map(shown, parts)))


def _per_variant(*columns: str) -> str:
    """One text of all the variants of a product, in an order that does not depend on how they were stored."""
    what = " || ' ' || ".join(f"quote({column})" for column in ("sku", *columns))
    return f"(SELECT group_concat({what} ORDER BY sku) FROM product_variants WHERE product_id = products.id)"  # noqa: S608


_PICTURES: Final = """(
    SELECT group_concat(images.sha256 || quote(product_images.alt) ORDER BY product_images.position, images.sha256)
    FROM product_images JOIN images ON images.id = image_id WHERE product_id = products.id
)"""

_STOCK: Final = "(SELECT sum(stock) FROM product_variants WHERE product_id = products.id)"

_ORDERS: Final = Compared(
    kind="orders",
    table="orders",
    key="number",
    at="placed_at",
    fields={
        "status": Field(sql="status", words="status", told=True),
        "name": Field(sql="name", words="customer"),
        "email": Field(sql="email", words="e-mail address"),
        "address_line1": Field(sql="address_line1", words="address"),
        "address_line2": Field(sql="address_line2", words="address"),
        "postcode": Field(sql="postcode", words="address"),
        "city": Field(sql="city", words="address"),
        "country": Field(sql="country", words="address"),
        "note": Field(sql="note", words="note"),
        "currency": Field(sql="currency", words="currency", told=True),
        "total_minor": Field(sql="total_minor", words="total"),
        "placed": Field(sql="placed_at", words="date"),
    },
    label=lambda order: shown(order["key"]),
    detail=lambda order: _joined(order["name"], order["email"], order["status"]),
)

_PRODUCTS: Final = Compared(
    kind="products",
    table="products",
    key="slug",
    at="created_at",
    fields={
        "title": Field(sql="title", words="title"),
        "status": Field(sql="status", words="status", told=True),
        "category": Field(sql="category", words="category", told=True),
        "summary": Field(sql="summary", words="description"),
        "description": Field(sql="description", words="description"),
        "position": Field(sql="position", words="place in the catalogue"),
        "variants": Field(sql=_per_variant("title", "CAST(options AS TEXT)", "position"), words="variants"),
        "prices": Field(sql=_per_variant("price_minor"), words="prices"),
        "stock": Field(sql=_STOCK, words="stock", told=True),
        "stocks": Field(sql=_per_variant("stock"), words="stock"),
        "pictures": Field(sql=_PICTURES, words="pictures"),
    },
    label=lambda product: shown(product["title"]) or shown(product["key"]),
    detail=lambda product: _joined(product["key"], product["status"]),
)

_SUBSCRIBERS: Final = Compared(
    kind="subscribers",
    table="newsletter_subscribers",
    key="email",
    at="subscribed_at",
    fields={"status": Field(sql="status", words="status", told=True)},
    label=lambda reader: shown(reader["key"]),
    detail=lambda reader: shown(reader["status"]),
)

# Not what each sign-in changes: the time of it, and the codes that are used up.
_ADMINS: Final = Compared(
    kind="admins",
    table="admins",
    key="email",
    at="created_at",
    fields={
        "name": Field(sql="name", words="name"),
        "password": Field(sql="password_hash", words="password"),
        "second_factor": Field(sql="totp_secret", words="second factor"),
        "disabled": Field(sql="iif(disabled_at IS NULL, 'in use', 'disabled')", words="account", told=True),
    },
    label=lambda admin: shown(admin["key"]),
    detail=lambda admin: _joined(admin["name"], "disabled" if admin["disabled"] == b"disabled" else ""),
)

# Of JSON type: without the cast SQLite would hand out the text `24` as a number.
_SETTINGS: Final = Compared(
    kind="settings",
    table=f"(SELECT rowid AS id, key, value, updated_at FROM settings WHERE {SET_BY_PEOPLE})",  # noqa: S608
    key="key",
    at="updated_at",
    fields={"value": Field(sql="CAST(value AS TEXT)", words="value", told=True)},
    label=lambda setting: shown(setting["key"]),
    detail=lambda setting: shown(setting["value"]),
)

COMPARED: Final[Mapping[Kind, Compared]] = {
    one.kind: one for one in (_ORDERS, _PRODUCTS, _SUBSCRIBERS, _SETTINGS, _ADMINS)
}
