"""Sessions: an admin's sign-in in one browser. The cookie holds a random token; the file holds its hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlcipher3 import dbapi2

from berrypod.accounts.admins import stamp_of
from berrypod.accounts.caching import VersionedCache
from berrypod.accounts.clock import from_column
from berrypod.accounts.principals import AdminPrincipal
from berrypod.clock import Clock, utc_now
from berrypod.errors import NotFound, StorageError, Unauthenticated
from berrypod.settings import Secret
from berrypod.storage.database import Database
from berrypod.storage.models import Admin, AdminSession

IDLE: Final = timedelta(hours=12)
ABSOLUTE: Final = timedelta(days=14)
# Reading a page must not cost a write each time; the idle expiry is as exact as this.
SEEN_EVERY: Final = timedelta(minutes=5)

_TOKEN_BYTES: Final = 32
_LONGEST_TOKEN: Final = 100
_LONGEST_USER_AGENT: Final = 300

_LOOK_UP: Final = """
SELECT s.id, s.admin_id, a.email, a.name, s.last_seen_at, s.expires_at
FROM admin_sessions AS s JOIN admins AS a ON a.id = s.admin_id
WHERE s.token_hash = ? AND a.disabled_at IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """A sign-in as its owner may see it."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


@dataclass(frozen=True)
class _Known:
    principal: AdminPrincipal
    last_seen_at: datetime
    expires_at: datetime

    def alive(self, now: datetime) -> bool:
        return now < self.expires_at and now - self.last_seen_at < IDLE


class Sessions:
    """The sign-ins of all admins."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._cache: VersionedCache[_Known] = VersionedCache(database)

    async def start(self, admin_id: int, *, stamp: str, address: str, user_agent: str) -> Secret:
        """Begin a session and return its token, which is nowhere else.

        :param stamp: of the admin when the password was checked.
        :raises Unauthenticated: since then the admin was disabled, or the password changed.
        """
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._clock()
        async with self._database.write() as session:
            columns = select(Admin.password_hash).where(Admin.id == admin_id, Admin.disabled_at.is_(None))
            password_hash = (await session.execute(columns)).scalar_one_or_none()
            if password_hash is None or stamp_of(password_hash) != stamp:
                raise Unauthenticated("The password was changed meanwhile", hint="Sign in again.")
            await session.execute(delete(AdminSession).where(AdminSession.expires_at <= now))
            await session.execute(delete(AdminSession).where(AdminSession.last_seen_at <= now - IDLE))
            await session.execute(update(Admin).where(Admin.id == admin_id).values(last_login_at=now))
            session.add(
                AdminSession(
                    token_hash=_hashed(token),
                    admin_id=admin_id,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + ABSOLUTE,
                    address=address,
                    user_agent=user_agent[:_LONGEST_USER_AGENT],
                )
            )
        return Secret(token)

    async def authenticate(self, token: str, *, now: datetime | None = None) -> AdminPrincipal | None:
        """Whose session this is; None if it is no one's, has expired, was ended, or the admin is disabled."""
        if not 0 < len(token) <= _LONGEST_TOKEN:
            return None
        moment = now or self._clock()
        token_hash = _hashed(token)
        known = self._cache.get(token_hash) or await self._look_up(token_hash)
        if known is None or not known.alive(moment):
            return None
        if moment - known.last_seen_at >= SEEN_EVERY:
            await self._note_seen(known.principal.session_id, moment)
        return known.principal

    async def list(self, admin_id: int) -> tuple[SessionRecord, ...]:
        """The sessions that are still good, the last used first."""
        now = self._clock()
        async with self._database.read() as session:
            rows = await session.scalars(
                select(AdminSession)
                .where(
                    AdminSession.admin_id == admin_id,
                    AdminSession.expires_at > now,
                    AdminSession.last_seen_at > now - IDLE,
                )
                .order_by(AdminSession.last_seen_at.desc(), AdminSession.id.desc())
            )
            return tuple(_record(row) for row in rows)

    async def revoke(self, admin_id: int, session_id: int) -> None:
        """End one of this admin's sessions.

        :raises NotFound: it has ended already, or is another admin's.
        """
        own = (AdminSession.id == session_id, AdminSession.admin_id == admin_id)
        async with self._database.write() as session:
            ended = await session.execute(delete(AdminSession).where(*own).returning(AdminSession.id))
            if ended.first() is None:
                raise NotFound("That session has ended already")

    async def revoke_all(self, admin_id: int) -> int:
        """End all sessions of an admin, in every browser. Returns how many there were."""
        ended = delete(AdminSession).where(AdminSession.admin_id == admin_id).returning(AdminSession.id)
        async with self._database.write() as session:
            return len((await session.execute(ended)).all())

    async def _look_up(self, token_hash: str) -> _Known | None:
        version = self._cache.version()

        def job(connection: dbapi2.Connection) -> _Known | None:
            row = connection.execute(_LOOK_UP, (token_hash,)).fetchone()
            if row is None:
                return None
            session_id, admin_id, email, name, last_seen_at, expires_at = row
            principal = AdminPrincipal(admin_id, email, name, session_id)
            return _Known(principal, from_column(last_seen_at), from_column(expires_at))

        known = await self._database.fetch(job)
        if known is not None:
            self._cache.put(version, token_hash, known)
        return known

    async def _note_seen(self, session_id: int, now: datetime) -> None:
        """Best effort: a full disk or a busy writer is no reason to turn an admin away, least of all then."""
        unseen = (AdminSession.id == session_id, AdminSession.last_seen_at <= now - SEEN_EVERY)
        try:
            async with self._database.write() as session:
                await session.execute(update(AdminSession).where(*unseen).values(last_seen_at=now))
        except StorageError:
            return


def _hashed(token: str) -> str:
    # 256 random bits: nothing to guess, so that a fast hash is as good as a slow one.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _record(row: AdminSession) -> SessionRecord:
    return SessionRecord(
        id=row.id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        address=row.address,
        user_agent=row.user_agent,
    )
