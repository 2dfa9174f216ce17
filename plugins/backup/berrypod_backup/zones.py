"""Time zones by their IANA names: a schedule and a retention are told in somebody's own days."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from berrypod.errors import Invalid

UTC_NAME: Final = "UTC"


def zone_of(name: str) -> ZoneInfo | None:
    """The zone of this name, or None if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # none of the name; a path out of the folder; a folder of them ("Europe")
        return None


def known_zone(name: str) -> ZoneInfo:
    """:raises Invalid: there is none of this name."""
    zone = zone_of(name)
    if zone is None:
        raise Invalid(f"There is no time zone {name[:64]!r}", hint=ZONE_HINT)
    return zone


ZONE_HINT: Final = "Name one of the IANA list, such as Europe/Berlin, America/New_York or UTC."


_PARTS_OF_THE_WORLD: Final = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)


@cache
def zone_names() -> tuple[str, ...]:
    """For people to choose from: places, and UTC. The full list has as many names of old for the same ones."""
    places = (name for name in available_timezones() if name.partition("/")[0] in _PARTS_OF_THE_WORLD)
    return (UTC_NAME, *sorted(places))
