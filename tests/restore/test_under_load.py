"""Customers notice nothing of a restore: those of two workers, who look, read and order all the time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from berrypod_restore.records import CONFIRMATION

from benchmarks.paced import Felt, loaded
from berrypod.accounts import Accounts
from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.storage.database import Database
from tests.shop.making import order
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

RATE = 40.0
"""Requests a second: so few that a busy machine answers them, and so many that some come at each moment of a swap."""


async def stock(settings: Settings) -> str:
    """Something to sell, and a token that may restore."""
    database = Database(settings)
    await database.open()
    try:
        jam = [
            NewVariant(sku=f"JAM-{size}", title=size, options={"Size": size}, price_minor=450, stock=90_000)
            for size in "SML"
        ]
        await Shop(database).inventory.create(NewProduct(title="Jam", status="active", variants=jam))
        scopes = ["restore:write", "shop:read"]
        return (await Accounts(database, settings).tokens.create(name="tests", scopes=scopes)).token.reveal()
    finally:
        await database.close()


async def order_once_more(settings: Settings) -> str:
    database = Database(settings)
    await database.open()
    try:
        return (await Shop(database).orders.place(order(("JAM-S", 1)))).order.number
    finally:
        await database.close()


class Client:
    """A program that restores."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=120)

    def stage(self, file: Path) -> dict[str, Any]:
        raw = {"content-type": "application/octet-stream"}
        return self._ended(self.http.post("/api/restores", content=file.read_bytes(), headers=raw), "ready")

    def apply(self, staged: dict[str, Any]) -> dict[str, Any]:
        wanted = {"confirm": CONFIRMATION, "expect": staged["expect"], "accept_newer": True}
        return self._ended(self.http.post(f"/api/restores/{staged['id']}/apply", json=wanted), "applied")

    def undo(self) -> dict[str, Any]:
        # Whether one of the customers' came in between is a matter of luck.
        self._order()
        told = self.http.post("/api/restores/undo", json={})
        assert told.status_code == 409, "orders have come since, and would be lost"
        wanted = {"expect": told.json()["expect"], "accept_newer": True}
        return self._ended(self.http.post("/api/restores/undo", json=wanted), "applied")

    def has_order(self, number: str) -> bool:
        return self.http.get(f"/api/orders/{number}").status_code == 200

    def _order(self) -> None:
        body = {
            "email": "ada@example.com",
            "name": "Ada Lovelace",
            "address_line1": "1 Lane",
            "postcode": "12345",
            "city": "Ripe",
            "country": "DE",
            "lines": [{"sku": "JAM-S", "quantity": 1}],
        }
        answer = self.http.post("/api/orders", json=body)
        assert answer.status_code == 201, answer.text

    def _ended(self, response: httpx.Response, state: str) -> dict[str, Any]:
        assert response.status_code == 202, response.text
        record = self.http.get(response.headers["location"], params={"wait": 60}).json()
        assert record["state"] == state, record
        return record


def test_no_request_of_two_workers_customers_fails_while_the_database_is_replaced_and_taken_back(
    encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    token = asyncio.run(stock(encrypted_settings))
    backup = tmp_path / "backup.db"
    shutil.copyfile(encrypted_settings.database_path, backup)
    number = asyncio.run(order_once_more(encrypted_settings))
    server = serve(encrypted_settings, workers=2)
    client = Client(server.url, token)
    swaps: list[tuple[float, float]] = []
    with loaded(server.url, RATE) as load:
        staged = client.stage(backup)
        for swap, has_order in ((lambda: client.apply(staged), False), (client.undo, True)):
            begin = monotonic()
            record = swap()
            swaps.append((begin, monotonic()))
            assert record["outcome"] == "replaced"
            assert client.has_order(number) is has_order
    assert Felt(load.samples).failures == []
    for begin, end in swaps:
        assert {sample.kind for sample in load.between(begin, end).samples} >= {"page", "api"}
    assert {sample.kind for sample in load.samples} == {"page", "api", "picture", "order"}
