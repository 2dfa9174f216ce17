"""The second factor: codes of an authenticator app, and the recovery codes for when it is gone."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.accounts import recovery
from berrypod.clock import Clock, utc_now
from berrypod.errors import Conflict, Invalid, NotFound
from berrypod.settings import Secret
from berrypod.storage.database import Database
from berrypod.storage.models import Admin

STEP_SECONDS: Final = 30
# Clocks differ, and people type slowly: the step before and the step after count as well.
_DRIFT_STEPS: Final = 1
_DIGITS: Final = 6


@dataclass(frozen=True)
class TotpSetup:
    """What the authenticator app needs: the secret to type, or the address in a QR code. Not in force yet."""

    secret: Secret
    uri: Secret


@dataclass(frozen=True)
class TotpStatus:
    """`recovery_codes_left` are those not used yet; None for both while no authenticator is in force."""

    confirmed_at: datetime | None
    recovery_codes_left: int

    @property
    def enabled(self) -> bool:
        return self.confirmed_at is not None


class Totp:
    """Authenticators of admins. Callers ask for the password before they begin, disable or renew anything."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def status(self, admin_id: int) -> TotpStatus:
        """:raises NotFound: there is no such admin."""
        async with self._database.read() as session:
            columns = select(Admin.totp_confirmed_at, Admin.recovery_codes)
            row = (await session.execute(columns.where(Admin.id == admin_id))).one_or_none()
        if row is None:
            raise NotFound("There is no such admin")
        return TotpStatus(row.totp_confirmed_at, len(row.recovery_codes) if row.totp_confirmed_at else 0)

    async def begin(self, admin_id: int) -> None:
        """Make a secret, to be confirmed with a code before it counts.

        :raises Conflict: an authenticator is in force.
        """
        async with self._database.write() as session:
            await _require_not_in_force(session, admin_id)
            secret = random_base32()
            await session.execute(
                update(Admin).where(Admin.id == admin_id).values(totp_secret=secret, totp_last_step=None)
            )

    async def pending(self, admin_id: int, *, issuer: str = "Berrypod") -> TotpSetup | None:
        """The set-up that waits for its first code, or None.

        :param issuer: how the authenticator app names the shop.
        """
        async with self._database.read() as session:
            columns = select(Admin.email, Admin.totp_secret).where(
                Admin.id == admin_id, Admin.totp_confirmed_at.is_(None), Admin.totp_secret.is_not(None)
            )
            row = (await session.execute(columns)).one_or_none()
        if row is None:
            return None
        uri = TOTP(row.totp_secret).provisioning_uri(name=row.email, issuer_name=issuer.replace(":", " "))
        return TotpSetup(Secret(row.totp_secret), Secret(uri))

    async def cancel(self, admin_id: int) -> None:
        """Forget a set-up that was not confirmed."""
        async with self._database.write() as session:
            waiting = (Admin.id == admin_id, Admin.totp_confirmed_at.is_(None))
            await session.execute(update(Admin).where(*waiting).values(totp_secret=None))

    async def confirm(self, admin_id: int, code: str) -> tuple[str, ...]:
        """Put the authenticator in force with a first code, and return the recovery codes: they are told only here.

        :raises Invalid: the code is not the one that the app shows now.
        :raises Conflict: there is nothing to confirm.
        """
        async with self._database.write() as session:
            await _require_not_in_force(session, admin_id)
            step = await self._accept(session, admin_id, code)
            if step is None:
                raise Invalid("That code is not right", fields={"code": _WRONG_CODE})
            codes = recovery.new_codes()
            await session.execute(
                update(Admin)
                .where(Admin.id == admin_id)
                .values(totp_confirmed_at=self._clock(), recovery_codes=[recovery.hashed(code) for code in codes])
            )
        return codes

    async def verify(self, admin_id: int, entered: str) -> bool:
        """Accept a code of the authenticator or a recovery code. Each is good once, in whichever process it arrives."""
        async with self._database.write() as session:
            if recovery.looks_like_one(entered):
                return await _use_recovery_code(session, admin_id, entered)
            return await self._accept(session, admin_id, entered) is not None

    async def renew_recovery_codes(self, admin_id: int) -> tuple[str, ...]:
        """New codes, told only here; the former ones are void.

        :raises Conflict: no authenticator is in force.
        """
        codes = recovery.new_codes()
        async with self._database.write() as session:
            confirmed = select(Admin.totp_confirmed_at).where(Admin.id == admin_id)
            if (await session.execute(confirmed)).scalar_one_or_none() is None:
                raise Conflict("There is no authenticator yet", hint="Set one up first.")
            await _store_codes(session, admin_id, (recovery.hashed(code) for code in codes))
        return codes

    async def disable(self, admin_id: int) -> None:
        """Sign in with the password alone from now on."""
        async with self._database.write() as session:
            await session.execute(
                update(Admin)
                .where(Admin.id == admin_id)
                .values(totp_secret=None, totp_confirmed_at=None, totp_last_step=None, recovery_codes=[])
            )

    async def _accept(self, session: AsyncSession, admin_id: int, code: str) -> int | None:
        """The time step of a right code, noted as used, or None. The write transaction lets nobody in between."""
        columns = select(Admin.totp_secret, Admin.totp_last_step).where(Admin.id == admin_id)
        row = (await session.execute(columns)).one_or_none()
        if row is None or row.totp_secret is None:
            return None
        step = self._matching_step(row.totp_secret, _digits(code), after=row.totp_last_step)
        if step is not None:
            await session.execute(update(Admin).where(Admin.id == admin_id).values(totp_last_step=step))
        return step

    def _matching_step(self, secret: str, code: str, *, after: int | None) -> int | None:
        generator = TOTP(secret)
        now = int(self._clock().timestamp()) // STEP_SECONDS
        for step in range(now - _DRIFT_STEPS, now + _DRIFT_STEPS + 1):
            right = hmac.compare_digest(generator.generate_otp(step), code)
            if right and (after is None or step > after):
                return step
        return None


_WRONG_CODE: Final = "Enter the code that the app shows now. If it is right, check the clock of the phone."


def _digits(code: str) -> str:
    """The six digits, however they were grouped; anything else matches nothing."""
    digits = "".join(code.split())
    return digits if len(digits) == _DIGITS and digits.isascii() and digits.isdecimal() else ""


async def _require_not_in_force(session: AsyncSession, admin_id: int) -> None:
    confirmed = select(Admin.totp_confirmed_at).where(Admin.id == admin_id)
    if (await session.execute(confirmed)).scalar_one_or_none() is not None:
        raise Conflict("An authenticator is in force already", hint="Disable it first, then set up another one.")


async def _use_recovery_code(session: AsyncSession, admin_id: int, entered: str) -> bool:
    columns = select(Admin.recovery_codes).where(Admin.id == admin_id, Admin.totp_confirmed_at.is_not(None))
    stored = (await session.execute(columns)).scalar_one_or_none() or []
    wanted = recovery.hashed(entered)
    left = [code for code in stored if not hmac.compare_digest(code, wanted)]
    if len(left) == len(stored):
        return False
    await _store_codes(session, admin_id, left)
    return True


async def _store_codes(session: AsyncSession, admin_id: int, hashes: Iterable[str]) -> None:
    await session.execute(update(Admin).where(Admin.id == admin_id).values(recovery_codes=list(hashes)))
