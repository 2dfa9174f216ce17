"""Plans and what was done, as the API, the page and the command line tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from berrypod.archive.manifest import Manifest, Origin
from berrypod.records import Trouble
from berrypod_backup.retention.applying import ArchivePlan, Pruned
from berrypod_backup.retention.plan import Cause, Going, Plan, Reason, Staying

REASONS: Final[dict[Reason, str]] = {
    "newest": "the newest",
    "proven": "the newest that is proven",
    "last": "one of the last",
    "daily": "the last of its day",
    "weekly": "the last of its week",
    "monthly": "the last of its month",
    "all": "all are kept",
    "manual": "made by a person",
    "before_restore": "made before a restore",
    "not_understood": "not understood, and so left alone",
    "other_shop": "of another shop, and so left alone",
    "future": "dated in the future, so that its age is not known",
    "off": "nothing is removed",
}

CAUSES: Final[dict[Cause, str]] = {
    "superfluous": "not asked for any more",
    "size": "all together would take too much",
}


class StayingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What stays. `id` is None for what is no backup that can be understood."""

    id: str | None
    name: str
    created_at: datetime | None
    reasons: list[Reason]
    words: Annotated[str, Meta(description="The reasons, for people.")]


class GoingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What goes."""

    id: str
    created_at: datetime
    origin: Origin
    size_bytes: int
    proven: bool
    cause: Cause
    words: Annotated[str, Meta(description="The cause, for people.")]


class PlanInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One archive, the newest first; or why it cannot be looked at."""

    exporter: str
    title: str
    location: str
    stay: list[StayingInfo]
    go: list[GoingInfo]
    stored_bytes: Annotated[int, Meta(description="About what the backups that stay take.")]
    excess_bytes: Annotated[
        int, Meta(description="By how much that is more than `max_bytes`: what stays whatever is set.")
    ]
    error: Trouble | None

    @property
    def going(self) -> int:
        """How many go."""
        return len(self.go)


class NotDeletedInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that should be gone, and is not."""

    id: str
    error: Trouble


class PrunedInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What was done in one archive."""

    exporter: str
    title: str
    deleted: Annotated[list[str], Meta(description="Their ids.")]
    failed: list[NotDeletedInfo]
    stored_bytes: Annotated[int, Meta(description="About what the backups that stay take.")]
    excess_bytes: int
    error: Trouble | None


def told_plan(planned: ArchivePlan) -> PlanInfo:
    plan = planned.plan or Plan(stay=(), go=(), stored_bytes=0)
    return PlanInfo(
        exporter=planned.exporter,
        title=planned.title,
        location=planned.location,
        stay=[_staying(one) for one in plan.stay],
        go=[_going(one) for one in plan.go],
        stored_bytes=plan.stored_bytes,
        excess_bytes=plan.excess_bytes,
        error=planned.error,
    )


def told_pruned(pruned: Pruned) -> PrunedInfo:
    planned = pruned.planned
    return PrunedInfo(
        exporter=planned.exporter,
        title=planned.title,
        deleted=[manifest.id for manifest in pruned.deleted],
        failed=[NotDeletedInfo(id=one.manifest.id, error=one.trouble) for one in pruned.failed],
        stored_bytes=planned.plan.stored_bytes if planned.plan else 0,
        excess_bytes=planned.plan.excess_bytes if planned.plan else 0,
        error=planned.error,
    )


def _staying(one: Staying) -> StayingInfo:
    manifest: Manifest | None = one.entry.manifest
    return StayingInfo(
        id=manifest.id if manifest and one.entry.kind == "backup" else None,
        name=one.entry.name,
        created_at=manifest and manifest.created_at,
        reasons=list(one.reasons),
        words=", ".join(REASONS[reason] for reason in one.reasons),
    )


def _going(one: Going) -> GoingInfo:
    return GoingInfo(
        id=one.manifest.id,
        created_at=one.manifest.created_at,
        origin=one.manifest.origin,
        size_bytes=one.manifest.size_bytes,
        proven=one.manifest.proven,
        cause=one.cause,
        words=CAUSES[one.cause],
    )
