"""Orders over HTTP: anybody places them, programs with the right token see and move them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.api.conftest import ORDER, Client, check_problem


def test_anybody_places_an_order(client: Client, read: dict[str, str]) -> None:
    answer = client.post("/api/orders", json=ORDER)
    assert answer.status_code == 201
    placed = answer.json()
    assert (placed["status"], placed["total_minor"], placed["currency"]) == ("placed", 900, "EUR")
    assert answer.headers["location"] == f"/api/orders/{placed['number']}"
    check_problem(client.get(answer.headers["location"]), 401, "unauthenticated")
    assert client.get(answer.headers["location"], headers=read).json() == placed


def test_a_double_submit_orders_once(client: Client, read: dict[str, str]) -> None:
    key = {"idempotency-key": "3f0c6d2e-9d62"}
    first, second = (client.post("/api/orders", json=ORDER, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    check_problem(client.post("/api/orders", json=ORDER | {"name": "Ben"}, headers=key), 409, "conflict")
    assert client.get("/api/orders", headers=read).json()["total"] == 1


def test_what_is_wrong_is_told_by_field(unchanged: Client) -> None:
    body = check_problem(
        unchanged.post("/api/orders", json={"lines": [{"sku": "JAM-S"}], "email": "ada"}), 422, "invalid"
    )
    assert set(body["fields"]) == {"email", "name", "address_line1", "postcode", "city", "country"}


def test_what_is_left_is_told_by_line(unchanged: Client) -> None:
    lines = [{"sku": "BOWL", "quantity": 3}, {"sku": "JAM-S", "quantity": 1}]
    body = check_problem(unchanged.post("/api/orders", json=ORDER | {"lines": lines}), 409, "out_of_stock")
    assert body["lines"] == [{"sku": "BOWL", "title": "Plum Bowl", "wanted": 3, "left": 1}]


def test_a_changed_price_is_told(unchanged: Client) -> None:
    body = check_problem(unchanged.post("/api/orders", json=ORDER | {"expected_total_minor": 1}), 409, "price_changed")
    assert (body["expected_total_minor"], body["total_minor"]) == (1, 900)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"5",
        b'"order"',
        b"\xff\xfe",
        b'{"email": "\\ud800"}',
        b'{"lines": 5}',
        b'{"lines": [5]}',
        b'{"lines": [{"quantity": 1}]}',
        b'{"lines": [{"sku": "JAM-S", "quantity": 1.5}]}',
        b'{"lines": [{"sku": "JAM-S", "quantity": 1e400}]}',
        b'{"lines": [{"sku": "JAM-S", "quantity": 99999999999999999999999999}]}',
        b'{"name": {"first": "Ada"}}',
        b'{"unknown": 1}',
        b'{"status": "paid"}',
        b"[" * 100_000,
        b'{"note": "' + b"x" * 900_000 + b'"}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_body_that_is_no_order_is_refused_with_a_reason(unchanged: Client, body: bytes) -> None:
    answer = unchanged.post("/api/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    check_problem(answer, answer.status_code)


def test_a_body_beyond_the_limit_is_refused(unchanged: Client) -> None:
    check_problem(unchanged.post("/api/orders", content=b"x" * 1_100_000), 413)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80)
@given(changes=st.dictionaries(st.sampled_from([*ORDER, "note", "expected_total_minor", "x"]), JSON, min_size=1))
def test_nothing_in_a_body_breaks_anything(unchanged: Client, changes: dict[str, Any]) -> None:
    """No article of this name is for sale: whatever else is sent, nothing is ordered."""
    answer = unchanged.post("/api/orders", json=ORDER | {"lines": [{"sku": "NOTHING"}]} | changes)
    assert answer.status_code in (400, 422)
    check_problem(answer, answer.status_code)


@pytest.mark.parametrize("key", ["short", "x" * 201, "\u00fc" * 10])
def test_an_idempotency_key_that_is_none_is_refused(unchanged: Client, key: str) -> None:
    answer = unchanged.post("/api/orders", json=ORDER, headers={b"idempotency-key": key.encode()})
    assert "idempotency_key" in check_problem(answer, 422, "invalid")["fields"]


def test_orders_are_listed_and_filtered(client: Client, read: dict[str, str]) -> None:
    for email in ("ada@example.com", "ben@example.com"):
        client.post("/api/orders", json=ORDER | {"email": email}).raise_for_status()

    def found(**query: Any) -> list[str]:
        answer = client.get("/api/orders", params=query, headers=read)
        answer.raise_for_status()
        return [item["email"] for item in answer.json()["items"]]

    soon = datetime.now(UTC) + timedelta(hours=1)
    assert found() == ["ben@example.com", "ada@example.com"]
    assert found(email="BEN@example.com") == ["ben@example.com"]
    assert found(status="paid") == []
    assert found(placed_after="2020-01-01T00:00:00") == ["ben@example.com", "ada@example.com"]
    assert found(placed_after="2020-01-01T00:00:00+02:00", page=2, page_size=1) == ["ada@example.com"]
    assert found(placed_after=soon.isoformat()) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"email": "nobody"}, "email"),
        ({"placed_after": "yesterday"}, "placed_after"),
        ({"placed_after": "0001-01-01T00:00:00+14:00"}, "placed_after"),
        ({"page_size": "0"}, "page_size"),
    ],
)
def test_a_filter_that_is_none_is_told(
    unchanged: Client, read: dict[str, str], query: dict[str, str], field: str
) -> None:
    answer = unchanged.get("/api/orders", params=query, headers=read)
    assert field in check_problem(answer, 422, "invalid")["fields"]


def test_an_order_is_moved_and_its_stock_given_back(
    client: Client, write: dict[str, str], read: dict[str, str]
) -> None:
    where = client.post("/api/orders", json=ORDER | {"lines": [{"sku": "BOWL"}]}).headers["location"]
    assert client.get("/api/products/plum-bowl").json()["in_stock"] is False
    for status in ("paid", "paid", "cancelled", "cancelled"):
        assert client.patch(where, json={"status": status}, headers=write).json()["status"] == status
    assert client.get("/api/products/plum-bowl").json()["variants"][0]["left"] == 1
    check_problem(client.patch(where, json={"status": "paid"}, headers=write), 409, "conflict")
    check_problem(client.patch(where, json={"status": "lost"}, headers=write), 422, "invalid")
    check_problem(client.patch(where, json={"status": "paid"}, headers=read), 403, "forbidden")
    check_problem(client.patch("/api/orders/AAAA-AAAA", json={"status": "paid"}, headers=write), 404, "not_found")
