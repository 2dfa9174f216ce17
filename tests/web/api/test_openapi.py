"""The OpenAPI document is complete and true, and its page needs nobody but us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from berrypod.web.access import PUBLIC, Scope, rule_of
from tests.web.api.conftest import ORDER, Client, check_problem


@pytest.fixture(scope="module")
def document(unchanged: Client) -> dict[str, Any]:
    answer = unchanged.get("/schema/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(part: Any) -> Iterator[str]:
    match part:
        case dict():
            for key, value in part.items():
                yield from [value] if key == "$ref" else references(value)
        case list():
            for each in part:
                yield from references(each)
        case _:
            pass


def test_every_route_of_the_api_is_described_and_nothing_else(unchanged: Client, document: dict[str, Any]) -> None:
    routes = {
        (re.sub(r":\w+}", "}", route.path), method.lower())
        for route in unchanged.app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/")
        for method in route.methods
        if method != "OPTIONS"
    }
    described = {(path, method) for path, method, _ in operations(document)}
    assert routes - described == set()
    assert {path for path, _ in described if not path.startswith("/api/")} <= {"/health"}


def test_every_operation_has_a_name_words_and_a_tag(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(document):
        assert re.fullmatch(r"[a-z][A-Za-z]+", operation["operationId"]), (path, method)
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)


def test_every_error_is_described_as_a_problem_document(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and "content" in answer and path != "/health":
                assert list(answer["content"]) == ["application/problem+json"], (path, method, status)


def test_operations_that_need_a_token_say_so(unchanged: Client, document: dict[str, Any]) -> None:
    for route in unchanged.app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/"):
            for method, (handler, _) in route.route_handler_map.items():
                if method == "OPTIONS":
                    continue
                operation = document["paths"][re.sub(r":\w+}", "}", route.path)][method.lower()]
                needs_token = any("token" in way for way in operation.get("security", []))
                assert needs_token == isinstance(rule_of(handler), Scope), (route.path, method)
                assert needs_token or rule_of(handler) is PUBLIC


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert all(re.fullmatch(r"\w+", name) for name in schemas), sorted(schemas)


def test_the_examples_of_an_order_make_an_order(client: Client, document: dict[str, Any]) -> None:
    """Who copies the page's example is told only that the article does not exist here."""
    schemas = document["components"]["schemas"]

    def example(name: str) -> dict[str, Any]:
        return {
            field: schema["examples"][0]
            for field, schema in schemas[name]["properties"].items()
            if schema.get("examples") and field != "expected_total_minor"
        }

    body = example("OrderRequest") | {"lines": [example("OrderLine")]}
    assert set(ORDER) <= set(body)
    answer = check_problem(client.post("/api/orders", json=body), 422, "invalid")
    assert set(answer["fields"]) == {"lines"}
    body["lines"] = [{"sku": "JAM-S"}]
    assert client.post("/api/orders", json=body).status_code == 201


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(unchanged: Client) -> None:
    page = unchanged.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?://", page.text) == []
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(linked) >= 5
    for address in linked:
        assert unchanged.get(address).status_code == 200, address


def test_the_files_of_the_page_are_kept_and_no_others_are_given_out(unchanged: Client) -> None:
    script = unchanged.get("/schema/ui/swagger-ui-bundle.js")
    assert script.headers["content-type"] == "text/javascript"
    assert "immutable" in script.headers["cache-control"]
    assert b"SwaggerUIBundle" in script.content
    for name in ("oauth2-redirect.html", "swagger-ui.js", "..%2f__init__.py", "%00"):
        assert unchanged.get(f"/schema/ui/{name}").status_code == 404
