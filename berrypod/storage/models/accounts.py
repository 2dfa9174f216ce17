"""Who may look after the shop: admins, their sessions, the tokens of programs, and who failed to get in."""

from __future__ import annotations

from datetime import datetime

from advanced_alchemy.types import DateTimeUTC
from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from berrypod.storage.fields import EncryptedText
from berrypod.storage.models.base import Base


class Admin(Base):
    """`totp_last_step` is the last time step whose code was accepted: a code is good once."""

    __tablename__ = "admins"

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str]
    totp_secret: Mapped[str | None] = mapped_column(EncryptedText)
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))
    totp_last_step: Mapped[int | None]
    recovery_codes: Mapped[list[str]] = mapped_column(JSON, default=list)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))
    last_login_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))


class AdminSession(Base):
    """A sign-in. The cookie holds a token of which only the hash is here; without its row a cookie is worth nothing."""

    __tablename__ = "admin_sessions"

    token_hash: Mapped[str] = mapped_column(unique=True)
    admin_id: Mapped[int] = mapped_column(ForeignKey("admins.id", ondelete="CASCADE"), index=True)
    last_seen_at: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True), index=True)
    address: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")


class ApiToken(Base):
    """`prefix` is shown in lists and finds the row; the secret part exists only as its hash."""

    __tablename__ = "api_tokens"

    prefix: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str]
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))


class LoginAttempts(Base):
    """Failed sign-ins of one account, address or browser.

    `key` is a keyed hash of its name: people type passwords into the wrong field.
    """

    __tablename__ = "login_attempts"

    key: Mapped[str] = mapped_column(unique=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True), index=True)
    blocked_until: Mapped[datetime] = mapped_column(DateTimeUTC(timezone=True))
