"""The time as it stands in the file."""

from __future__ import annotations

from datetime import UTC, datetime


def from_column(text: str) -> datetime:
    """A time as raw SQL reads it: the column type stores UTC without saying so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def from_nullable_column(text: str | None) -> datetime | None:
    return None if text is None else from_column(text)
