"""Accounts with a clock that stands still and a hasher that costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import argon2
import pytest

from berrypod.accounts import Accounts
from berrypod.accounts.admins import AdminRecord
from berrypod.settings import Settings
from berrypod.storage.database import Database

EMAIL = "ana@example.com"
PASSWORD = "three berries in a bowl"


@dataclass
class Clock:
    """Moves when it is told to."""

    now: datetime = field(default_factory=lambda: datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def cheap_hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(database: Database, settings: Settings, clock: Clock) -> Accounts:
    return Accounts(database, settings, clock=clock, hasher=cheap_hasher())


@pytest.fixture
async def admin(accounts: Accounts) -> AdminRecord:
    return await accounts.admins.create(email=EMAIL, name="Ana", password=PASSWORD)


@pytest.fixture
async def elsewhere(settings: Settings, clock: Clock) -> AsyncIterator[Accounts]:
    """The same shop as another worker has it: a database and caches of its own."""
    database = Database(settings)
    await database.open()
    yield Accounts(database, settings, clock=clock, hasher=cheap_hasher())
    await database.close()
