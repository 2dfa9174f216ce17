"""Settings that the admin changes, and the readers of the newsletter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from advanced_alchemy.base import DefaultBase
from advanced_alchemy.types import DateTimeUTC
from sqlalchemy import JSON, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from berrypod.storage.models.base import Base


class Setting(DefaultBase):
    """A key such as `shop.name`, and any JSON value."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True))


class NewsletterSubscriber(Base):
    """`token` is the secret part of the link that unsubscribes."""

    __tablename__ = "newsletter_subscribers"
    __table_args__ = (CheckConstraint("status IN ('subscribed', 'unsubscribed')", name="status"),)

    email: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="subscribed")
    token: Mapped[str] = mapped_column(unique=True)
    subscribed_at: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True))
    unsubscribed_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))
