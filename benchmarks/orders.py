"""What orders feel of backups that are made one after the other, over HTTP.

    python -m benchmarks.orders [--megabytes 200] [--runs 5] [--seconds 10]

With and without backups in turn, several times; medians are printed. Target: the time of an order (99th percentile)
while backups are made stays under 3 times the idle one.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import httpx
import msgspec

from benchmarks.serve import Server, ours, running
from benchmarks.shops import hang_pictures
from berrypod.accounts import Accounts
from berrypod.settings import Secret, Settings
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.storage import schema
from berrypod.storage.database import Database

_P99_TARGET = 3.0
_CUSTOMERS = 4
_THINKING_SECONDS = 0.05

_ORDER = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "address_line1": "12 St James's Square",
    "postcode": "SW1Y 4LB",
    "city": "London",
    "country": "United Kingdom",
    "lines": [{"sku": "JAM", "quantity": 1}],
}


async def make_shop(settings: Settings, megabytes: int) -> str:
    """A shop with pictures of that size and enough jam. Returns a token for backups."""
    schema.create(settings.database_path, settings.secret_key_db)
    hang_pictures(settings, megabytes)
    async with opened(settings) as database:
        jam = NewVariant(sku="JAM", price_minor=450, stock=900_000)
        await Shop(database).inventory.create(NewProduct(title="Jam", status="active", variants=[jam]))
        made = await Accounts(database, settings).tokens.create(
            name="benchmark", scopes=["backup:read", "backup:write"]
        )
        return made.token.reveal()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@dataclass
class Feeling:
    """How long orders took, in seconds."""

    seconds: list[float] = field(default_factory=list[float])

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000


async def buy(server: Server, seconds: float) -> Feeling:
    """Customers who each place an order, think for a moment, and place another."""
    feeling, until = Feeling(), time.perf_counter() + seconds
    address = server.url.removeprefix("http://")
    host, _, port = address.partition(":")
    body = msgspec.json.encode(_ORDER)
    head = f"POST /api/orders HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def customer() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.perf_counter() < until:
            begun = time.perf_counter()
            writer.write(request)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not answer.startswith(b"http/1.1 201"):
                raise SystemExit(f"an order failed: {answer.decode()}")
            length = answer.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            feeling.seconds.append(time.perf_counter() - begun)
            await asyncio.sleep(_THINKING_SECONDS)
        writer.close()

    await asyncio.gather(*(customer() for _ in range(_CUSTOMERS)))
    return feeling


async def back_up_again_and_again(server: Server, token: str) -> None:
    """One backup after the other, each made and then deleted. Runs until it is cancelled."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        while True:
            address = (await client.post("/api/backups")).headers["location"]
            while (state := (await client.get(address)).json()["state"]) != "ready":
                if state in ("failed", "interrupted"):
                    raise SystemExit("a backup failed")
                await asyncio.sleep(0.2)
            await client.delete(address)


async def compare_orders(server: Server, token: str, runs: int, seconds: float) -> None:
    """Orders with and without backups, in turn."""
    felt: dict[str, list[Feeling]] = {"idle": [], "during backups": []}
    await buy(server, 1.0)
    for _ in range(runs):
        felt["idle"].append(await buy(server, seconds))
        backups = asyncio.create_task(back_up_again_and_again(server, token))
        felt["during backups"].append(await buy(server, seconds))
        backups.cancel()
        await asyncio.gather(backups, return_exceptions=True)
        await asyncio.sleep(1.0)
    p99 = {name: median(feeling.percentile(99) for feeling in feelings) for name, feelings in felt.items()}
    for name, feelings in felt.items():
        p50 = median(feeling.percentile(50) for feeling in feelings)
        orders = sum(len(feeling.seconds) for feeling in feelings)
        print(f"{name:16}{p50:8.1f} ms p50{p99[name]:8.1f} ms p99   ({orders} orders)")
    ratio = p99["during backups"] / p99["idle"]
    print(f"{'ratio':16}{ratio:23.2f} x idle p99" + ("" if ratio < _P99_TARGET else "   below the target"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        key = Secret(secrets.token_urlsafe(48))
        settings = Settings(database_path=folder / "shop.db", secret_key_db=key)
        token = asyncio.run(make_shop(settings, arguments.megabytes))
        server = stack.enter_context(running(*ours("encrypted", settings.database_path, key)))
        asyncio.run(compare_orders(server, token, arguments.runs, arguments.seconds))


if __name__ == "__main__":
    main()
