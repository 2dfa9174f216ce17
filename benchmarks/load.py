"""A load generator that is faster than what it measures: raw HTTP/1.1 over kept connections, in this process."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

_WARM_UP_SECONDS = 0.5


@dataclass
class Result:
    """`latencies` are in seconds, one for each answer."""

    seconds: float
    latencies: list[float] = field(default_factory=list[float])
    failures: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


class _Client(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, request: bytes, result: Result, until: float, done: asyncio.Future[None]) -> None:
        self._request = request
        self._result = result
        self._until = until
        self._done = done
        self._buffer = bytearray()
        self._needed = -1
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._needed < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._needed = end + 4 + int(length)
            if not head.startswith(b"http/1.1 200"):
                self._result.failures += 1
        if len(self._buffer) >= self._needed:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _answered(self) -> None:
        now = time.perf_counter()
        self._result.latencies.append(now - self._sent)
        self._buffer.clear()
        self._needed = -1
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)


async def measure(url: str, *, seconds: float, connections: int = 16) -> Result:
    """GET `url` over and over for `seconds`, after a warm-up that does not count."""
    await _run(url, _WARM_UP_SECONDS, connections)
    return await _run(url, seconds, connections)


async def _run(url: str, seconds: float, connections: int) -> Result:
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.partition(":")
    request = f"GET /{path} HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    result = Result(seconds)
    waiting: list[asyncio.Future[None]] = []
    for _ in range(connections):
        done = loop.create_future()
        waiting.append(done)
        await loop.create_connection(lambda done=done: _Client(request, result, begin + seconds, done), host, int(port))
    await asyncio.gather(*waiting)
    result.seconds = time.perf_counter() - begin
    return result
