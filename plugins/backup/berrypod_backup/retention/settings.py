"""What an admin wants kept."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from berrypod.archive.manifest import Origin
from berrypod.errors import Invalid
from berrypod_backup.zones import UTC_NAME, ZONE_HINT, zone_of

KEY: Final = "backup.retention"

Count = Annotated[int, Meta(ge=0, le=10_000)]


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts of 0 ask for nothing. If all are 0, no backup is superfluous, and the size alone lets some go.

    Days, weeks (from Monday) and months are those of `zone`; those without a backup do not count.
    """

    enabled: Annotated[bool, Meta(description="Without it, nothing is ever removed.")] = False
    last: Annotated[Count, Meta(description="So many of the latest.")] = 3
    daily: Annotated[Count, Meta(description="The last one of each of so many days.")] = 7
    weekly: Annotated[Count, Meta(description="The last one of each of so many weeks.")] = 4
    monthly: Annotated[Count, Meta(description="The last one of each of so many months.")] = 6
    zone: Annotated[str, Meta(max_length=64, description="The IANA name of a time zone.")] = UTC_NAME
    max_bytes: Annotated[
        Annotated[int, Meta(ge=1, le=2**63 - 1)] | None,
        Meta(description="What all backups of one archive may take together; the oldest go first."),
    ] = None
    manual: Annotated[bool, Meta(description="Also those that a person made.")] = False
    before_restore: Annotated[bool, Meta(description="Also those that were made before a restore.")] = False

    def governs(self, origin: Origin) -> bool:
        """True for backups that the settings may let go. The others take nobody's place, either."""
        match origin:
            case "schedule":
                return True
            case "manual":
                return self.manual
            case "before_restore":
                return self.before_restore

    @property
    def counts(self) -> bool:
        """True if any count asks for something."""
        return any((self.last, self.daily, self.weekly, self.monthly))


DEFAULT: Final = RetentionSettings()


def require_sound(settings: RetentionSettings) -> None:
    """:raises Invalid: `fields` says what is wrong with them."""
    fields: dict[str, str] = {}
    if zone_of(settings.zone) is None:
        fields["zone"] = f"There is no time zone of this name. {ZONE_HINT}"
    if settings.enabled and not settings.counts and settings.max_bytes is None:
        fields["last"] = "Nothing is asked for: say how many to keep, or how much all of them may take."
    if fields:
        raise Invalid("What is kept cannot be saved like this", fields=fields)
