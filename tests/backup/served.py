"""A client of a real server in a process of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from berrypod.accounts import Accounts
from berrypod.settings import Settings
from tests.backup.making import opened
from tests.support.server import RunningServer


@dataclass
class Client:
    """Makes backups over HTTP, as a script of an admin does."""

    server: RunningServer
    http: httpx.Client

    @classmethod
    @contextmanager
    def of(cls, serve: Callable[..., RunningServer], settings: Settings, *, workers: int = 1) -> Generator[Client]:
        """Start a server for the shop of `settings`; it is stopped at the end of the block."""
        token = asyncio.run(_token(settings))
        server = serve(settings, workers=workers)
        with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
            yield cls(server, client)
        server.stop()

    def start(self) -> str:
        response = self.http.post("/api/backups")
        assert response.status_code == 202, response.text
        return response.headers["location"]

    def ended(self, address: str) -> str:
        """Wait until the backup is ready. Returns its address."""
        until = time.monotonic() + 300
        while (backup := self.http.get(address).json())["state"] != "ready":
            assert backup["state"] in ("queued", "copying", "verifying", "exporting"), backup
            assert time.monotonic() < until
            time.sleep(0.05)
        return address

    def fetch(self, address: str, path: Path) -> Path:
        """Save the backup piece by piece."""
        with self.http.stream("GET", f"{address}/download") as response, path.open("wb") as file:
            assert response.status_code == 200
            for piece in response.iter_raw(65_536):
                file.write(piece)
        assert path.stat().st_size == int(response.headers["content-length"])
        return path


async def _token(settings: Settings) -> str:
    async with opened(settings) as database:
        made = await Accounts(database, settings).tokens.create(
            name="backups", scopes=["backup:read", "backup:write", "shop:read"]
        )
        return made.token.reveal()
