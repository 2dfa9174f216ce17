"""S3 servers in processes of their own, and a way between that is as bad as a test wants it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Final

_START_SECONDS: Final = 60
_RUNNING: Final = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")

BUCKET: Final = "berries"

# With IAM on, moto checks every signature; the first calls are for making the bucket and somebody who may use it.
_SERVER: Final = """
import os, signal, sys, threading
from moto.server import main
threading.Thread(target=lambda: (sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
main(["-H", "127.0.0.1", "-p", "0"])
"""


@dataclass
class S3Server:
    """moto's server: S3 over HTTP, as AWS answers. Objects are in its memory."""

    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def reset(self) -> None:
        """Forget all buckets."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200
        connection.close()


def start_s3() -> S3Server:
    """Start one on a free port. It ends with this process.

    :raises AssertionError: it did not start; with what it printed.
    """
    values = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=values | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server, started = S3Server(0, process), threading.Event()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            server.lines.append(line.rstrip())
            if found := _RUNNING.search(line):
                server.port = int(found[1])
                started.set()
        started.set()

    threading.Thread(target=read, daemon=True).start()
    assert started.wait(_START_SECONDS), "the S3 server did not start"
    assert server.port, "\n".join(server.lines)
    return server
