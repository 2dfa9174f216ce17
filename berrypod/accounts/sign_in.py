"""Signing in: the password, the second factor if there is one, and a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from berrypod.accounts.admins import AdminRecord, Admins, normal_email
from berrypod.accounts.devices import Devices
from berrypod.accounts.principals import AdminPrincipal
from berrypod.accounts.sessions import Sessions
from berrypod.accounts.throttle import ACCOUNT, DEVICE, SECOND_FACTOR, Bucket, Throttle
from berrypod.accounts.totp import Totp
from berrypod.errors import AccessError, Invalid
from berrypod.settings import Secret

# Nobody's address is longer; a megabyte of it need not be hashed to know that.
_LONGEST_EMAIL: Final = 320


class SignInRefused(AccessError):
    code = "sign_in_refused"
    status = 401
    title = "The e-mail address or the password is wrong"
    default_hint = "Look at both and try again; mind Caps Lock and the language of the keyboard."


class CodeRefused(SignInRefused):
    code = "code_refused"
    title = "That code is not right"
    default_hint = "Each code is good once and for about a minute. Wait for the next one, or use a recovery code."


@dataclass(frozen=True)
class Visitor:
    """Where an attempt comes from. `device` is the device cookie, as it was sent."""

    address: str
    user_agent: str = ""
    device: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """`token` goes into the session cookie, `device` into the device cookie."""

    admin: AdminRecord
    token: Secret
    device: str


@dataclass(frozen=True)
class CodeNeeded:
    """The password was right; a code is asked next. `stamp` voids this when the password changes meanwhile."""

    admin_id: int
    stamp: str


class SignIn:
    """The two steps, with their limits."""

    def __init__(self, admins: Admins, totp: Totp, sessions: Sessions, throttle: Throttle, devices: Devices) -> None:
        self._admins = admins
        self._totp = totp
        self._sessions = sessions
        self._throttle = throttle
        self._devices = devices

    async def with_password(self, email: str, password: str, visitor: Visitor) -> SignedIn | CodeNeeded:
        """The first step.

        :raises SignInRefused: unknown address, wrong password or disabled account: the answer does not tell which.
        :raises Throttled: too many attempts; the password was not looked at.
        """
        address = normal_email(email[:_LONGEST_EMAIL])
        buckets = self._buckets(address, visitor, Bucket(ACCOUNT, address))
        await self._throttle.charge(*buckets)
        admin = await self._admins.verify(address, password)
        if admin is None:
            raise SignInRefused
        await self._throttle.succeeded(*buckets)
        if admin.totp:
            return CodeNeeded(admin.id, admin.stamp)
        return await self._finish(admin, admin.stamp, visitor)

    async def with_code(self, first: CodeNeeded, code: str, visitor: Visitor) -> SignedIn:
        """The second step: a code of the authenticator, or a recovery code.

        :raises CodeRefused: wrong, or used before.
        :raises Throttled: too many attempts; the code was not looked at.
        :raises Unauthenticated: the password was changed or the account disabled since the first step.
        :raises NotFound: the account is gone.
        """
        admin = await self._admins.get(first.admin_id)
        buckets = self._buckets(admin.email, visitor, Bucket(SECOND_FACTOR, str(admin.id)))
        await self._throttle.charge(*buckets)
        if not await self._totp.verify(admin.id, code):
            raise CodeRefused
        await self._throttle.succeeded(*buckets)
        return await self._finish(admin, first.stamp, visitor)

    async def newcomer(self, admin: AdminRecord, visitor: Visitor) -> SignedIn:
        """Sign in an admin who has been made this moment, with a password that was just typed."""
        return await self._finish(admin, admin.stamp, visitor)

    async def confirm_password(self, principal: AdminPrincipal, password: str, *, field: str = "password") -> None:
        """Ask a signed-in admin for the password once more.

        :raises Invalid: it is wrong.
        :raises Throttled: too many attempts in this session.
        """
        bucket = Bucket(DEVICE, f"session {principal.session_id}")
        await self._throttle.charge(bucket)
        if not await self._admins.confirm_password(principal.admin_id, password):
            raise Invalid("The password is wrong", fields={field: "This is not your password."})
        await self._throttle.succeeded(bucket)

    async def lift_limits(self, admin: AdminRecord) -> None:
        """Forget what was tried at this account: whoever runs the server has just helped its owner."""
        await self._throttle.succeeded(Bucket(ACCOUNT, admin.email), Bucket(SECOND_FACTOR, str(admin.id)))

    def _buckets(self, email: str, visitor: Visitor, shared: Bucket) -> tuple[Bucket, ...]:
        device = self._devices.recognise(visitor.device, email)
        if device is not None:
            return (Bucket(DEVICE, device),)
        return (Bucket.of_address(visitor.address), shared)

    async def _finish(self, admin: AdminRecord, stamp: str, visitor: Visitor) -> SignedIn:
        token = await self._sessions.start(
            admin.id, stamp=stamp, address=visitor.address, user_agent=visitor.user_agent
        )
        return SignedIn(admin, token, self._devices.issue(admin.email))
