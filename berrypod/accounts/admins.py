"""Admins: made, listed, disabled; their passwords checked and changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, Row, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.accounts.passwords import Passwords, require_good_password
from berrypod.clock import Clock, utc_now
from berrypod.errors import Conflict, Invalid, NotFound
from berrypod.storage.database import Database
from berrypod.storage.models import Admin, AdminSession

_LONGEST_NAME: Final = 100

# Not the whole row: reading the authenticator's secret decrypts it, and an admin must get in (with a recovery code)
# or be helped (`berrypod admin disable-totp`) also when SECRET_KEY_BASE is no longer the one that it was stored with.
_COLUMNS: Final = (
    Admin.id,
    Admin.email,
    Admin.name,
    Admin.password_hash,
    Admin.totp_confirmed_at,
    Admin.disabled_at,
    Admin.created_at,
    Admin.last_login_at,
)
_Columns: TypeAlias = Row[int, str, str, str, datetime | None, datetime | None, datetime, datetime | None]


@dataclass(frozen=True, kw_only=True)
class AdminRecord:
    """`stamp` changes with the password: what was begun with an earlier password does not get finished."""

    id: int
    email: str
    name: str
    totp: bool
    disabled: bool
    created_at: datetime
    last_login_at: datetime | None
    stamp: str = field(repr=False)


class Admins:
    """The admins of the shop."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock = utc_now) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    async def any(self) -> bool:
        """False for a new shop, which nobody looks after yet."""
        query = "SELECT EXISTS (SELECT 1 FROM admins)"
        return await self._database.fetch(lambda connection: bool(connection.execute(query).fetchone()[0]))

    async def list(self) -> tuple[AdminRecord, ...]:
        async with self._database.read() as session:
            rows = (await session.execute(select(*_COLUMNS).order_by(Admin.email))).all()
        return tuple(_record(row) for row in rows)

    async def get(self, admin_id: int) -> AdminRecord:
        """:raises NotFound: there is no such admin."""
        return _record(await self._row(Admin.id == admin_id))

    async def by_email(self, email: str) -> AdminRecord:
        """:raises NotFound: there is no such admin."""
        return _record(await self._row(Admin.email == normal_email(email), email))

    async def create(self, *, email: str, password: str, name: str = "") -> AdminRecord:
        """Add an admin.

        :raises Invalid: the address, the name or the password cannot be accepted.
        :raises Conflict: there is an admin with this address.
        """
        admin = await self.prepare(email=email, password=password, name=name)
        try:
            async with self._database.write() as session:
                session.add(admin)
        except IntegrityError as error:
            raise Conflict(
                f"There is an admin with the address {admin.email}",
                hint="Use another address, or change the password of the admin that exists.",
            ) from error
        return await self.get(admin.id)

    async def prepare(self, *, email: str, password: str, name: str = "") -> Admin:
        """A row for an admin, checked and with the password hashed, to be added in the caller's transaction.

        :raises Invalid: the address, the name or the password cannot be accepted.
        """
        address = _require_email(email)
        if len(name.strip()) > _LONGEST_NAME:
            raise Invalid("The name is too long", fields={"name": f"At most {_LONGEST_NAME} characters, please."})
        require_good_password(password, email=address)
        return Admin(
            email=address, name=name.strip(), password_hash=await self._passwords.hash(password), recovery_codes=[]
        )

    async def verify(self, email: str, password: str) -> AdminRecord | None:
        """The admin, if the password is right and the account is not disabled.

        An unknown address, a wrong password and a disabled account get the same answer after the same work.
        """
        return await self._verify(Admin.email == normal_email(email), password)

    async def confirm_password(self, admin_id: int, password: str) -> bool:
        """Whether a signed-in admin knows the password, before something that cannot be taken back."""
        return await self._verify(Admin.id == admin_id, password) is not None

    async def change_password(self, admin_id: int, new: str, *, keep_session: int | None = None) -> None:
        """Set another password and end all sessions but `keep_session`: whoever knew the old one is out.

        :raises Invalid: the new one is too easy to guess.
        :raises NotFound: there is no such admin.
        """
        email = (await self.get(admin_id)).email
        require_good_password(new, email=email, field="new_password")
        password_hash = await self._passwords.hash(new)
        async with self._database.write() as session:
            await session.execute(update(Admin).where(Admin.id == admin_id).values(password_hash=password_hash))
            await _end_sessions(session, admin_id, keep=keep_session)

    async def disable(self, admin_id: int) -> None:
        """Let the admin in no more, and end the sessions at once.

        :raises Conflict: this is the last one who can sign in.
        """
        async with self._database.write() as session:
            others = exists().where(Admin.id != admin_id, Admin.disabled_at.is_(None))
            if not (await session.execute(select(others))).scalar_one():
                raise Conflict(
                    "This is the last admin who can sign in",
                    hint="Create another one first: `berrypod admin create`.",
                )
            await session.execute(update(Admin).where(Admin.id == admin_id).values(disabled_at=self._clock()))
            await _end_sessions(session, admin_id)

    async def enable(self, admin_id: int) -> None:
        """Let a disabled admin in again."""
        async with self._database.write() as session:
            await session.execute(update(Admin).where(Admin.id == admin_id).values(disabled_at=None))

    async def _verify(self, whose: ColumnElement[bool], password: str) -> AdminRecord | None:
        async with self._database.read() as session:
            row = (await session.execute(select(*_COLUMNS).where(whose))).one_or_none()
        verdict = await self._passwords.verify(row.password_hash if row else None, password)
        if row is None or not verdict.correct or row.disabled_at is not None:
            return None
        if verdict.rehashed is None:
            return _record(row)
        async with self._database.write() as session:
            unchanged = (Admin.id == row.id, Admin.password_hash == row.password_hash)
            await session.execute(update(Admin).where(*unchanged).values(password_hash=verdict.rehashed))
        return await self.get(row.id)

    async def _row(self, whose: ColumnElement[bool], email: str | None = None) -> _Columns:
        async with self._database.read() as session:
            row = (await session.execute(select(*_COLUMNS).where(whose))).one_or_none()
        if row is None:
            raise NotFound(
                f"There is no admin with the address {email}" if email else "There is no such admin",
                hint="`berrypod admin list` shows all of them.",
            )
        return row


def normal_email(email: str) -> str:
    """An address as it is stored and compared. Text that no file can hold is replaced by what no address contains."""
    return email.strip().lower().encode("utf-8", "replace").decode()


def _require_email(email: str) -> str:
    """An admin's address is a name to sign in with: nothing is sent there, so that it may be of a local network."""
    try:
        valid = validate_email(email.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Invalid("That is no e-mail address", fields={"email": str(error)}) from error
    return normal_email(valid.normalized)


async def count_admins(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Admin))).scalar_one()


async def _end_sessions(session: AsyncSession, admin_id: int, *, keep: int | None = None) -> None:
    ended = delete(AdminSession).where(AdminSession.admin_id == admin_id)
    await session.execute(ended if keep is None else ended.where(AdminSession.id != keep))


def _record(row: _Columns) -> AdminRecord:
    return AdminRecord(
        id=row.id,
        email=row.email,
        name=row.name,
        totp=row.totp_confirmed_at is not None,
        disabled=row.disabled_at is not None,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        stamp=stamp_of(row.password_hash),
    )


def stamp_of(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]
