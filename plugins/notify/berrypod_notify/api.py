"""/api/alarms: for a monitoring system with a token."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from berrypod.web.access import actor_of, address_of, scope
from berrypod.web.maintenance import OPEN
from berrypod.web.problems import PROBLEM_JSON, Problem
from berrypod_notify.service import Alarms
from berrypod_notify.wire import AlarmsAnswer, TrialAnswer, TrialItem, TrialWanted


def _problem(description: str) -> ResponseSpec:
    return ResponseSpec(Problem, description=description, media_type=PROBLEM_JSON, generate_examples=False)


class AlarmsController(Controller):
    path = "/api/alarms"
    tags = ("health",)

    @get(
        opt={"access": scope("stats:read")},
        operation_id="getAlarms",
        summary="What is not well, who is told of it, and what was sent",
        description="With the time since when each thing stands, and the notifiers that fail.",
    )
    async def get_alarms(self, alarms: NamedDependency[Alarms]) -> AlarmsAnswer:
        return AlarmsAnswer.of(await alarms.status())

    @post(
        "/test",
        # It takes as long as a mail server takes.
        opt={"access": scope("shop:write"), "maintenance": OPEN},
        status_code=200,
        operation_id="testAlarms",
        summary="Send a test",
        description="By one notifier, or by all that are set up. Answers when each has handed it over or has failed; "
        "a failure is a result like any other.",
        responses={
            404: _problem("There is no notifier of this name (`notifier_unknown`)"),
            409: _problem("Nobody would be told (`notifier_not_set_up`)"),
        },
    )
    async def test_alarms(
        self, request: Request[Any, Any, Any], alarms: NamedDependency[Alarms], data: JSONBody[TrialWanted]
    ) -> TrialAnswer:
        found = await alarms.test(data.notifier, by=actor_of(request), address=address_of(request))
        return TrialAnswer(results=[TrialItem.of(one) for one in found])
