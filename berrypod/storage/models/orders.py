"""What was sold. An order keeps its own copy of titles and prices: the catalogue may change afterwards."""

from __future__ import annotations

from datetime import datetime

from advanced_alchemy.types import DateTimeUTC
from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from berrypod.storage.models.base import Base


class Order(Base):
    """`number` is drawn at random and never reused, so that orders of two backups can be told apart.

    `idempotency_key` is the client's name for the request that placed the order; `request_digest` (SHA-256, hex) is
    what it asked for.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("status IN ('placed', 'paid', 'shipped', 'cancelled')", name="status"),
        CheckConstraint("total_minor >= 0", name="total"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="placed", index=True)
    email: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    address_line1: Mapped[str]
    address_line2: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str]
    city: Mapped[str]
    country: Mapped[str]
    note: Mapped[str] = mapped_column(Text, default="")
    currency: Mapped[str]
    total_minor: Mapped[int]
    placed_at: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True), index=True)

    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    request_digest: Mapped[str] = mapped_column(default="")

    items: Mapped[list[OrderItem]] = relationship(cascade="all, delete-orphan", order_by="OrderItem.id", lazy="raise")


class OrderItem(Base):
    __tablename__ = "order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price_minor >= 0", name="unit_price"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="SET NULL"), index=True)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("product_variants.id", ondelete="SET NULL"), index=True)
    title: Mapped[str]
    variant_title: Mapped[str] = mapped_column(default="")
    sku: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[int]
