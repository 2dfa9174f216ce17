"""GET /api/alarms and POST /api/alarms/test: for programs with a token."""

from __future__ import annotations

import pytest

from berrypod.accounts import Accounts
from tests.notify.conftest import BAD, Neighbour, Person
from tests.notify.serving import cheap_passwords, neighbour, shop, shop_file_with_admin, site
from tests.web.admin.conftest import Shop
from tests.web.api.conftest import check_problem

__all__ = ["cheap_passwords", "neighbour", "shop", "shop_file_with_admin", "site"]


@pytest.fixture
def person(shop: Shop, neighbour: Neighbour) -> Person:
    """Somebody who is to be told."""
    neighbour.people[0].set_up = True
    return neighbour.people[0]


def bearer(shop: Shop, scope: str) -> dict[str, str]:
    async def make(accounts: Accounts) -> str:
        return (await accounts.tokens.create(name=scope, scopes=[scope])).token.reveal()

    return {"authorization": f"Bearer {shop.outside(make)}"}


def test_it_tells_what_is_not_well_and_who_is_told(shop: Shop, neighbour: Neighbour, person: Person) -> None:
    assert person.set_up
    neighbour.conditions = [BAD]
    client = shop.visitor().client
    told = client.get("/api/alarms", headers=bearer(shop, "stats:read")).json()

    (condition,) = told["conditions"]
    assert (condition["part"], condition["code"], condition["severity"]) == ("backup", "full", "bad")
    by_name = {one["name"]: one for one in told["notifiers"]}
    assert {name: one["set_up"] for name, one in by_name.items()} == {"ana": True, "email": False, "webhook": False}
    assert by_name["ana"]["plugin"] == "neighbour"
    assert set(told) == {"watched", "looked_at", "conditions", "notifiers", "waiting", "sent"}


def test_a_test_is_sent_by_all_or_by_one_and_a_failure_is_a_result(shop: Shop, person: Person) -> None:
    client, headers = shop.visitor().client, bearer(shop, "shop:write")
    assert client.post("/api/alarms/test", json={}, headers=headers).json() == {
        "results": [{"notifier": "ana", "sent": True, "error": None}]
    }
    person.failure = "The line is dead"
    (result,) = client.post("/api/alarms/test", json={"notifier": "ana"}, headers=headers).json()["results"]
    assert result == {
        "notifier": "ana",
        "sent": False,
        "error": {"code": "notification_not_sent", "message": "The line is dead", "hint": "Mend it."},
    }


def test_what_cannot_be_tried_is_refused(shop: Shop, person: Person) -> None:
    client, headers = shop.visitor().client, bearer(shop, "shop:write")
    unknown = client.post("/api/alarms/test", json={"notifier": "nobody"}, headers=headers)
    check_problem(unknown, 404, "notifier_unknown")
    check_problem(client.post("/api/alarms/test", json={"notifier": "email"}, headers=headers), 409)
    person.set_up = False
    check_problem(client.post("/api/alarms/test", json={}, headers=headers), 409, "notifier_not_set_up")
    assert client.post("/api/alarms/test", json={"to": "me"}, headers=headers).status_code in (400, 422)


def test_each_needs_its_scope(shop: Shop) -> None:
    client = shop.visitor().client
    assert client.get("/api/alarms").status_code == 401
    assert client.get("/api/alarms", headers=bearer(shop, "shop:read")).status_code == 403
    assert client.post("/api/alarms/test", json={}, headers=bearer(shop, "stats:read")).status_code == 403
