"""Customers at a steady rate: a request is sent when its time has come, whether or not the shop has answered others.

    python -m benchmarks.paced http://127.0.0.1:8000 --rate 200

A load that waits for answers grows silent with the shop and hides how long it was silent. Here a request counts from
the moment at which it was due. It runs in a process of its own, which prints a line when it begins; it ends when its
standard input is closed, and then writes what it saw to standard output, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import monotonic
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec

_CONNECTIONS = 32
_GIVE_UP_SECONDS = 30.0

# Of twenty requests: what people look at, what programs read, and two orders.
_MIX = ("page", "api", "page", "page", "picture", "page", "api", "order", "page", "page") * 2

_CUSTOMER = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "address_line1": "1 Dawson Street",
    "postcode": "D02 XY45",
    "city": "Dublin",
    "country": "Ireland",
}


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One request. `due` is on the machine's monotonic clock; `seconds` from then to the end of the answer.

    `status` is that of the answer, and 0 if there was none.
    """

    due: float
    seconds: float
    kind: str
    status: int

    @property
    def failed(self) -> bool:
        """By the shop's fault or the customer's: all that are sent can be answered."""
        return self.status not in (200, 201)


@dataclass(frozen=True)
class Felt:
    """What customers felt between two moments. Times in seconds."""

    samples: Sequence[Sample]

    @property
    def failures(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.failed]

    @property
    def slowest(self) -> float:
        return max((sample.seconds for sample in self.samples), default=0.0)

    def percentile(self, percent: int) -> float:
        seconds = [sample.seconds for sample in self.samples]
        return quantiles(seconds, n=100, method="inclusive")[percent - 1] if len(seconds) > 1 else 0.0


@dataclass
class Load:
    """The load, as whoever started it sees it."""

    process: subprocess.Popen[bytes]
    samples: list[Sample] = field(default_factory=list[Sample])

    def stop(self) -> None:
        """End it, and take what it saw. Again: nothing."""
        if not self.samples:
            told, _ = self.process.communicate(timeout=_GIVE_UP_SECONDS * 2)
            self.samples = msgspec.json.decode(told, type=list[Sample])

    def between(self, begin: float, end: float) -> Felt:
        """Of the requests that were due, or under way, in that time. After `stop`."""
        return Felt([sample for sample in self.samples if sample.due <= end and sample.due + sample.seconds >= begin])


@contextmanager
def loaded(url: str, rate: float) -> Generator[Load]:
    """A load on the shop at `url`, `rate` requests a second, while the block runs. The shop must be up."""
    command = [sys.executable, "-m", "benchmarks.paced", url, "--rate", str(rate)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    try:
        assert process.stdout
        if not process.stdout.readline():
            raise RuntimeError("the load could not begin")
        yield (load := Load(process))
        load.stop()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


class _Connection(asyncio.Protocol):
    """One kept connection, and the request that is on its way there."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = -1
        self._answer: asyncio.Future[int] | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def ask(self, request: bytes) -> int:
        """Send a request, and wait for the whole answer. Returns its status; 0 if the connection broke."""
        self._buffer.clear()
        self._needed = -1
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._needed < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            self._needed = end + 4 + int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(self._buffer) >= self._needed:
            self._done(int(self._buffer[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._done(0)

    def close(self) -> None:
        self._transport.close()

    def _done(self, status: int) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(status)


class _Customers:
    def __init__(self, url: str, requests: dict[str, list[bytes]]) -> None:
        self._host, _, port = urlsplit(url).netloc.partition(":")
        self._port = int(port)
        self._requests = requests
        self._free: deque[_Connection] = deque()
        self.samples: list[Sample] = []

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        for _ in range(_CONNECTIONS):
            self._free.append(await self._connect())
        print(flush=True)
        begin, number = monotonic(), 0
        async with asyncio.TaskGroup() as sending:
            while not stop.is_set():
                due = begin + number / rate
                if (early := due - monotonic()) > 0:
                    await asyncio.sleep(early)
                kind = _MIX[number % len(_MIX)]
                variants = self._requests[kind]
                sending.create_task(self._send(due, kind, variants[number // len(_MIX) % len(variants)]))
                number += 1
        for connection in self._free:
            connection.close()

    async def _send(self, due: float, kind: str, request: bytes) -> None:
        status = 0
        try:
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                connection = self._idle() or await self._connect()
                status = await connection.ask(request)
                if not connection.closed:
                    self._free.append(connection)
        except (OSError, TimeoutError):
            pass
        self.samples.append(Sample(due, monotonic() - due, kind, status))

    def _idle(self) -> _Connection | None:
        """The one that has rested longest: none of them rests so long that the server closes it."""
        while self._free:
            if not (connection := self._free.popleft()).closed:
                return connection
        return None

    async def _connect(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, self._host, self._port)
        return connection


def _requests(url: str) -> dict[str, list[bytes]]:
    """What is asked of this shop, by kind."""
    with urlopen(f"{url}/api/products?in_stock=true") as answer:
        products = msgspec.json.decode(answer.read())["items"]
    slugs = [product["slug"] for product in products]
    covers = [product["cover"]["url"] for product in products if product["cover"]]
    with urlopen(f"{url}/api/products/{slugs[0]}") as answer:
        skus = [variant["sku"] for variant in msgspec.json.decode(answer.read())["variants"]]
    host = url.removeprefix("http://")

    def get(path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n".encode()

    def order(sku: str) -> bytes:
        body = msgspec.json.encode({**_CUSTOMER, "lines": [{"sku": sku, "quantity": 1}]})
        head = f"POST /api/orders HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return {
        "page": [get("/"), *(get(f"/products/{slug}") for slug in slugs)],
        "api": [get("/api/products"), *(get(f"/api/products/{slug}") for slug in slugs)],
        "picture": list(map(get, covers or ["/api/products"])),
        "order": [order(sku) for sku in skus],
    }


async def _run(url: str, rate: float) -> list[Sample]:
    customers, stop = _Customers(url, await asyncio.to_thread(_requests, url)), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), stop.set)
    await customers.run(rate, stop)
    loop.remove_reader(sys.stdin.fileno())
    return customers.samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=200.0)
    arguments = parser.parse_args()
    samples = asyncio.run(_run(arguments.url.rstrip("/"), arguments.rate))
    sys.stdout.buffer.write(msgspec.json.encode(samples))


if __name__ == "__main__":
    main()
