"""The real server, in a process of its own."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field

from berrypod.settings import Settings

_LISTENING = re.compile(r"Listening on (http://[\d.:]+)/")
_READY = "Application startup complete"
_START_SECONDS = 60


@dataclass
class RunningServer:
    url: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    def kill(self) -> None:
        """As `kill -9`, and wait for the end. Workers of a killed parent end by themselves."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """As an orderly stop; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait(30)
        if self.reader is not None:
            self.reader.join(30)  # What it printed last is in `output`.
        return status

    @property
    def output(self) -> str:
        return "\n".join(self.lines)


def environment(settings: Settings) -> dict[str, str]:
    """The environment that gives a process these settings, and nothing of the tests' own."""
    values = {name: value for name, value in os.environ.items() if not name.startswith(("SECRET_", "BERRYPOD_"))}
    values |= {
        "DATABASE_PATH": str(settings.database_path),
        "BERRYPOD_ENV": settings.environment,
        "SECRET_KEY_BASE": settings.secret_key_base.reveal(),
        "PYTHONUNBUFFERED": "1",
    }
    if settings.secret_key_db:
        values["SECRET_KEY_DB"] = settings.secret_key_db.reveal()
    return values


def start_server(
    settings: Settings, *, workers: int = 1, env: dict[str, str] | None = None, module: str = "berrypod"
) -> RunningServer:
    """Start `berrypod serve` on a free port and wait until every worker answers.

    :param module: what is run in the place of `berrypod`.
    :raises AssertionError: it ended, or did not answer within a minute; with what it printed.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, "serve", "--port", "0", "--workers", str(workers)],
        env=environment(settings) | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = RunningServer("", process)
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            server.lines.append(line.rstrip())
            lines.put(line)
        lines.put(None)

    server.reader = threading.Thread(target=read, daemon=True)
    server.reader.start()
    ready = 0
    while not server.url or ready < workers:
        try:
            line = lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            process.kill()
            raise AssertionError(f"the server did not start:\n{server.output}")
        if found := _LISTENING.search(line):
            server.url = found[1]
        ready += _READY in line
    return server
