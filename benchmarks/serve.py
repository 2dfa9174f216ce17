"""How fast the hot pages are: against FastAPI + SQLAlchemy + aiosqlite, and encrypted against unencrypted.

    python -m benchmarks.serve [--runs 5] [--seconds 2]

Four servers on one machine, each with one process, measured in turn and several times; the medians' ratios are
printed. Targets: at least 5 times the peer on a plain file, and encrypted at least 0.9 of unencrypted. The limit is
Litestar answering a constant.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import msgspec

from benchmarks.load import measure
from benchmarks.shops import encrypt_copy, make_demo
from berrypod.settings import Secret

_URL = re.compile(r"(?:Uvicorn running|Listening) on (http://[\d.:]+)")
_TARGET_PEER = 5.0
_TARGET_PLAIN = 0.9


@dataclass(frozen=True)
class Server:
    name: str
    url: str
    process: subprocess.Popen[str]


@contextmanager
def running(name: str, command: list[str], env: dict[str, str]) -> Generator[Server]:
    """A server in a process of its own, on a free port."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **env},
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Server(name, _wait_for_address(process), process)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    printed: list[str] = []
    for line in process.stdout:
        printed.append(line)
        if found := _URL.search(line):
            return found[1]
    raise SystemExit("a server did not start:\n" + "".join(printed))


def ours(
    name: str, path: Path, key: Secret | None, *, workers: int = 1, port: int = 0
) -> tuple[str, list[str], dict[str, str]]:
    env = {"DATABASE_PATH": str(path), "SECRET_KEY_BASE": secrets.token_urlsafe(48)}
    if key:
        env["SECRET_KEY_DB"] = key.reveal()
    return name, ["-m", "berrypod", "serve", "--port", str(port), "--workers", str(workers)], env


def uvicorn_command(target: str) -> list[str]:
    return ["-m", "uvicorn", target, "--port", "0", "--no-access-log"]


async def compare(servers: list[Server], paths: list[str], *, runs: int, seconds: float) -> None:
    print(f"{'':28}" + "".join(f"{server.name:>16}" for server in servers) + f"{'ours/peer':>12}{'enc/plain':>12}")
    for path in paths:
        rates: dict[str, list[float]] = {server.name: [] for server in servers}
        for _ in range(runs):
            for server in servers:
                target = "/" if server.name == "litestar" else path
                result = await measure(server.url + target, seconds=seconds)
                if result.failures:
                    raise SystemExit(f"{server.name} {path}: {result.failures} answers were not 200")
                rates[server.name].append(result.rate)
        medians = {name: median(values) for name, values in rates.items()}
        peer, plain = medians["encrypted"] / medians["peer"], medians["encrypted"] / medians["plain"]
        print(
            f"{path:28}"
            + "".join(f"{medians[server.name]:>14,.0f}/s" for server in servers)
            + f"{peer:>11.1f}x{plain:>11.2f}x"
            + ("" if peer >= _TARGET_PEER and plain >= _TARGET_PLAIN else "   below the target")
        )


def pages(url: str) -> list[str]:
    """The list, a product's page and its picture."""
    with urlopen(url + "/api/products") as answer:
        first = msgspec.json.decode(answer.read())["items"][0]
    return ["/api/products", f"/products/{first['slug']}", "/api/images/1"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    key = Secret(secrets.token_urlsafe(48))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plain, encrypted = Path(folder, "plain.db"), Path(folder, "encrypted.db")
        make_demo(plain)
        encrypt_copy(plain, encrypted, key)
        peer = ("peer", uvicorn_command("benchmarks.peers.fastapi_shop:app"), {"DATABASE_PATH": str(plain)})
        limit: tuple[str, list[str], dict[str, str]] = (
            "litestar",
            uvicorn_command("benchmarks.peers.litestar_constant:app"),
            {},
        )
        servers = [
            stack.enter_context(running(*start))
            for start in (ours("encrypted", encrypted, key), ours("plain", plain, None), peer, limit)
        ]
        asyncio.run(compare(servers, pages(servers[0].url), runs=arguments.runs, seconds=arguments.seconds))


if __name__ == "__main__":
    main()
