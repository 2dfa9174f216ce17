"""Guessing made slow, without giving a stranger the means to lock an admin out.

Every attempt is charged before the password is looked at, and refunded when it was right: a hundred requests at once
are a hundred attempts. Who is charged:

- a browser in which this admin has signed in before (it has a device cookie) is charged alone. What strangers try
  elsewhere, under the admin's address or from the same network, does not touch it;
- everybody else is charged per address, growing to a quarter of an hour, and per account, growing to one minute. The
  account's limit holds back an attack from many addresses. It stays short because strangers share it: an admin with a
  new browser waits, but not for long;
- second factors, which are only asked after the right password, have a stricter limit of their own: six digits are few.

The counts are in the shop's file, so that all processes share them and a restart forgets nothing. Their names are made
with SECRET_KEY_BASE: after a change of that they begin anew, which gives a guesser a few more attempts, once.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlcipher3 import dbapi2

from berrypod.accounts.clock import from_nullable_column
from berrypod.clock import Clock, utc_now
from berrypod.errors import Throttled
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.storage.fields import derive_subkey
from berrypod.storage.models import LoginAttempts

_IPV6_NETWORK_BITS: Final = 64
_KEEP: Final = timedelta(days=1)
_LARGEST_EXPONENT: Final = 30


@dataclass(frozen=True, kw_only=True)
class Policy:
    """After `free` failures the wait is `first_seconds`, and doubles with each further one up to `longest_seconds`.

    Without an attempt for `forget` the count begins anew. A success sets it to nothing if `cleared`; otherwise it
    takes back its own charge alone.
    """

    kind: str
    free: int
    first_seconds: float
    longest_seconds: float
    forget: timedelta
    cleared: bool = True

    def wait(self, failures: int) -> timedelta:
        """How long nothing is looked at after so many failures in a row."""
        beyond = failures - self.free
        if beyond < 0:
            return timedelta(0)
        return timedelta(seconds=min(self.longest_seconds, self.first_seconds * 2.0 ** min(beyond, _LARGEST_EXPONENT)))


_HOUR: Final = timedelta(hours=1)

DEVICE: Final = Policy(kind="device", free=5, first_seconds=2, longest_seconds=900, forget=_HOUR)
ACCOUNT: Final = Policy(kind="account", free=10, first_seconds=1, longest_seconds=60, forget=_HOUR)
SECOND_FACTOR: Final = Policy(kind="second factor", free=5, first_seconds=4, longest_seconds=900, forget=_KEEP)
# Whoever is signed in and enters the key that opens the shop's file, to show that it is kept elsewhere.
DATABASE_KEY: Final = Policy(kind="database key", free=5, first_seconds=4, longest_seconds=900, forget=_KEEP)
# Not cleared by a success: whoever has an account of his own could otherwise guess at another's for ever in between.
ADDRESS: Final = Policy(kind="address", free=5, first_seconds=2, longest_seconds=900, forget=_HOUR, cleared=False)


@dataclass(frozen=True)
class Bucket:
    """What is counted together: `name` is an address, an account's e-mail address, a device."""

    policy: Policy
    name: str

    @classmethod
    def of_address(cls, address: str) -> Bucket:
        return cls(ADDRESS, _network(address))


class Throttle:
    """The counts of failed attempts."""

    def __init__(self, database: Database, settings: Settings, clock: Clock = utc_now) -> None:
        self._database = database
        self._key = derive_subkey(settings.secret_key_base, "login throttle")
        self._clock = clock

    async def charge(self, *buckets: Bucket) -> None:
        """Count an attempt as failed in each bucket, before it is looked at.

        :raises Throttled: one of them is closed. Nothing is counted then: waiting is enough to get in again.
        """
        keys = {self._name(bucket): bucket.policy for bucket in buckets}
        # A flood of refused attempts costs reads alone, and never the writer's turn.
        await self._refuse_if_closed(tuple(keys))
        now = self._clock()
        async with self._database.write() as session:
            rows = await _rows(session, keys)
            _refuse_until(max((row.blocked_until for row in rows.values()), default=None), now)
            for key, policy in keys.items():
                row = rows.get(key)
                before = row.failures if row is not None and now - row.last_at <= policy.forget else 0
                await _store(session, key, policy, before + 1, now)
            await session.execute(delete(LoginAttempts).where(LoginAttempts.last_at < now - _KEEP))

    async def succeeded(self, *buckets: Bucket) -> None:
        """Take the charge of a right attempt back."""
        keys = {self._name(bucket): bucket.policy for bucket in buckets}
        now = self._clock()
        async with self._database.write() as session:
            for key, row in (await _rows(session, keys)).items():
                policy = keys[key]
                failures = 0 if policy.cleared else row.failures - 1
                if failures <= 0:
                    await session.execute(delete(LoginAttempts).where(LoginAttempts.key == key))
                else:
                    await _store(session, key, policy, failures, now)

    async def _refuse_if_closed(self, keys: tuple[str, ...]) -> None:
        marks = ", ".join("?" * len(keys))
        query = f"SELECT max(blocked_until) FROM login_attempts WHERE key IN ({marks})"  # noqa: S608 - question marks

        def job(connection: dbapi2.Connection) -> str | None:
            return connection.execute(query, keys).fetchone()[0]

        _refuse_until(from_nullable_column(await self._database.fetch(job)), self._clock())

    def _name(self, bucket: Bucket) -> str:
        text = f"{bucket.policy.kind}:{bucket.name}"
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _refuse_until(until: datetime | None, now: datetime) -> None:
    if until is not None and until > now:
        seconds = math.ceil((until - now).total_seconds())
        raise Throttled("Too many attempts to sign in", retry_after=max(1, seconds))


async def _rows(session: AsyncSession, keys: Iterable[str]) -> dict[str, LoginAttempts]:
    found = await session.scalars(select(LoginAttempts).where(LoginAttempts.key.in_(tuple(keys))))
    return {row.key: row for row in found}


async def _store(session: AsyncSession, key: str, policy: Policy, failures: int, now: datetime) -> None:
    values = {"failures": failures, "last_at": now, "blocked_until": now + policy.wait(failures)}
    statement = insert(LoginAttempts).values(key=key, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def _network(address: str) -> str:
    """An IPv6 customer has a whole /64 to choose addresses from: it counts as one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
    return str(parsed)
