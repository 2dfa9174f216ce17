"""What a restore costs the customers of a shop that sells: 200 requests a second while its database is replaced.

    python -m benchmarks.restore [--sizes 10,100,500] [--workers 1,2] [--runs 3] [--rate 200]

For each size, with one worker and with two: a backup is uploaded, inspected, compared, put in the place of the
database, and taken back by an undo, all by the API; several times, and medians are printed. Beside it, in the same
run, what everybody knows: stop the server, `cp`, start the server.

Targets: no request fails, none takes longer than a second, and the time for which requests wait does not grow with the
size of the file.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import socket
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import httpx

from benchmarks.memory import Watched, watching
from benchmarks.paced import Felt, loaded
from benchmarks.serve import Server, ours, running
from benchmarks.shops import encrypt_copy, hang_pictures, make_demo
from berrypod.accounts import Accounts
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key

_CONFIRMATION = "Replace current database"
_IDLE_SECONDS = 8.0
_AFTER_SECONDS = 1.0
_SLOWEST_TARGET = 1.0
_GROWTH_TARGET = 2.0
_PIECE_BYTES = 256 * 1024

Interval = tuple[float, float]


@dataclass(frozen=True)
class Shop:
    """A shop's file, an older backup of it, and a token that may restore."""

    megabytes: int
    settings: Settings
    backup: Path
    token: str


@dataclass
class Measured:
    """One row: a size, with a number of workers. Times in seconds, memory in bytes."""

    workers: int
    megabytes: int
    closed: list[float] = field(default_factory=list[float])
    staged: list[float] = field(default_factory=list[float])
    memory: list[int] = field(default_factory=list[int])
    idle: list[Felt] = field(default_factory=list[Felt])
    staging: list[Felt] = field(default_factory=list[Felt])
    swaps: list[Felt] = field(default_factory=list[Felt])
    naive_down: list[float] = field(default_factory=list[float])
    naive: list[Felt] = field(default_factory=list[Felt])

    @property
    def failed(self) -> int:
        return sum(len(felt.failures) for felt in (*self.idle, *self.staging, *self.swaps))

    @property
    def slowest(self) -> float:
        return max(felt.slowest for felt in self.swaps)

    @property
    def good(self) -> bool:
        return self.failed == 0 and self.slowest < _SLOWEST_TARGET


def make_shop(demo: Path, folder: Path, megabytes: int) -> Shop:
    """The demo shop with pictures of that size; and a backup from before its newest products and orders."""
    folder.mkdir()
    key = Secret(secrets.token_urlsafe(48))
    settings = Settings(database_path=folder / "shop.db", secret_key_db=key)
    encrypt_copy(demo, settings.database_path, key)
    hang_pictures(settings, max(0, megabytes - round(demo.stat().st_size / 1e6)))
    with closing(open_connection(settings.database_path, find_key(settings.database_path, key))) as connection:
        connection.execute("UPDATE product_variants SET stock = 900000")
    token = asyncio.run(_token(settings))
    backup = folder / "backup.db"
    shutil.copyfile(settings.database_path, backup)
    return Shop(megabytes, settings, backup, token)


async def _token(settings: Settings) -> str:
    database = Database(settings)
    await database.open()
    try:
        made = await Accounts(database, settings).tokens.create(name="benchmark", scopes=["restore:write"])
        return made.token.reveal()
    finally:
        await database.close()


class Client:
    """Restores by the API, as a script of an admin does."""

    def __init__(self, server: Server, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=server.url, headers=headers, timeout=120)

    def stage(self, backup: Path) -> dict[str, Any]:
        """Upload a file, and wait until it is inspected and compared."""
        with backup.open("rb") as file:
            answer = self._http.post(
                "/api/restores",
                content=iter(lambda: file.read(_PIECE_BYTES), b""),
                headers={"content-type": "application/octet-stream", "content-length": str(backup.stat().st_size)},
            )
        return self._ended(_checked(answer, 202), "ready")

    def apply(self, staged: dict[str, Any]) -> dict[str, Any]:
        """Replace the database, though orders keep coming."""
        wanted = {"confirm": _CONFIRMATION, "expect": staged["expect"], "accept_newer": True}
        answer = self._http.post(f"/api/restores/{staged['id']}/apply", json=wanted)
        return self._ended(_checked(answer, 202), "applied")

    def undo(self) -> dict[str, Any]:
        """Take it back; orders that came since are lost, which the first answer asks about."""
        told = _checked(self._http.post("/api/restores/undo", json={}), 409)
        answer = self._http.post("/api/restores/undo", json={"expect": told["expect"], "accept_newer": True})
        return self._ended(_checked(answer, 202), "applied")

    def _ended(self, record: dict[str, Any], wanted: str) -> dict[str, Any]:
        while record["state"] in ("uploading", "inspecting", "applying"):
            record = _checked(self._http.get(f"/api/restores/{record['id']}", params={"wait": 60}), 200)
        if record["state"] != wanted:
            raise SystemExit(f"a restore is {record['state']}: {record['error'] or record['verdict']}")
        return record


def _checked(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise SystemExit(f"{answer.request.url} answered {answer.status_code}: {answer.text}")
    return answer.json()


def measure(shop: Shop, measured: Measured, runs: int, rate: float) -> None:
    """Restores and undos under load, one after the other."""
    idle: list[Interval] = []
    staging: list[Interval] = []
    swaps: list[Interval] = []
    with running(
        *ours("ours", shop.settings.database_path, shop.settings.secret_key_db, workers=measured.workers)
    ) as server:
        client = Client(server, shop.token)
        with loaded(server.url, rate) as load, watching(server.process.pid) as watched:
            sleep(_IDLE_SECONDS / 2)
            for _ in range(runs):
                begin = monotonic()
                sleep(_IDLE_SECONDS)
                idle.append((begin, monotonic()))
                staged, interval = _stage(client, shop.backup, watched, measured)
                staging.append(interval)
                for swap in (partial(client.apply, staged), client.undo):
                    begin = monotonic()
                    measured.closed.append(swap()["closed_seconds"])
                    swaps.append((begin, monotonic() + _AFTER_SECONDS))
                    sleep(_AFTER_SECONDS * 2)
        measured.idle.extend(load.between(*interval) for interval in idle)
        measured.staging.extend(load.between(*interval) for interval in staging)
        measured.swaps.extend(load.between(*interval) for interval in swaps)


def _stage(client: Client, backup: Path, watched: Watched, measured: Measured) -> tuple[dict[str, Any], Interval]:
    before = watched.now()
    watched.begin()
    begin = monotonic()
    staged = client.stage(backup)
    end = monotonic()
    measured.staged.append(end - begin)
    measured.memory.append(watched.peak - before)
    return staged, (begin, end)


def measure_naive(shop: Shop, measured: Measured, rate: float) -> None:
    """Stop the server, copy the backup over the file, start the server: what the customers feel of that."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = int(taken.getsockname()[1])
    path = shop.settings.database_path
    command = ours("naive", path, shop.settings.secret_key_db, workers=measured.workers, port=port)
    with running(*command) as server:
        wait_until_healthy(server.url)
        with loaded(server.url, rate) as load:
            sleep(_IDLE_SECONDS / 2)
            begin = monotonic()
            server.process.terminate()
            server.process.wait(60)
            shutil.copyfile(shop.backup, path)
            with running(*command) as again:
                wait_until_healthy(again.url)
                end = monotonic()
                sleep(_AFTER_SECONDS)
                load.stop()
    measured.naive_down.append(end - begin)
    measured.naive.append(load.between(begin, end))


def wait_until_healthy(url: str) -> None:
    while True:
        try:
            with urlopen(f"{url}/health", timeout=60) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            sleep(0.01)


def show(rows: Sequence[Measured]) -> None:
    """In milliseconds, but for the columns that say otherwise."""
    print(
        f"{'':20}{'requests':>10}{'requests':>10}{'slowest':>10}{'p99':>8}{'p99':>8}{'p99':>10}{'upload and':>14}"
        f"{'memory':>10}{'naive':>9}{'naive':>9}\n"
        f"{'':20}{'waited':>10}{'failed':>10}{'at swap':>10}{'at swap':>8}{'idle':>8}{'at upload':>10}"
        f"{'inspection s':>14}{'MB more':>10}{'down s':>9}{'failed':>9}"
    )
    for row in rows:
        cells = (
            f"{row.workers} worker{'s' if row.workers > 1 else ' '}{row.megabytes:>8} MB",
            f"{median(row.closed) * 1000:>10.0f}{row.failed:>10}{row.slowest * 1000:>10.0f}",
            f"{_p99(row.swaps):>8.0f}{_p99(row.idle):>8.0f}{_p99(row.staging):>10.0f}",
            f"{median(row.staged):>14.1f}{median(row.memory) / 1e6:>10.0f}",
            f"{median(row.naive_down):>9.1f}{sum(len(felt.failures) for felt in row.naive):>9}" if row.naive else "",
        )
        print(f"{cells[0]:20}" + "".join(cells[1:]) + ("" if row.good else "   below the target"))
    for workers in sorted({row.workers for row in rows}):
        of_these = sorted((row for row in rows if row.workers == workers), key=lambda row: row.megabytes)
        if len(of_these) > 1:
            smallest, largest = of_these[0], of_these[-1]
            growth = median(largest.closed) / median(smallest.closed)
            size = largest.megabytes / smallest.megabytes
            told = "" if growth < _GROWTH_TARGET else "   below the target"
            print(f"{workers} worker{'s' if workers > 1 else ''}: {size:.0f} x the size, {growth:.2f} x the wait{told}")


def _p99(felt: Sequence[Felt]) -> float:
    return median(one.percentile(99) for one in felt) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,500", help="megabytes")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--without-naive", action="store_true")
    arguments = parser.parse_args()
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory() as name:
        demo = Path(name, "demo.db")
        make_demo(demo)
        for megabytes in map(int, arguments.sizes.split(",")):
            shop = make_shop(demo, Path(name, str(megabytes)), megabytes)
            for workers in map(int, arguments.workers.split(",")):
                rows.append(measured := Measured(workers, megabytes))
                measure(shop, measured, arguments.runs, arguments.rate)
                if not arguments.without_naive:
                    measure_naive(shop, measured, arguments.rate)
            shutil.rmtree(shop.backup.parent)
    show(sorted(rows, key=lambda row: (row.workers, row.megabytes)))


if __name__ == "__main__":
    main()
