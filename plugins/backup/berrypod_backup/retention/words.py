"""What is kept, in words."""

from __future__ import annotations

from berrypod.storage.files import people_size
from berrypod_backup.retention.settings import RetentionSettings


def in_words(settings: RetentionSettings) -> str:
    """A sentence without its full stop."""
    if not settings.enabled:
        return "No backup is removed in time"
    counts = [
        _last(settings.last),
        _of_each(settings.daily, "day"),
        _of_each(settings.weekly, "week"),
        _of_each(settings.monthly, "month"),
    ]
    kept = ", ".join(filter(None, counts)) or "all of them"
    limit = f", in {people_size(settings.max_bytes)} at most" if settings.max_bytes else ""
    zone = f" ({settings.zone})" if settings.daily or settings.weekly or settings.monthly else ""
    return f"What is kept: {kept}{zone}{limit}"


def _last(count: int) -> str:
    if not count:
        return ""
    return "the last one" if count == 1 else f"the last {count}"


def _of_each(count: int, period: str) -> str:
    if not count:
        return ""
    return f"one of the last {period}" if count == 1 else f"one of each of {count} {period}s"
