"""The public catalogue over HTTP: what is there, how it is kept, and how bad questions are answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.api.conftest import ORDER, Client, check_problem


def test_anybody_reads_the_catalogue(unchanged: Client) -> None:
    page = unchanged.get("/api/products").json()
    assert [item["slug"] for item in page["items"]] == ["raspberry-jam", "plum-bowl"]
    assert (page["page"], page["page_size"], page["total"]) == (1, 20, 2)
    jam = unchanged.get("/api/products/raspberry-jam").json()
    assert [variant["sku"] for variant in jam["variants"]] == ["JAM-S", "JAM-L"]
    assert unchanged.get("/api/categories").json() == [
        {"name": "Pantry", "products": 1},
        {"name": "Table", "products": 1},
    ]


def test_filters_and_pages(unchanged: Client) -> None:
    def found(**query: Any) -> list[str]:
        return [item["slug"] for item in unchanged.get("/api/products", params=query).json()["items"]]

    assert found(category="Table") == ["plum-bowl"]
    assert found(q="jam RASPBERRY") == ["raspberry-jam"]
    assert found(in_stock="true", page_size=1) == ["raspberry-jam"]
    assert found(page=2, page_size=1) == ["plum-bowl"]
    assert found(page=1_000_000, page_size=100) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=99999999999999999999999", "page"),
        ("page=one", "page"),
        ("page=1&page=2", None),
        ("page_size=101", "page_size"),
        ("page_size=1e3", "page_size"),
        ("in_stock=perhaps", "in_stock"),
        ("q=" + "x" * 101, "q"),
        ("q=%00", "q"),
        ("category=" + "x" * 101, "category"),
    ],
)
def test_a_bad_question_is_answered_with_the_field(unchanged: Client, query: str, field: str | None) -> None:
    answer = unchanged.get(f"/api/products?{query}")
    if field is None:
        assert answer.status_code in (200, 422)
    else:
        assert field in check_problem(answer, 422, "invalid")["fields"]


@pytest.mark.parametrize("slug", ["secret-candle", "nope", "%00", "%ff", "'%20OR%201=1", "x" * 3000, "%ed%a0%80"])
def test_what_is_not_for_sale_is_not_found(unchanged: Client, slug: str) -> None:
    check_problem(unchanged.get(f"/api/products/{slug}"), 404, "not_found")


@settings(max_examples=60)
@given(query=st.dictionaries(st.sampled_from(["category", "q", "in_stock", "page", "page_size", "x"]), st.text()))
def test_no_question_breaks_anything(unchanged: Client, query: dict[str, str]) -> None:
    answer = unchanged.get("/api/products", params=query)
    if answer.status_code != 200:
        check_problem(answer, 422, "invalid")


def test_an_answer_is_not_sent_again_to_who_has_it(client: Client) -> None:
    first = client.get("/api/products/plum-bowl")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "public, no-cache"
    for names in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/api/products/plum-bowl", headers={"if-none-match": names})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/api/products/plum-bowl", headers={"if-none-match": '"other"'}).status_code == 200

    client.post("/api/orders", json=ORDER | {"lines": [{"sku": "BOWL"}]}).raise_for_status()
    after = client.get("/api/products/plum-bowl", headers={"if-none-match": tag})
    assert after.status_code == 200
    assert after.json()["in_stock"] is False


def test_an_order_elsewhere_does_not_change_an_entity_tag(client: Client) -> None:
    """The answer is built anew, but it says the same."""
    tag = client.get("/api/products/plum-bowl").headers["etag"]
    client.post("/api/orders", json=ORDER).raise_for_status()
    assert client.get("/api/products/plum-bowl", headers={"if-none-match": tag}).status_code == 304


def test_no_cookie_is_set_by_the_api(unchanged: Client) -> None:
    for path in ("/api/products", "/api/products/plum-bowl", "/api/categories"):
        assert "set-cookie" not in unchanged.get(path).headers
