"""What the admin may set: keys such as `shop.name`, with JSON values, kept in the shop's file.

Not to be mixed up with `berrypod.settings`, which come from the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, cast

import msgspec
from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlcipher3 import dbapi2

from berrypod.errors import Invalid, NotFound
from berrypod.shop.fields import described
from berrypod.shop.freshness import Freshness
from berrypod.storage.database import Database
from berrypod.storage.models import Setting

MAX_VALUE_BYTES: Final = 64 * 1024
# Cast: SQLite gives a column of type JSON numeric affinity, and hands out the text `24` as a number.
_ALL: Final = "SELECT key, CAST(value AS TEXT), updated_at FROM settings"
_ONE: Final = "SELECT CAST(value AS TEXT) FROM settings WHERE key = ?"

# Beyond, the same column would change a number on its way into the file.
_LARGEST_NUMBER: Final = 2**53

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(?:\.[a-z0-9_]{1,40}){1,3}")

_Line = Annotated[str, msgspec.Meta(max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=20_000)]
_CurrencyCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Declaration(msgspec.Struct, frozen=True):
    """A setting that the shop itself reads: the type of its value, its default, and what it is for."""

    type: Any
    default: Any
    help: str


CURRENCY: Final = "shop.currency"

# What was done with the file and who looks after it, not how the shop is: when a backup was last taken, who is told
# when none is. It stays when a backup is restored.
ABOUT_THE_FILE: Final = ("backup.%", "notify.%")

# SQL: the settings that an admin knows of. The rest is Berrypod's own: the above, and the links to the first account.
SET_BY_PEOPLE: Final = " AND ".join(f"key NOT LIKE '{pattern}'" for pattern in (*ABOUT_THE_FILE, "accounts.%"))

DECLARED: Final[Mapping[str, Declaration]] = MappingProxyType(
    {
        "shop.name": Declaration(_Line, "Berrypod", "The name of the shop, on every page"),
        "shop.tagline": Declaration(_Line, "", "A short line under the name"),
        "shop.description": Declaration(_Text, "", "What the shop is about, for search engines and the front page"),
        "shop.about": Declaration(_Text, "", "Who the people behind the shop are; a page of its own"),
        "shop.email": Declaration(_Line, "", "Where customers write to"),
        "shop.phone": Declaration(_Line, "", "Where customers call"),
        "shop.address": Declaration(_Text, "", "Postal address, one line each"),
        CURRENCY: Declaration(_CurrencyCode, "EUR", "Currency of all prices (ISO 4217)"),
        "storefront.announcement": Declaration(_Line, "", "A line above every page; empty for none"),
        "storefront.products_per_page": Declaration(
            Annotated[int, msgspec.Meta(ge=1, le=100)], 24, "Products on a page of the catalogue"
        ),
        "storefront.banners": Declaration(
            dict[str, int],
            {},
            "Wide pictures (their numbers) by place: `letters` beside the newsletter, `parcels` above the shipping "
            "page, the name of a category in small letters; the first of all is on the front page",
        ),
        "storefront.covers": Declaration(
            dict[str, int], {}, "Pictures (their numbers) by product's slug, for lists, in place of the first picture"
        ),
        "storefront.swatches": Declaration(
            dict[str, dict[str, int]], {}, "Small pictures (their numbers) by product's slug and value of an option"
        ),
        "orders.open": Declaration(bool, True, "Whether the shop takes orders now"),
        "orders.closed_message": Declaration(_Line, "", "What customers read while it takes none"),
        "orders.countries": Declaration(list[_Line], [], "Countries that the shop ships to; none for all"),
        "orders.payment_terms": Declaration(
            _Text, "Payable within 14 days of the invoice.", "How orders are paid, on the confirmation"
        ),
        "orders.shipping_note": Declaration(_Text, "", "How and when orders are sent, on product pages"),
        "newsletter.title": Declaration(_Line, "", "The heading of the sign-up"),
        "newsletter.invitation": Declaration(_Line, "News from the shop, now and then.", "The line above the sign-up"),
        "seo.description": Declaration(_Line, "", "What search engines show of the front page"),
        "seo.indexing": Declaration(bool, True, "Whether search engines may list the shop"),
        "tax.included": Declaration(bool, False, "Whether prices include tax; pages say so then"),
        "legal.imprint": Declaration(_Text, "", "Who runs the shop, as the law may ask for"),
        "legal.terms": Declaration(_Text, "", "Terms of sale"),
        "legal.privacy": Declaration(_Text, "", "What happens with customers' data"),
    }
)

# Sections that API clients may write to. What plugins keep about themselves (`backup.last`) is not theirs to change.
_CLIENT_SECTIONS: Final = frozenset(key.split(".", 1)[0] for key in DECLARED) | {
    "mail",
    "seo",
    "social",
    "tax",
    "theme",
}


class SettingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A setting with its value. `updated_at` is null while it has its default."""

    key: Annotated[str, described("Name, in sections parted by dots", "shop.name")]
    value: Annotated[Any, described("Any JSON value", "Berry & Plum")]
    help: Annotated[str, described("What it is for; empty for those of plugins", "The name of the shop")]
    updated_at: datetime | None


class ShopSettings:
    """The settings, with defaults for those that the shop reads. Reading is free while nothing changes in the file."""

    def __init__(self, database: Database, freshness: Freshness) -> None:
        self._database = database
        self._freshness = freshness

    async def values(self) -> Mapping[str, Any]:
        """All values by key, defaults included. A stored value of the wrong type counts as not there."""
        return MappingProxyType({key: record.value for key, record in (await self._records()).items()})

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, the declared default, or else `default`."""
        record = (await self._records()).get(key)
        return default if record is None else record.value

    async def list(self) -> list[SettingRecord]:
        """All settings, by key."""
        return list((await self._records()).values())

    async def record(self, key: str) -> SettingRecord:
        """:raises NotFound: it is neither declared nor stored."""
        record = (await self._records()).get(key)
        if record is None:
            raise NotFound(f"There is no setting {key!r}", hint="GET /api/settings lists them.")
        return record

    async def put(self, key: str, value: Any) -> SettingRecord:
        """Set `key` to any JSON value.

        :raises Invalid: the key is malformed, or the value is too large or not of the declared type.
        """
        value = checked(key, value)
        async with self._database.write() as session:
            await store(session, key, value)
        return await self.record(key)

    async def reset(self, key: str) -> None:
        """Back to the default; those without one are gone. :raises NotFound: it is neither declared nor stored."""
        await self.record(key)
        async with self._database.write() as session:
            await session.execute(delete(Setting).where(Setting.key == key))

    async def put_as_client(self, key: str, value: Any) -> SettingRecord:
        """As `put`, but only in the shop's own sections: what plugins note about themselves is theirs.

        :raises Invalid: also when the key is in another section.
        """
        _check_section(key)
        return await self.put(key, value)

    async def reset_as_client(self, key: str) -> None:
        """As `reset`, but only in the shop's own sections. :raises Invalid: the key is in another section."""
        _check_section(key)
        await self.reset(key)

    async def _records(self) -> dict[str, SettingRecord]:
        return await self._freshness.get("settings", self._read, lambda records: 300 * len(records))

    async def _read(self) -> dict[str, SettingRecord]:
        rows = await self._database.fetch(lambda connection: connection.execute(_ALL).fetchall())
        records = {
            key: SettingRecord(key=key, value=declared.default, help=declared.help, updated_at=None)
            for key, declared in DECLARED.items()
        }
        for key, text, updated_at in rows:
            declared = DECLARED.get(key)
            try:
                value = msgspec.json.decode(text, type=declared.type if declared else Any)
            except msgspec.MsgspecError:
                continue
            if is_sealed(key, value):
                continue
            moment = datetime.fromisoformat(updated_at)
            records[key] = SettingRecord(
                key=key,
                value=value,
                help=declared.help if declared else "",
                updated_at=moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment,
            )
        return dict(sorted(records.items()))


async def store(session: AsyncSession, key: str, value: Any) -> None:
    """Write a setting within a transaction that does other things as well."""
    now = datetime.now(UTC)
    statement = insert(Setting).values(key=key, value=value, updated_at=now)
    await session.execute(statement.on_conflict_do_update(set_={"value": statement.excluded.value, "updated_at": now}))


def is_sealed(key: str, value: Any) -> bool:
    """True for a record of secrets (`berrypod.stored`), which nothing shows: one that clients cannot have written."""
    if key.split(".", 1)[0] in _CLIENT_SECTIONS or not isinstance(value, dict):
        return False
    members = cast("dict[str, Any]", value)
    return members.keys() == {"encrypted"} and isinstance(members["encrypted"], str)


def _check_section(key: str) -> None:
    if key.split(".", 1)[0] not in _CLIENT_SECTIONS:
        sections = ", ".join(sorted(_CLIENT_SECTIONS))
        raise Invalid(
            f"The setting {key[:100]!r} cannot be set from outside",
            fields={"key": f"Keys of these sections can be set: {sections}."},
        )


def checked(key: str, value: Any) -> Any:
    """The value as it will be stored.

    :raises Invalid: see `ShopSettings.put`.
    """
    if not _KEY.fullmatch(key):
        raise Invalid(
            f"{key[:100]!r} cannot be the key of a setting",
            fields={"key": "Two to four parts of small letters, digits and underscores, joined by dots."},
        )
    try:
        # To JSON and back: what is stored is what was checked, and nothing that JSON cannot say.
        text = msgspec.json.encode(value)
        declared = DECLARED.get(key)
        value = msgspec.json.decode(text, type=declared.type if declared else Any)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).split(" - at", 1)[0] or "This is no JSON value"
        raise Invalid(f"{key} cannot have this value", fields={"value": f"{reason}."}) from error
    if isinstance(value, int | float) and abs(value) > _LARGEST_NUMBER:
        raise Invalid(f"The value of {key} is too large", fields={"value": "Numbers up to 2 to the power of 53."})
    if len(text) > MAX_VALUE_BYTES:
        raise Invalid(f"The value of {key} is too large", fields={"value": f"At most {MAX_VALUE_BYTES:,} bytes."})
    return value


def read_setting(connection: dbapi2.Connection, key: str) -> Any:
    """A declared setting, within a hot read: the same state of the file as the rows beside it."""
    declared = DECLARED[key]
    row = connection.execute(_ONE, (key,)).fetchone()
    try:
        return declared.default if row is None else msgspec.json.decode(row[0], type=declared.type)
    except msgspec.MsgspecError:
        return declared.default


def read_currency(connection: dbapi2.Connection) -> str:
    """ISO 4217 code of the shop's currency."""
    return read_setting(connection, CURRENCY)


def carry_about_the_file(live: dbapi2.Connection, staged: dbapi2.Connection) -> None:
    """Bring what is known about the file itself from the shop's file into the one that takes its place.

    A shop's file that is damaged there has nothing to bring: a restore is what helps then.

    :raises sqlcipher3.dbapi2.Error: `staged` cannot be written.
    """
    query = "SELECT key, value, updated_at FROM settings WHERE key LIKE ?"
    try:
        rows = [row for pattern in ABOUT_THE_FILE for row in live.execute(query, (pattern,))]
    except (dbapi2.Error, MemoryError):
        return
    staged.executemany("INSERT OR REPLACE INTO settings (key, value, updated_at) VALUES (?, ?, ?)", rows)
