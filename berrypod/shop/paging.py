"""Lists in pages, as the API and the admin's tables show them."""

from __future__ import annotations

from typing import Annotated, Final, Generic, TypeVar

import msgspec

from berrypod.errors import Invalid

T = TypeVar("T")

PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
# Far beyond any shop, and far below what SQLite's 64-bit OFFSET takes.
MAX_PAGE: Final = 1_000_000


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list. `total` counts all items that the filters let through, not only those of this page."""

    items: list[T]
    page: Annotated[int, msgspec.Meta(description="This page's number; the first is 1", ge=1, examples=[1])]
    page_size: Annotated[int, msgspec.Meta(description="Items on a full page", ge=1, le=MAX_PAGE_SIZE, examples=[20])]
    total: Annotated[int, msgspec.Meta(description="Items on all pages together", ge=0, examples=[57])]

    @property
    def pages(self) -> int:
        """Number of pages; 1 for an empty list."""
        return max(1, -(-self.total // self.page_size))


class PageRequest(msgspec.Struct, frozen=True):
    """Which page is wanted.

    :raises Invalid: the page is not in 1..1,000,000, or the size not in 1..100.
    """

    page: int = 1
    page_size: int = PAGE_SIZE

    def __post_init__(self) -> None:
        fields: dict[str, str] = {}
        if not 1 <= self.page <= MAX_PAGE:
            fields["page"] = f"Pages are counted from 1 to {MAX_PAGE:,}."
        if not 1 <= self.page_size <= MAX_PAGE_SIZE:
            fields["page_size"] = f"A page has 1 to {MAX_PAGE_SIZE} items."
        if fields:
            raise Invalid("There is no such page", fields=fields)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size
