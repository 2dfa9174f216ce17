"""What is not well, in words: for a monitoring system with a token. `/health` says no more than that it is so."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency

from berrypod.declarations import Condition, Severity
from berrypod.health import PartHealth, PartState
from berrypod.plugins import Plugins
from berrypod.shop.fields import described
from berrypod.web.access import scope
from berrypod.web.api.describing import problems


class ConditionItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be, now."""

    code: Annotated[str, described("Stable: tells one condition from another over time", "backup_overdue")]
    severity: Annotated[
        Severity, described("`warn`: somebody should look; `bad`: something will be lost if nobody does")
    ]
    title: Annotated[str, described("What it is", "The last backup is 3 days old")]
    text: Annotated[str, described("How that is known, or what will come of it")]
    what_to_do: Annotated[str, described("The next step")]
    path: Annotated[str, described("A page of the administration that helps; may be empty", "/admin/backup")]

    @classmethod
    def of(cls, condition: Condition) -> ConditionItem:
        return cls(
            code=condition.code,
            severity=condition.severity,
            title=condition.title,
            text=condition.text,
            what_to_do=condition.what_to_do,
            path=condition.path,
        )


class PartItem(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the shop."""

    name: Annotated[str, described("Its name, as in `/health`", "backup")]
    title: str
    state: Annotated[PartState, described("`unknown`: it failed or was late; its condition says so")]
    conditions: Annotated[list[ConditionItem], described("None at all: it is well")]

    @classmethod
    def of(cls, part: PartHealth) -> PartItem:
        return cls(
            name=part.name,
            title=part.title,
            state=part.state,
            conditions=[ConditionItem.of(condition) for condition in part.conditions],
        )


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """All parts, those that are well too."""

    degraded: bool
    parts: list[PartItem]


@get(
    "/health/conditions",
    opt={"access": scope("stats:read")},
    operation_id="getConditions",
    tags=["health"],
    summary="What is not well, in words",
    description="Some seconds old at the most. A token with the scope `stats:read` is needed; `/health` needs none, "
    "and tells the names of the parts and whether they are well.",
    responses=problems(),
)
async def conditions_api(plugins: NamedDependency[Plugins]) -> Conditions:
    report = await plugins.health.look()
    return Conditions(degraded=report.degraded, parts=[PartItem.of(part) for part in report.parts])
