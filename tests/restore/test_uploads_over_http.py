"""Uploads to a real server: refused before the first byte, gone when the line breaks, and in flat memory."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from berrypod_restore.records import CONFIRMATION

from berrypod.settings import Settings
from tests.backup.making import grow
from tests.backup.test_memory import FLAT, peak_bytes
from tests.restore.making import holds, shop_with
from tests.support.server import RunningServer

Serve = Callable[..., RunningServer]


@contextmanager
def served(serve: Serve, settings: Settings, **env: str) -> Generator[tuple[RunningServer, httpx.Client]]:
    token = asyncio.run(_token(settings))
    server = serve(settings, env=env)
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=120) as client:
        yield server, client
    server.stop()


async def _token(settings: Settings) -> str:
    async with shop_with(settings) as shop:
        made = await shop.parts.accounts.tokens.create(name="restores", scopes=["restore:write"])
        return made.token.reveal()


@contextmanager
def begun(client: httpx.Client, length: int, *more: str) -> Generator[socket.socket]:
    """An upload of which the head was sent."""
    address = urlsplit(str(client.base_url))
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=120) as line:
        head = [
            "POST /api/restores HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: {client.headers['authorization']}",
            "Content-Type: application/octet-stream",
            f"Content-Length: {length}",
            *more,
        ]
        line.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        yield line


def staged(settings: Settings) -> list[str]:
    return holds(settings.database_path.with_name(f"{settings.database_path.name}-work") / "restore")


@pytest.mark.slow
def test_the_size_is_refused_before_the_first_byte_is_asked_for(serve: Serve, settings: Settings) -> None:
    with served(serve, settings, BERRYPOD_RESTORE_MAX_BYTES="1000000") as (_, client):
        with begun(client, 2_000_000, "Expect: 100-continue") as line:
            answer = b""
            while b"upload_too_large" not in answer:  # a time-out ends it
                piece = line.recv(65_536)
                assert piece, answer
                answer += piece
            assert answer.startswith(b"HTTP/1.1 413 ")
        with begun(client, 999_999, "Expect: 100-continue") as line:
            assert line.recv(65_536).startswith(b"HTTP/1.1 100 ")
        assert client.get("/api/restores").status_code == 200


@pytest.mark.slow
def test_a_line_that_breaks_leaves_nothing(serve: Serve, settings: Settings) -> None:
    with served(serve, settings) as (_, client):
        with begun(client, 50_000_000) as line:
            line.sendall(b"x" * 3_000_000)
            until = time.monotonic() + 120
            while not (items := client.get("/api/restores").json()["items"]) or not items[0]["received_bytes"]:
                assert time.monotonic() < until
            assert (items[0]["state"], items[0]["expected_bytes"]) == ("uploading", 50_000_000)
        while client.get("/api/restores").json()["items"]:
            assert time.monotonic() < until
        assert staged(settings) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
def test_a_restore_of_150_mb_takes_no_more_than_32_mb(
    serve: Serve, encrypted_settings: Settings, tmp_path: Path
) -> None:
    small = tmp_path / "small.db"
    small.write_bytes(encrypted_settings.database_path.read_bytes())
    big = tmp_path / "big" / "big.db"
    big.parent.mkdir()
    big.write_bytes(small.read_bytes())
    grow(Settings(environment="test", database_path=big, secret_key_db=encrypted_settings.secret_key_db), 150)
    with served(serve, encrypted_settings) as (server, client):
        restore(client, small)
        before = peak_bytes(server.process.pid)
        restore(client, big)
        assert peak_bytes(server.process.pid) - before < FLAT
    assert encrypted_settings.database_path.stat().st_size > 150_000_000


def restore(client: httpx.Client, file: Path) -> None:
    """Upload a file and apply it."""
    with file.open("rb") as body:
        answer = client.post("/api/restores", content=body, headers={"content-type": "application/octet-stream"})
    address = answer.headers["location"]
    told = client.get(address, params={"wait": 60}).json()
    assert told["state"] == "ready", told
    confirm = {"confirm": CONFIRMATION, "expect": told["expect"]}
    assert client.post(f"{address}/apply", json=confirm).status_code == 202
    assert client.get(address, params={"wait": 60}).json()["state"] == "applied"
