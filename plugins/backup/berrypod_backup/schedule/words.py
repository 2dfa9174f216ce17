"""A schedule in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cronsim import CronSim, CronSimError

from berrypod_backup.schedule.settings import ScheduleSettings, Weekday

DAYS: Final[Mapping[Weekday, str]] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


def in_words(settings: ScheduleSettings) -> str:
    """When, as a part of a sentence: "every day at 03:00 (Europe/Berlin)"."""
    match settings.kind:
        case "off":
            return "not by themselves"
        case "every":
            return _steps(round(settings.every_hours * 60))
        case "daily":
            return f"every day at {settings.at} ({settings.zone})"
        case "weekly":
            return f"every {DAYS[settings.weekday]} at {settings.at} ({settings.zone})"
        case "cron":
            return f"{_explained(settings.cron)} ({settings.zone})"


def _steps(minutes: int) -> str:
    hours, left = divmod(minutes, 60)
    if minutes == 1:
        return "every minute"
    if left:
        return f"every {minutes} minutes"
    return "every hour" if hours == 1 else f"every {hours} hours"


def _explained(expression: str) -> str:
    try:
        explained = CronSim(expression, datetime.now(UTC)).explain()
    except CronSimError:
        return expression
    return f"{explained[0].lower()}{explained[1:]}"
