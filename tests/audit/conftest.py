"""An audit log of a shop's own, with a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from berrypod.audit import AuditLog
from tests.plugins.conftest import host
from tests.storage.conftest import small_disk

__all__ = ["host", "small_disk"]  # fixtures

NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Moves when it is told to."""

    now: datetime = field(default=NOON)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What must come about is waited for as long as it takes: a busy machine may stand still for some seconds."""
    for waits in (AuditLog.flush, AuditLog.close, AuditLog.settle, AuditLog.record):
        monkeypatch.setattr(waits, "__defaults__", (60.0,))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The path of a shop's file. Nobody looks into it here."""
    path = tmp_path / "shop.db"
    path.touch()
    return path


@pytest.fixture
def log(shop: Path, clock: Clock) -> AuditLog:
    return AuditLog(shop, clock=clock)


@pytest.fixture
def lines(log: AuditLog) -> Callable[[], list[dict[str, Any]]]:
    """What is in the file."""

    def read() -> list[dict[str, Any]]:
        assert log.flush()
        return [json.loads(line) for line in log.path.read_bytes().splitlines()] if log.path.exists() else []

    return read
