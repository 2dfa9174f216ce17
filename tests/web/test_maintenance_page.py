"""What stands in the place of a page while the shop's file is being replaced: calm, exact, and without the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.testing import TestClient

from berrypod.errors import UnderMaintenance
from berrypod.web.problems import handle_error
from berrypod.web.templating import create_environment, template_config

NEXT: dict[str, UnderMaintenance] = {}


@get(["/", "/admin/backup"])
async def show() -> None:
    raise NEXT["error"]


@post("/checkout", status_code=200)
async def order() -> None:
    raise NEXT["error"]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [show, order],
        exception_handlers={Exception: handle_error},
        template_config=template_config(create_environment()),
    )
    with TestClient(app) as client:
        yield client


def shown(client: TestClient[Litestar], path: str, error: UnderMaintenance, method: str = "GET") -> httpx.Response:
    NEXT["error"] = error
    answer = client.request(method, path, headers={"accept": "text/html"})
    assert answer.status_code == 503
    return answer


def words(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def renews_after(answer: httpx.Response) -> str | None:
    found = re.search(r'<meta http-equiv="refresh" content="(\d+)">', answer.text)
    return found[1] if found else None


def test_a_customer_is_told_to_wait_and_the_page_looks_again_by_itself(client: TestClient[Litestar]) -> None:
    page = shown(client, "/", UnderMaintenance(stage="closed", operation="restore"))
    assert page.headers["retry-after"] == "2"
    assert renews_after(page) == "2"
    assert "Back in a moment" in words(page)
    assert "Your basket is kept" in words(page)
    assert "backup" not in words(page), "how the shop keeps house is no customer's business"
    assert not re.search(r"<script|<style|\sstyle=", page.text)


def test_a_customer_whose_order_was_not_taken_is_told_so(client: TestClient[Litestar]) -> None:
    """The page does not look again: the browser still has what was typed, as long as nothing takes its place."""
    page = shown(client, "/checkout", UnderMaintenance(stage="closed", operation="restore"), "POST")
    assert "was not taken, and nothing was ordered" in words(page)
    assert renews_after(page) is None


@pytest.mark.parametrize(
    ("stage", "operation", "heading", "step"),
    [
        ("closing", "restore", "The shop's file is being replaced by a backup", "Requests that are under way end"),
        ("closed", "restore", "The shop's file is being replaced by a backup", "The file is replaced and checked"),
        ("closed", "undo", "The former shop is being put back", "The file is replaced and checked"),
        ("closed", None, "The shop's file is being worked on", "The file is replaced and checked"),
    ],
)
def test_an_admin_is_told_the_stage(
    client: TestClient[Litestar], stage: str, operation: str | None, heading: str, step: str
) -> None:
    page = shown(client, "/admin/backup", UnderMaintenance(stage=stage, operation=operation))
    assert heading in words(page)
    current = re.findall(r'aria-current="step">([^<]+)<', page.text)
    assert len(current) == 1
    assert current[0].startswith(step)
    assert renews_after(page) == "2"


def test_a_file_that_cannot_be_opened_is_told_to_the_admin_with_what_to_do(client: TestClient[Litestar]) -> None:
    error = UnderMaintenance("The file cannot be opened", hint="`berrypod restore apply FILE` helps.", retry_after=30)
    page = shown(client, "/admin/backup", error)
    assert "<h1>The file cannot be opened</h1>" in page.text
    assert "<code>berrypod restore apply FILE</code> helps." in page.text
    assert renews_after(page) == "30"
    customers = shown(client, "/", error)
    assert "Closed for a little while" in words(customers)
    assert "berrypod restore" not in words(customers)
