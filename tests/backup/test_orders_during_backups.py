"""Orders go on while backups are made, and each backup holds a shop whose books are right."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.storage.snapshot import make_snapshot
from tests.backup.making import grow, opened
from tests.backup.served import Client
from tests.backup.stranger import look
from tests.conftest import KEY
from tests.shop.making import order

SKUS = ("JAM-S", "JAM-L", "BOWL", "CANDLE")
STOCK = 10_000

CLIENTS = 4
ORDERS = 2_000
BACKUPS = 10
BACKUPS_IN_EVERY_RUN = 4


async def stock(shop: Shop) -> None:
    variants = [
        NewVariant(sku=sku, title=sku.lower(), options={"Kind": sku}, price_minor=450, stock=STOCK) for sku in SKUS
    ]
    await shop.inventory.create(NewProduct(title="Things", status="active", variants=variants))


def check_books(found: dict[str, Any]) -> None:
    """What was sold is no longer in stock, and nothing else is missing."""
    assert found["check"] == "ok"
    assert found["orphans"] == 0
    assert found["sold"] + found["stock"] == STOCK * len(SKUS)


@dataclass
class Counter:
    """Orders that the shop has confirmed, in the order of their confirmation."""

    confirmed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, number: str) -> None:
        with self.lock:
            self.confirmed.append(number)

    def so_far(self) -> set[str]:
        with self.lock:
            return set(self.confirmed)

    def wait_for_more_than(self, count: int) -> None:
        until = time.monotonic() + 60
        while len(self.so_far()) <= count:
            assert time.monotonic() < until, "no orders"
            time.sleep(0.01)


@pytest.mark.slow
async def test_each_of_several_snapshots_beside_four_customers_has_its_books_right(
    encrypted_settings: Settings, tmp_path: Path
) -> None:
    """Without HTTP."""
    grow(encrypted_settings, 5)
    async with opened(encrypted_settings) as database:
        shop, confirmed, stop = Shop(database), Counter(), asyncio.Event()
        await stock(shop)

        async def customer(number: int) -> None:
            while not stop.is_set():
                lines = (SKUS[number], 2), (SKUS[(number + 1) % 4], 1)
                confirmed.add((await shop.orders.place(order(*lines))).order.number)

        customers = [asyncio.create_task(customer(number)) for number in range(CLIENTS)]
        for turn in range(BACKUPS_IN_EVERY_RUN):
            before = confirmed.so_far()
            made = await make_snapshot(database, tmp_path / f"{turn}.db")
            found = await asyncio.to_thread(look, made.path, KEY.reveal())
            check_books(found)
            assert before <= set(found["orders"]), "what was confirmed before is in it"
        stop.set()
        await asyncio.gather(*customers)
        assert len(confirmed.so_far()) > BACKUPS_IN_EVERY_RUN


@pytest.mark.slow
def test_2000_orders_of_4_clients_during_10_backups(encrypted_settings: Settings, serve: Any, tmp_path: Path) -> None:
    """Over HTTP to a real server: every order that was confirmed is there, every backup is whole and consistent."""
    grow(encrypted_settings, 20)
    asyncio.run(_stock(encrypted_settings))
    confirmed, counts = Counter(), list[int]()
    company = threading.Event()
    with Client.of(serve, encrypted_settings) as client, ThreadPoolExecutor(CLIENTS) as threads:
        customers = [
            threads.submit(_buy, client.server.url, number, ORDERS // CLIENTS, confirmed, company)
            for number in range(CLIENTS)
        ]
        try:
            for turn in range(BACKUPS):
                if turn < 3:
                    confirmed.wait_for_more_than(counts[-1] if counts else 0)
                before = confirmed.so_far()
                path = client.fetch(client.ended(client.start()), tmp_path / f"{turn}.db")
                found = look(path, KEY.reveal())
                check_books(found)
                assert before <= set(found["orders"])
                counts.append(len(found["orders"]))
                if turn == 2:
                    company.set()
        finally:
            company.set()
        assert counts[0] < counts[1] < counts[2], "the first backups at least had company"
        for customer in customers:
            customer.result()
        path = client.fetch(client.ended(client.start()), tmp_path / "last.db")
    assert len(confirmed.so_far()) >= ORDERS
    assert set(look(path, KEY.reveal())["orders"]) == confirmed.so_far()


def _buy(url: str, number: int, count: int, confirmed: Counter, company: threading.Event) -> None:
    """One customer after the other, on one connection: so many, and more until the first backups have had company."""
    with httpx.Client(base_url=url, timeout=60) as http:
        for place in itertools.count():
            if place >= count and company.is_set():
                return
            lines = (SKUS[number], 1 + place % 2), (SKUS[(number + 1) % CLIENTS], 1)
            response = http.post("/api/orders", json=msgspec.to_builtins(order(*lines)))
            assert response.status_code == 201, response.text
            confirmed.add(response.json()["number"])


async def _stock(settings: Settings) -> None:
    async with opened(settings) as database:
        await stock(Shop(database))
