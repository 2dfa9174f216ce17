"""A writer at a steady rate, and how long each of its transactions took, in a process of its own.

    python -m benchmarks.writer PATH --rate 100

The passphrase is the first line of its standard input; when that closes it ends, and writes what it saw to standard
output, as JSON. A transaction counts from the moment at which it was due: who waits grows no silence.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from statistics import quantiles
from time import monotonic, sleep

import msgspec
from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key

_TABLE = "benchmark_writes"
_GIVE_UP_SECONDS = 60


@dataclass
class Writer:
    """The writer, as whoever started it sees it. `samples` are moments (monotonic) and how long it took, in seconds."""

    process: subprocess.Popen[bytes]
    samples: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def stop(self) -> None:
        told, _ = self.process.communicate(timeout=_GIVE_UP_SECONDS)
        self.samples = msgspec.json.decode(told, type=list[tuple[float, float]])

    def percentile(self, percent: int, spans: list[tuple[float, float]]) -> float:
        """In milliseconds, of what was due within one of these spans of time. After `stop`."""
        seconds = [took for due, took in self.samples if any(begin <= due <= end for begin, end in spans)]
        return quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000 if len(seconds) > 1 else 0.0


@contextmanager
def writing(path: Path, passphrase: Secret, rate: float) -> Generator[Writer]:
    """A writer while the block runs."""
    command = [sys.executable, "-m", "benchmarks.writer", str(path), "--rate", str(rate)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(passphrase.reveal().encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        yield (writer := Writer(process))
        writer.stop()
    finally:
        process.kill()
        process.wait()


def _write(connection: dbapi2.Connection, rate: float) -> list[tuple[float, float]]:
    samples, begin, number = list[tuple[float, float]](), monotonic(), 0
    while not select([sys.stdin], [], [], 0)[0]:
        due = begin + number / rate
        if (early := due - monotonic()) > 0:
            sleep(early)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"INSERT INTO {_TABLE} VALUES (?, randomblob(400))", (random.getrandbits(40),))
        connection.execute("COMMIT")
        samples.append((due, monotonic() - due))
        number += 1
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rate", type=float, default=100.0)
    arguments = parser.parse_args()
    key = find_key(arguments.path, Secret(sys.stdin.readline().strip()))
    with closing(open_connection(arguments.path, key)) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (number INTEGER, content BLOB)")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {_TABLE}_number ON {_TABLE} (number)")
        print(flush=True)
        samples = _write(connection, arguments.rate)
    sys.stdout.buffer.write(msgspec.json.encode(samples))


if __name__ == "__main__":
    main()
