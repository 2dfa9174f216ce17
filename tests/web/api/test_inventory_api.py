"""The admin's side of the catalogue over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.api.conftest import ORDER, Client, check_problem

PLUM: dict[str, Any] = {
    "title": "Plum Jam",
    "status": "active",
    "variants": [{"sku": "PLUM", "price_minor": 500, "stock": 7, "options": {"Size": "M"}}],
}


def test_a_product_is_created_changed_archived(client: Client, write: dict[str, str], read: dict[str, str]) -> None:
    made = client.post("/api/products", json=PLUM, headers=write)
    assert made.status_code == 201
    assert made.headers["location"] == "/api/inventory/plum-jam"
    assert client.get("/api/inventory/plum-jam", headers=read).json() == made.json()
    assert client.get("/api/products/plum-jam").json()["price_from_minor"] == 500

    changed = client.patch("/api/products/plum-jam", json={"title": "Plum Jam, Extra"}, headers=write).json()
    assert (changed["title"], changed["slug"]) == ("Plum Jam, Extra", "plum-jam")
    more = client.post("/api/products/plum-jam/variants", json={"sku": "PLUM-L", "price_minor": 900}, headers=write)
    assert (more.status_code, more.json()["position"]) == (201, 2)
    assert client.patch("/api/variants/PLUM-L", json={"stock_change": 4}, headers=write).json()["stock"] == 4
    assert client.delete("/api/variants/PLUM-L", headers=write).status_code == 204

    client.patch("/api/products/plum-jam", json={"status": "archived"}, headers=write).raise_for_status()
    check_problem(client.get("/api/products/plum-jam"), 404, "not_found")
    listed = client.get("/api/inventory", params={"status": "archived"}, headers=read).json()
    assert [item["slug"] for item in listed["items"]] == ["plum-jam"]
    assert client.delete("/api/products/plum-jam", headers=write).status_code == 204


def test_what_was_ordered_is_not_deleted(client: Client, write: dict[str, str]) -> None:
    client.post("/api/orders", json=ORDER).raise_for_status()
    check_problem(client.delete("/api/products/raspberry-jam", headers=write), 409, "conflict")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/products", {}, 422),
        ("POST", "/api/products", {"title": 5}, 422),
        ("POST", "/api/products", {"title": "A", "status": "hidden"}, 422),
        ("POST", "/api/products", {"title": "A", "price": 5}, 422),
        ("POST", "/api/products", {"title": "A", "variants": [{"sku": "A"}]}, 422),
        ("POST", "/api/products", {"title": "A", "variants": [{"sku": "A", "price_minor": 10**40}]}, 422),
        ("POST", "/api/products", {"title": "A", "variants": [{"sku": "A", "price_minor": 5, "options": []}]}, 422),
        ("POST", "/api/products", {"title": "Raspberry Jam"}, 409),
        ("POST", "/api/products", PLUM | {"variants": [{"sku": "BOWL", "price_minor": 1}]}, 409),
        ("PATCH", "/api/products/nope", {"title": "A"}, 404),
        ("PATCH", "/api/products/plum-bowl", {"slug": "raspberry-jam"}, 409),
        ("PATCH", "/api/products/plum-bowl", {"title": None}, 422),
        ("PATCH", "/api/products/plum-bowl", [], 422),
        ("PATCH", "/api/variants/nope", {"stock": 1}, 404),
        ("PATCH", "/api/variants/BOWL", {"stock": -1}, 422),
        ("PATCH", "/api/variants/BOWL", {"stock_change": -2}, 409),
        ("PATCH", "/api/variants/BOWL", {"stock": 2**63}, 422),
        ("DELETE", "/api/variants/nope", None, 404),
        ("DELETE", "/api/products/nope", None, 404),
        ("POST", "/api/products/nope/variants", {"sku": "X", "price_minor": 1}, 404),
        ("PUT", "/api/products/nope/images", [], 404),
        ("PUT", "/api/products/plum-bowl/images", [{"image_id": 2**64}], 422),
        ("PUT", "/api/products/plum-bowl/images", [{"image_id": "one"}], 422),
        ("PUT", "/api/products/plum-bowl/images", {"image_id": 1}, 422),
        ("PUT", "/api/products/plum-bowl/images", [{"image_id": 1}] * 51, 422),
        ("GET", "/api/inventory/nope", None, 404),
        ("GET", "/api/inventory?status=sold", None, 422),
    ],
)
def test_every_refusal_is_a_problem_document(
    unchanged: Client, tokens: dict[str, str], method: str, path: str, body: Any, status: int
) -> None:
    name = "shop:read" if method == "GET" else "shop:write"
    headers = {"authorization": f"Bearer {tokens[name]}"}
    check_problem(unchanged.request(method, path, json=body, headers=headers), status)


def test_a_token_for_reading_writes_nothing(unchanged: Client, read: dict[str, str], tokens: dict[str, str]) -> None:
    check_problem(unchanged.post("/api/products", json=PLUM, headers=read), 403, "forbidden")
    stats = {"authorization": f"Bearer {tokens['stats:read']}"}
    check_problem(unchanged.get("/api/inventory", headers=stats), 403, "forbidden")
