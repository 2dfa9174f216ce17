"""The newsletter and the settings over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.api.conftest import Client, check_problem


def test_joining_tells_nobody_who_was_in_already(client: Client, read: dict[str, str]) -> None:
    answers = [client.post("/api/subscribers", json={"email": "Ada@example.com"}) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"email": "ada@example.com", "status": "subscribed"})
    ] * 2
    [reader] = client.get("/api/subscribers", params={"status": "subscribed"}, headers=read).json()["items"]
    body = {"token": reader["unsubscribe_token"]}
    for _ in range(2):
        assert client.post("/api/subscribers/unsubscribe", json=body).json()["status"] == "unsubscribed"
    assert client.get("/api/subscribers", params={"status": "subscribed"}, headers=read).json()["total"] == 0


@pytest.mark.parametrize("body", [{}, {"email": 5}, {"email": "ada"}, {"email": "a@b.c" * 100}, [], {"mail": "a@b.co"}])
def test_what_is_no_address_is_refused(unchanged: Client, body: Any) -> None:
    check_problem(unchanged.post("/api/subscribers", json=body), 422, "invalid")


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1", "\x00", "x" * 5000])
def test_a_link_that_is_none_is_not_found(unchanged: Client, token: str) -> None:
    check_problem(unchanged.post("/api/subscribers/unsubscribe", json={"token": token}), 404, "not_found")


def test_settings_are_read_set_and_reset(client: Client, read: dict[str, str], write: dict[str, str]) -> None:
    keys = [record["key"] for record in client.get("/api/settings", headers=read).json()]
    assert keys == sorted(keys)
    assert client.get("/api/settings/shop.name", headers=read).json()["value"] == "Berrypod"
    put = client.put("/api/settings/shop.name", json={"value": "Berry & Plum"}, headers=write).json()
    assert (put["value"], put["updated_at"] is None) == ("Berry & Plum", False)
    assert client.delete("/api/settings/shop.name", headers=write).status_code == 204
    assert client.get("/api/settings/shop.name", headers=read).json()["value"] == "Berrypod"


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [
        ("shop.currency", {"value": "euro"}, 422),
        ("shop.currency", {}, 422),
        ("shop.currency", {"value": "EUR", "more": 1}, 422),
        ("shop.name", {"value": ["a", "list"]}, 422),
        ("backup.last", {"value": {}}, 422),
        ("shop", {"value": 1}, 422),
        ("shop.UPPER", {"value": 1}, 422),
        ("theme.number", {"value": 10**30}, 422),
        ("theme.deep", {"value": [[[[[[[[["x" * 70_000]]]]]]]]]}, 422),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused(
    unchanged: Client, write: dict[str, str], key: str, body: Any, status: int
) -> None:
    check_problem(unchanged.put(f"/api/settings/{key}", json=body, headers=write), status, "invalid")


def test_a_setting_that_nobody_knows_is_not_found(
    unchanged: Client, read: dict[str, str], write: dict[str, str]
) -> None:
    check_problem(unchanged.get("/api/settings/no.such", headers=read), 404, "not_found")
    check_problem(unchanged.delete("/api/settings/shop.nothing", headers=write), 404, "not_found")
