"""When backups are made by themselves, to which archives, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.errors import Invalid
from berrypod.storage.snapshot import Method
from berrypod_backup.names import KEEP
from berrypod_backup.schedule.times import Cron, NeverDue, Steps, Times
from berrypod_backup.zones import UTC_NAME, ZONE_HINT, known_zone, zone_of

KEY: Final = "backup.schedule"

Kind = Literal["off", "every", "daily", "weekly", "cron"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DrillWhen = Literal["always", "daily", "weekly", "never"]

# A minute, which is also what cron counts in; somewhat less, as nobody writes 1/60 to its last digit.
_LEAST_HOURS: Final = 0.0166
_MOST_HOURS: Final = 24 * 31
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class ScheduleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are on the clock of `zone`; `every` counts hours from midnight UTC of 1 January 1970, whatever the zone."""

    kind: Annotated[Kind, Meta(description="What the times are told by: the field of that name, and `at`.")] = "off"
    every_hours: Annotated[float, Meta(gt=0, description="For `every`.")] = 6.0
    at: Annotated[str, Meta(max_length=5, description="HH:MM, for `daily` and `weekly`.")] = "03:00"
    weekday: Annotated[Weekday, Meta(description="For `weekly`.")] = "sun"
    cron: Annotated[str, Meta(max_length=200, description="Five fields, for `cron`.")] = ""
    zone: Annotated[str, Meta(max_length=64, description="The IANA name of a time zone.")] = UTC_NAME
    exporters: Annotated[list[str], Meta(max_length=50, description="Names of exporters that have an archive.")] = (
        msgspec.field(default_factory=lambda: [KEEP])
    )
    method: Annotated[
        Method,
        Meta(description="`snapshot` keeps unchanged pages once; `compact` leaves unused ones out."),
    ] = "snapshot"
    jitter_seconds: Annotated[
        int, Meta(ge=0, le=3600, description="Each begins up to so many seconds late: shops of one machine spread out.")
    ] = 0
    retries: Annotated[int, Meta(ge=0, le=10, description="How often one that failed is tried again.")] = 4
    retry_seconds: Annotated[
        int, Meta(ge=1, le=3600, description="Before the first of these; twice as long before each further one.")
    ] = 60
    drill: Annotated[DrillWhen, Meta(description="When a new backup is proven by running a shop on it.")] = "always"

    @property
    def enabled(self) -> bool:
        return self.kind != "off"


class SavedSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept. Times before `since` are nobody's: the schedule was another one then, or none."""

    settings: ScheduleSettings = msgspec.field(default_factory=ScheduleSettings)
    since: datetime | None = None


DEFAULT: Final = SavedSchedule()


def same_times(one: ScheduleSettings, other: ScheduleSettings) -> bool:
    """True if both are due at the same times."""
    return _timing(one) == _timing(other)


def _timing(settings: ScheduleSettings) -> tuple[object, ...]:
    match settings.kind:
        case "off":
            return ("off",)
        case "every":
            return ("every", settings.every_hours)
        case "daily":
            return ("daily", settings.at, settings.zone)
        case "weekly":
            return ("weekly", settings.at, settings.weekday, settings.zone)
        case "cron":
            return ("cron", settings.cron, settings.zone)


def times_of(settings: ScheduleSettings) -> Times:
    """The times of a schedule that is not off.

    :raises NeverDue: its cron expression makes no sense.
    :raises Invalid: there is no such zone (any more).
    """
    if settings.kind == "every":
        return Steps(round(settings.every_hours * 3600))
    hours, _, minutes = settings.at.partition(":")
    match settings.kind:
        case "daily":
            expression = f"{int(minutes)} {int(hours)} * * *"
        case "weekly":
            expression = f"{int(minutes)} {int(hours)} * * {settings.weekday}"
        case _:
            expression = settings.cron
    if len(expression.split()) != 5:
        raise NeverDue("Not five fields")
    return Cron(expression, known_zone(settings.zone))


def require_sound(settings: ScheduleSettings, archives: Sequence[str], now: datetime) -> None:
    """Look at settings that somebody wants to save; `archives` are the names of those that there are.

    :raises Invalid: `fields` says what is wrong with them.
    """
    fields = dict(_wrong_fields(settings, archives))
    if settings.enabled and not archives:
        fields["kind"] = "There is no archive for backups to go to: /admin/plugins says why, or install one."
    if not fields and settings.enabled:
        fields.update(_wrong_times(settings, now))
    if fields:
        raise Invalid("The schedule cannot be saved like this", fields=fields)


def _wrong_fields(settings: ScheduleSettings, archives: Sequence[str]) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    if zone_of(settings.zone) is None:
        wrong.append(("zone", f"There is no time zone of this name. {ZONE_HINT}"))
    if settings.kind in ("daily", "weekly") and not _CLOCK.fullmatch(settings.at):
        wrong.append(("at", "Give the time as HH:MM on a clock of 24 hours, such as 03:00 or 22:30."))
    if settings.kind == "every" and not _LEAST_HOURS <= settings.every_hours <= _MOST_HOURS:
        wrong.append(("every_hours", f"Choose from a minute (0.0167) to {_MOST_HOURS} hours (a month)."))
    if settings.kind == "cron" and len(settings.cron.split()) != 5:
        wrong.append(
            ("cron", "Give five fields: minute, hour, day of the month, month, day of the week; such as 0 3 * * *.")
        )
    if settings.enabled and not settings.exporters:
        wrong.append(("exporters", f"Say where to: {', '.join(archives)}."))
    if unknown := [name for name in settings.exporters if name not in archives]:
        wrong.append(
            ("exporters", f"There is no archive {unknown[0][:64]!r}. There are: {', '.join(archives) or 'none'}.")
        )
    return wrong


def _wrong_times(settings: ScheduleSettings, now: datetime) -> dict[str, str]:
    field = "cron" if settings.kind == "cron" else "every_hours"
    try:
        due = times_of(settings).after(now)
    except NeverDue as error:
        return {field: f"This makes no sense ({error.message}). Look at the five fields once more."}
    if due is None:
        return {field: "That is never, as no year has such a day. Look at day and month once more."}
    return {}
