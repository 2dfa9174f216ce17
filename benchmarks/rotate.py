"""What a change of the key costs the customers of a shop that sells: 100 requests a second meanwhile.

    python -m benchmarks.rotate [--sizes 50,500] [--workers 1,2] [--rate 100]

The command line changes the key beside the server. Beside it, in the same run, what everybody knows: stop the server,
export the file under another key (`sqlcipher_export`), start the server.

Targets: no request fails, and the time for which requests wait does not grow with the size of the file.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from benchmarks.paced import Felt, loaded
from benchmarks.restore import Shop, make_shop, wait_until_healthy
from benchmarks.serve import ours, running
from benchmarks.shops import make_demo
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from tests.support.server import environment

_IDLE_SECONDS = 8.0
_AFTER_SECONDS = 1.0


@dataclass(frozen=True)
class Row:
    """Times in seconds. `waited` is how long requests waited for the swap."""

    workers: int
    megabytes: float
    seconds: float
    waited: float
    caught_up: int
    last: int
    felt: Felt
    idle: Felt
    export_seconds: float | None = None
    export_down: float | None = None
    export_felt: Felt | None = None


def measure(shop: Shop, workers: int, rate: float) -> tuple[Row, Settings]:
    """Change the key under load. Returns the settings that open the shop afterwards."""
    path = shop.settings.database_path
    new = Secret(secrets.token_urlsafe(48))
    with (
        running(*ours("ours", path, shop.settings.secret_key_db, workers=workers)) as server,
        loaded(server.url, rate) as load,
    ):
        sleep(_IDLE_SECONDS / 2)
        idle = (monotonic(), monotonic() + _IDLE_SECONDS)
        sleep(_IDLE_SECONDS)
        begin = monotonic()
        told = _rotate(shop.settings, new)
        sleep(_AFTER_SECONDS)
        end = monotonic()
        sleep(_AFTER_SECONDS)
    row = Row(
        workers=workers,
        megabytes=path.stat().st_size / 1e6,
        seconds=told["seconds"],
        waited=told["closed_seconds"],
        caught_up=told["caught_up_pages"],
        last=told["last_pages"],
        felt=load.between(begin, end),
        idle=load.between(*idle),
    )
    settings = replace(shop.settings, secret_key_db=new)
    subprocess.run(
        [sys.executable, "-m", "berrypod", "key", "confirm", "--remove-former"],
        env=environment(settings),
        check=True,
        capture_output=True,
    )
    return row, settings


def _rotate(settings: Settings, new: Secret) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "berrypod", "key", "rotate", "--new-key-stdin", "--json"],
        input=new.reveal() + "\n",
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    rotated: dict[str, Any] = json.loads(done.stdout)["rotated"]
    return rotated


def measure_export(settings: Settings, row: Row, rate: float) -> Row:
    """Stop the server, export the file under another key, start the server: what the customers feel of that."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = int(taken.getsockname()[1])
    path, new = settings.database_path, Secret(secrets.token_urlsafe(48))
    with running(*ours("export", path, settings.secret_key_db, workers=row.workers, port=port)) as server:
        wait_until_healthy(server.url)
        with loaded(server.url, rate) as load:
            sleep(_IDLE_SECONDS / 2)
            begin = monotonic()
            server.process.terminate()
            server.process.wait(60)
            exporting = monotonic()
            _export(settings, path.with_name("exported.db"), new)
            exported = monotonic() - exporting
            path.with_name("exported.db").replace(path)
            with running(*ours("export", path, new, workers=row.workers, port=port)) as again:
                wait_until_healthy(again.url)
                end = monotonic()
                sleep(_AFTER_SECONDS)
                load.stop()
    return replace(row, export_seconds=exported, export_down=end - begin, export_felt=load.between(begin, end))


def _export(settings: Settings, target: Path, new: Secret) -> None:
    path = settings.database_path
    with closing(open_connection(path, find_key(path, settings.secret_key_db))) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute("ATTACH ? AS exported KEY ?", (str(target), new.reveal()))
        connection.execute("SELECT sqlcipher_export('exported')").fetchone()
        connection.execute("DETACH exported")


def show(rows: Sequence[Row]) -> None:
    """Times in milliseconds, but for the columns that say otherwise."""
    print(
        f"{'':22}{'requests':>10}{'failed':>8}{'slowest':>9}{'p99':>7}{'p99':>7}{'waited':>8}{'total':>8}"
        f"{'pages':>8}{'at the':>8}{'export':>9}{'down':>7}{'failed':>8}\n"
        f"{'':22}{'':>10}{'':>8}{'':>9}{'':>7}{'idle':>7}{'':>8}{'s':>8}{'again':>8}{'gate':>8}{'s':>9}{'s':>7}"
    )
    for row in rows:
        name = f"{row.workers} worker{'s' if row.workers > 1 else ' '}{row.megabytes:>8.0f} MB"
        cells = (
            f"{len(row.felt.samples):>10}{len(row.felt.failures):>8}{row.felt.slowest * 1000:>9.0f}",
            f"{row.felt.percentile(99) * 1000:>7.0f}{row.idle.percentile(99) * 1000:>7.0f}{row.waited * 1000:>8.0f}",
            f"{row.seconds:>8.1f}{row.caught_up:>8}{row.last:>8}",
            f"{row.export_seconds:>9.1f}{row.export_down:>7.1f}{len(row.export_felt.failures):>8}"
            if row.export_seconds is not None and row.export_down is not None and row.export_felt is not None
            else "",
        )
        print(f"{name:22}" + "".join(cells) + ("" if not row.felt.failures else "   below the target"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50,500", help="megabytes")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--without-export", action="store_true")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        demo = Path(name, "demo.db")
        make_demo(demo)
        for megabytes in map(int, arguments.sizes.split(",")):
            for workers in map(int, arguments.workers.split(",")):
                shop = make_shop(demo, Path(name, f"{megabytes}-{workers}"), megabytes)
                shop.backup.unlink()
                row, settings = measure(shop, workers, arguments.rate)
                rows.append(row if arguments.without_export else measure_export(settings, row, arguments.rate))
                shutil.rmtree(settings.database_path.parent)
    show(rows)


if __name__ == "__main__":
    main()
