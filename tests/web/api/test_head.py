"""HEAD is answered as GET is, without the body, and without what a whole body would set off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import get
from litestar.response import ServerSentEvent
from litestar.testing import TestClient

from berrypod.web.access import PUBLIC
from berrypod.web.downloads import file_answer
from berrypod.web.head import HeadLitestar
from tests.web.api.conftest import Client


@pytest.mark.parametrize(
    "path", ["/", "/health", "/api/products", "/api/products/raspberry-jam", "/schema/openapi.json", "/admin/login"]
)
def test_status_and_headers_are_those_of_get(unchanged: Client, path: str) -> None:
    answer, head = unchanged.get(path), unchanged.head(path)

    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "content-security-policy"):
        assert head.headers.get(name) == answer.headers.get(name)
    assert answer.content


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/api/orders", 401), ("/api/subscribers/unsubscribe", 405)]
)
def test_errors_are_too(unchanged: Client, path: str, status: int) -> None:
    head = unchanged.head(path)
    assert (head.status_code, head.content) == (status, b"")


def test_what_is_known_already_is_not_modified(unchanged: Client) -> None:
    tag = unchanged.head("/api/products").headers["etag"]
    assert unchanged.head("/api/products", headers={"if-none-match": tag}).status_code == 304


class Streams:
    """Downloads and event streams, and what became of them."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.closed = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(3):
                yield b"x" * 10
            self.ended.append("the last byte has left")
        finally:
            self.closed.set()

    async def forever(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield {"data": "tick"}
            await asyncio.sleep(0)

    def app(self) -> HeadLitestar:
        @get("/file", opt={"access": PUBLIC})
        async def file() -> Any:
            return file_answer(
                self.pieces(), filename="a.db", media_type="application/octet-stream", size_bytes=30, sha256="00" * 32
            )

        @get("/events", opt={"access": PUBLIC})
        async def events() -> ServerSentEvent:
            return ServerSentEvent(self.forever())

        return HeadLitestar([file, events])


@pytest.fixture
def streams() -> Iterator[tuple[Streams, TestClient[Any]]]:
    made = Streams()
    with TestClient(made.app()) as client:
        yield made, client


def test_a_download_is_not_begun_and_so_not_over(streams: tuple[Streams, TestClient[Any]]) -> None:
    """A backup is removed when its last byte has left."""
    made, client = streams
    head = client.head("/file")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == "30"
    assert head.headers["repr-digest"]
    assert made.ended == []
    assert client.get("/file").content == b"x" * 30
    assert made.ended == ["the last byte has left"]


def test_an_event_stream_ends(streams: tuple[Streams, TestClient[Any]]) -> None:
    head = streams[1].head("/events")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_over_a_real_server_the_connection_goes_on() -> None:
    """A body after HEAD would be taken for the next answer."""
    made = Streams()
    server = uvicorn.Server(uvicorn.Config(made.app(), port=0, log_level="error", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for _ in range(3):
            head = await client.head("/file")
            assert (head.status_code, head.headers["content-length"]) == (200, "30")
            assert (await client.get("/file")).content == b"x" * 30
    server.should_exit = True
    await running
    assert made.ended == ["the last byte has left"] * 3
