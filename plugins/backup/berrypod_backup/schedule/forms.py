"""The two forms of the page: settings as the text of their fields, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from berrypod.errors import Invalid
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.schedule.settings import ScheduleSettings

GIGABYTE: Final = 1_000_000_000

T = TypeVar("T", int, float)

# Each with the least and the most that it may be.
_SCHEDULE_NUMBERS: Final = {"jitter_seconds": (0, 3600), "retries": (0, 10), "retry_seconds": (1, 3600)}
_COUNTS: Final = ("last", "daily", "weekly", "monthly")
_MOST: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What somebody has typed: texts by field, and the exporters that are ticked."""

    texts: Mapping[str, str]
    exporters: Sequence[str] = ()

    def text(self, name: str) -> str:
        return self.texts.get(name, "").strip()


def schedule_texts(settings: ScheduleSettings) -> dict[str, str]:
    """The text of each field, as the form shows it."""
    fields = {name: str(getattr(settings, name)) for name in settings.__struct_fields__ if name != "exporters"}
    return {**fields, "every_hours": f"{settings.every_hours:g}"}


def schedule_of(entered: Entered) -> ScheduleSettings:
    """:raises Invalid: a number is none, or nothing that the form offers was sent."""
    errors: dict[str, str] = {}
    fields: dict[str, Any] = {
        name: entered.text(name) for name in ("kind", "at", "weekday", "cron", "zone", "method", "drill")
    }
    # A field that has nothing to say keeps what is usual: nobody should have to fill in what is not asked.
    if fields["kind"] == "every" or entered.text("every_hours"):
        fields["every_hours"] = _number(entered, "every_hours", float, (0.001, 10_000), errors)
    for name, bounds in _SCHEDULE_NUMBERS.items():
        fields[name] = _number(entered, name, int, bounds, errors)
    return _converted(ScheduleSettings, {**fields, "exporters": list(entered.exporters)}, errors)


def retention_texts(settings: RetentionSettings) -> dict[str, str]:
    """The text of each field, as the form shows it."""
    texts = {name: str(getattr(settings, name)) for name in (*_COUNTS, "zone")}
    ticks = {name: "on" if getattr(settings, name) else "" for name in ("enabled", "manual", "before_restore")}
    gigabytes = "" if settings.max_bytes is None else f"{settings.max_bytes / GIGABYTE:.10g}"
    return {**texts, **ticks, "max_gigabytes": gigabytes}


def retention_of(entered: Entered) -> RetentionSettings:
    """:raises Invalid: a number is none."""
    errors: dict[str, str] = {}
    fields: dict[str, Any] = {name: _number(entered, name, int, (0, _MOST), errors) for name in _COUNTS}
    fields |= {name: bool(entered.text(name)) for name in ("enabled", "manual", "before_restore")}
    if entered.text("max_gigabytes"):
        gigabytes = _number(entered, "max_gigabytes", float, (0.001, 1_000_000), errors)
        fields["max_bytes"] = round(gigabytes * GIGABYTE)
    return _converted(RetentionSettings, {**fields, "zone": entered.text("zone")}, errors)


def _number(
    entered: Entered, name: str, kind: Callable[[str], T], bounds: tuple[float, float], errors: dict[str, str]
) -> T:
    least, most = bounds
    try:
        value = kind(entered.text(name).replace(",", "."))
        if least <= value <= most:
            return value
    except ValueError:
        pass
    word = "whole number" if kind is int else "number"
    errors[name] = f"Give a {word} from {least:g} to {most:,.0f}."
    return kind("1")


S = TypeVar("S", bound=msgspec.Struct)


def _converted(kind: type[S], fields: dict[str, Any], errors: dict[str, str]) -> S:
    if errors:
        raise Invalid("Some fields need another look", fields=errors)
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        # A form of this page does not send that.
        raise Invalid(f"The form makes no sense: {error}", hint="Load the page again, and fill it in anew.") from None
