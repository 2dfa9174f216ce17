"""Advanced Alchemy's repositories, for lists with filters and pages."""

from __future__ import annotations

from advanced_alchemy.filters import LimitOffset, StatementFilter
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from advanced_alchemy.repository.typing import ModelT
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.shop.paging import PageRequest
from berrypod.storage.models import Image, NewsletterSubscriber, Order, Product


class Repository(SQLAlchemyAsyncRepository[ModelT]):
    # The window function counts with the rows of the page: beyond the last page it says that there are none at all.
    count_with_window_function = False

    def __init__(self, session: AsyncSession) -> None:
        # Unwrapped: Advanced Alchemy makes one general error of all the driver's, and `Database` could then not tell a
        # full disk from a busy file.
        super().__init__(session=session, wrap_exceptions=False)

    async def page(
        self, page: PageRequest, *filters: StatementFilter | ColumnElement[bool]
    ) -> tuple[list[ModelT], int]:
        """The rows of one page, and how many rows the filters let through in all."""
        rows, total = await self.get_many_and_count(*filters, LimitOffset(page.page_size, page.offset))
        return list(rows), total


class ImageRepository(Repository[Image]):
    model_type = Image


class OrderRepository(Repository[Order]):
    model_type = Order


class ProductRepository(Repository[Product]):
    model_type = Product


class SubscriberRepository(Repository[NewsletterSubscriber]):
    model_type = NewsletterSubscriber
