"""What a shop and a file that is to replace it differ in: the records that the page, the API and the command line show.

They name customers: keep them in memory, never on the disk beside the encrypted file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Kind = Literal["orders", "products", "subscribers", "settings", "admins"]

KINDS: Final[tuple[Kind, ...]] = ("orders", "products", "subscribers", "settings", "admins")

ITEMS_SHOWN: Final = 50
"""The newest so many of a kind are listed. The others are counted, and are in the CSV file."""


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """A sum in one currency. `text` is for people: `€1,250.00`."""

    currency: Annotated[str, Meta(description="ISO 4217 code", examples=["EUR"])]
    value_minor: Annotated[int, Meta(description="In minor units (cents)", examples=[2400])]
    text: Annotated[str, Meta(description="As people write it", examples=["€24.00"])]


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the content alone does not tell: of the file as it came, before it was re-keyed or migrated."""

    size_bytes: int | None = None
    schema_revision: str | None = None
    encrypted: bool | None = None
    key_fingerprint: str | None = None
    made_by: Annotated[str | None, Meta(description="The version of Berrypod, if the file tells")] = None


class Side(FileFacts, frozen=True, kw_only=True):
    """One of the two: the shop as it is now, or the file.

    `oldest_at` and `newest_at` are the first and the last change of orders, products, subscribers and settings in it.
    """

    shop_name: str = ""
    currency: str = ""
    oldest_at: datetime | None = None
    newest_at: datetime | None = None


class TableDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one table. `current` is None if the shop's file cannot be read; `difference` is candidate - current."""

    name: Annotated[str, Meta(description="The table", examples=["newsletter_subscribers"])]
    title: Annotated[str, Meta(description="For people", examples=["Readers of the newsletter"])]
    current: int | None
    candidate: int
    difference: int | None


class LostItem(msgspec.Struct, frozen=True, kw_only=True):
    """One order, product, subscriber, setting or admin that only one of the two sides has."""

    label: Annotated[str, Meta(description="An order's number, a product's title, an e-mail address, a setting's name")]
    detail: Annotated[str, Meta(description="What else tells it apart", examples=["Ada · ada@example.org · paid"])]
    at: Annotated[datetime | None, Meta(description="When it was placed, made or joined")]
    value: Amount | None = None


class ChangedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One that both sides have, and that differs."""

    label: str
    detail: Annotated[str, Meta(examples=["status: shipped now, placed in the backup"])]
    at: datetime | None


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What one side has and the other has not, of one kind.

    `changed` counts what both have and what differs: after a restore it is as it was in the file. Told with what would
    be lost, and 0 with what would come back.
    """

    kind: Kind
    count: int
    newest_at: datetime | None = None
    values: Annotated[tuple[Amount, ...], Meta(description="The sum of the orders, for each currency")] = ()
    items: Annotated[tuple[LostItem, ...], Meta(description=f"The newest {ITEMS_SHOWN}")] = ()
    changed: int = 0
    changed_items: Annotated[tuple[ChangedItem, ...], Meta(description=f"The newest {ITEMS_SHOWN}")] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The shop as it is now, and a file that is to replace it.

    `lost` and `returning` have each kind once, in the order of `KINDS`, kinds without a loss too; both are empty if the
    shop's file cannot be read, and `current_error` says why. `state` stands for the content that was compared.
    """

    current: Side | None
    candidate: Side
    tables: tuple[TableDifference, ...]
    lost: tuple[Losses, ...]
    returning: tuple[Losses, ...]
    state: Annotated[str, Meta(description="Changes with the shop's content")]
    current_error: str | None = None
    current_missing: Annotated[bool, Meta(description="There is no such file: a new machine, say")] = False

    @property
    def loses(self) -> bool:
        """Whether anything is lost or set back by restoring the file, as far as that can be told."""
        return any(losses.count or losses.changed for losses in self.lost)
