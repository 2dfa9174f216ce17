"""A shop that is served by a real server, customers who order all the time, and a program that restores."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from berrypod_restore.records import CONFIRMATION

from berrypod.accounts import Accounts
from berrypod.settings import Secret, Settings
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.storage.connection import open_immutable
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import identify
from tests.conftest import KEY
from tests.shop.making import order
from tests.support.server import environment

SKUS = ("JAM-S", "JAM-M", "JAM-L", "JAM-XL")
_SCOPES = ["restore:write", "backup:read", "backup:write", "shop:read"]


async def stock(settings: Settings) -> str:
    """Something to sell. Returns a token that may restore."""
    database = Database(settings)
    await database.open()
    try:
        variants = [
            NewVariant(sku=sku, title=sku, options={"Size": sku}, price_minor=450, stock=1_000_000) for sku in SKUS
        ]
        await Shop(database).inventory.create(NewProduct(title="Jam", status="active", variants=variants))
        return (await Accounts(database, settings).tokens.create(name="tests", scopes=_SCOPES)).token.reveal()
    finally:
        await database.close()


class Program:
    """Restores over HTTP, with a connection of its own."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=120)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self._http.post(path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._http.get(path, **more)

    def stream(self, method: str, path: str) -> AbstractContextManager[httpx.Response]:
        return self._http.stream(method, path)

    def staged(self, file: Path) -> dict[str, Any]:
        raw = {"content-type": "application/octet-stream"}
        return self.ended(self.post("/api/restores", content=file.read_bytes(), headers=raw), "ready")

    def apply(self, staged: dict[str, Any]) -> httpx.Response:
        wanted = {"confirm": CONFIRMATION, "expect": staged["expect"], "accept_newer": True}
        return self.post(f"/api/restores/{staged['id']}/apply", json=wanted)

    def undo(self) -> httpx.Response:
        """Whatever it loses."""
        told = self.post("/api/restores/undo", json={})
        if told.status_code == 409 and "expect" in told.json():
            told = self.post("/api/restores/undo", json={"expect": told.json()["expect"], "accept_newer": True})
        return told

    def ended(self, response: httpx.Response, *states: str) -> dict[str, Any]:
        """The record that came of it, when nobody works on it any more."""
        assert response.status_code == 202, response.text
        record = self.get(response.headers["location"], params={"wait": 60}).json()
        assert record["state"] in (states or ("applied",)), record
        return record


def command(settings: Settings, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """`berrypod ARGUMENTS...` in a process of its own, beside the server."""
    return subprocess.run(
        [sys.executable, "-m", "berrypod", *arguments],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Customers:
    """Order all the time, each on a connection of its own, with a note by which the order is known again."""

    url: str
    name: str = "customer"
    confirmed: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By note: when it was sent, and when it was confirmed, by `time.monotonic()`."""
    told: dict[str, str] = field(default_factory=dict)
    """By note: with what the others were turned away."""
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def ordering(self, count: int = 4) -> Generator[Customers]:
        threads = [threading.Thread(target=self._order, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        try:
            self.wait_for(1)
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)

    def wait_for(self, more: int) -> None:
        """Wait until so many more orders have been sent and confirmed."""
        begun, until = time.monotonic(), time.monotonic() + 60
        while sum(sent > begun for sent, _ in list(self.confirmed.values())) < more:
            assert time.monotonic() < until, f"no orders: {self.failures} {self.told}"
            time.sleep(0.01)

    def _order(self, customer: int) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as http:
            for number in itertools.count():
                if self._stop.is_set():
                    return
                note = f"{self.name} {customer}, order {number}"
                sent = time.monotonic()
                try:
                    response = http.post("/api/orders", json=msgspec.to_builtins(order((SKUS[customer], 1), note=note)))
                except httpx.HTTPError as error:
                    self.failures.append(f"{note}: {error!r}")
                    continue
                if response.status_code == 201:
                    self.confirmed[note] = (sent, time.monotonic())
                else:
                    self.told[note] = f"{response.status_code} {response.text}"


def notes_in(file: Path, key: Secret | None = KEY) -> set[str]:
    """The notes of all orders in a file that nobody has open."""
    with closing(open_immutable(file, identify(file, key))) as connection:
        return {note for (note,) in connection.execute("SELECT note FROM orders")}


def digest(file: Path) -> str:
    """Of its bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def former_files(settings: Settings) -> list[Path]:
    """The files of the former databases, the newest last."""
    folder = settings.database_path.with_name(f"{settings.database_path.name}-former")
    return sorted(folder.glob("*.db"), key=lambda path: path.stat().st_ctime_ns)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command printed with --json."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stocked(settings: Settings) -> str:
    return asyncio.run(stock(settings))
