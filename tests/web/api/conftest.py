"""The API of a small shop over HTTP, with tokens."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from berrypod.accounts import Accounts
from berrypod.app import create_app
from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.storage.database import Database
from tests.shop.making import stock_shop

Client = TestClient[Litestar]
Answer = httpx.Response


@pytest.fixture(scope="session")
def api_file(tmp_path_factory: pytest.TempPathFactory, empty_shop_file: Path) -> tuple[Path, dict[str, str]]:
    """A stocked shop, and a token for each scope of the shop, made once."""
    path = tmp_path_factory.mktemp("api") / "shop.db"
    shutil.copyfile(empty_shop_file, path)

    async def fill() -> dict[str, str]:
        settings = Settings(environment="test", database_path=path)
        database = Database(settings)
        await database.open()
        await stock_shop(Shop(database))
        tokens = Accounts(database, settings).tokens
        made = {
            name: await tokens.create(name=name, scopes=[name]) for name in ("shop:read", "shop:write", "stats:read")
        }
        await database.close()
        return {name: each.token.reveal() for name, each in made.items()}

    return path, asyncio.run(fill())


def _serve(source: Path, folder: Path) -> Iterator[Client]:
    path = folder / "shop.db"
    shutil.copyfile(source, path)
    settings = Settings(environment="test", database_path=path, disabled_plugins=frozenset({"stats", "backup"}))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(api_file: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Client]:
    """A shop of its own for each test."""
    yield from _serve(api_file[0], tmp_path)


@pytest.fixture(scope="session")
def unchanged(api_file: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One shop for all tests that change nothing, or whose changes are refused."""
    yield from _serve(api_file[0], tmp_path_factory.mktemp("unchanged"))


@pytest.fixture(scope="session")
def tokens(api_file: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return api_file[1]


@pytest.fixture(scope="session")
def read(tokens: dict[str, str]) -> dict[str, str]:
    """Headers of a program that may read."""
    return {"authorization": f"Bearer {tokens['shop:read']}"}


@pytest.fixture(scope="session")
def write(tokens: dict[str, str]) -> dict[str, str]:
    """Headers of a program that may write."""
    return {"authorization": f"Bearer {tokens['shop:write']}"}


def check_problem(answer: Answer, status: int, code: str | None = None) -> dict[str, Any]:
    """The answer is a problem document that says what happened and what to do."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["hint"]
    assert body["code"] == code or code is None, body
    return body


@pytest.fixture(scope="session")
def problem() -> Callable[..., dict[str, Any]]:
    return check_problem


ORDER: dict[str, Any] = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "address_line1": "12 St James's Square",
    "postcode": "SW1Y 4LB",
    "city": "London",
    "country": "United Kingdom",
    "lines": [{"sku": "JAM-S", "quantity": 2}],
}
