"""The first run: as long as there is no admin, a link that is printed at start makes one.

The link's token is random, and the file holds only its hash, so that every worker knows it and nobody can read it
there. Each start adds a token; a few older ones stay good, for whoever still has the link of an earlier start open. All
of them end with the first admin.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.accounts.admins import AdminRecord, Admins, count_admins
from berrypod.clock import Clock, utc_now
from berrypod.errors import Forbidden
from berrypod.storage.database import Database
from berrypod.storage.models import Setting

SETTING: Final = "accounts.setup_token_hashes"
PATH: Final = "/admin/setup"

_TOKEN_BYTES: Final = 32
_KEPT: Final = 5


class SetupClosed(Forbidden):
    code = "setup_closed"
    title = "This set-up link is not good"
    default_hint = "Use the link that the server printed when it was last started, or run `berrypod admin create`."


class Setup:
    """The way to the first admin."""

    def __init__(self, database: Database, admins: Admins, clock: Clock = utc_now) -> None:
        self._database = database
        self._admins = admins
        self._clock = clock

    async def needed(self) -> bool:
        """True while there is no admin."""
        return not await self._admins.any()

    async def link(self, origin: str = "") -> str | None:
        """The link that makes the first admin, with a new token; None if there is an admin.

        Call it once per start of the server, before the workers. The link is a secret until it is used.

        :param origin: where the shop answers, e.g. `http://127.0.0.1:8000`.
        """
        if not await self.needed():
            return None
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        async with self._database.write() as session:
            await self._store(session, [_hashed(token), *await _hashes(session)][:_KEPT])
        return f"{origin}{PATH}?token={token}"

    async def good(self, token: str) -> bool:
        """Whether this token may make the first admin."""
        async with self._database.read() as session:
            return await _is_good(session, token)

    async def complete(self, token: str, *, email: str, password: str, name: str = "") -> AdminRecord:
        """Make the first admin. Of two at the same moment one wins.

        :raises SetupClosed: the token is not good, or there is an admin by now.
        :raises Invalid: the address, the name or the password cannot be accepted.
        """
        if not await self.good(token):  # before a stranger can have passwords hashed
            raise SetupClosed
        admin = await self._admins.prepare(email=email, password=password, name=name)
        async with self._database.write() as session:
            if not await _is_good(session, token):
                raise SetupClosed
            session.add(admin)
            await session.execute(delete(Setting).where(Setting.key == SETTING))
        return await self._admins.get(admin.id)

    async def _store(self, session: AsyncSession, hashes: list[str]) -> None:
        values: dict[str, Any] = {"value": hashes, "updated_at": self._clock()}
        statement = insert(Setting).values(key=SETTING, **values)
        await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


async def _is_good(session: AsyncSession, token: str) -> bool:
    if await count_admins(session):
        return False
    wanted = _hashed(token)
    return any(hmac.compare_digest(wanted, known) for known in await _hashes(session))


async def _hashes(session: AsyncSession) -> list[str]:
    return (await session.execute(select(Setting.value).where(Setting.key == SETTING))).scalar_one_or_none() or []


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
