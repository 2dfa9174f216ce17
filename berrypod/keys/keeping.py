"""Whether the key is kept elsewhere: asked until somebody shows it, and asked again for each new key.

A box to tick would prove nothing, and so would the first letters of the key. Whoever enters the whole of it has it.
That it was shown is noted by the key's fingerprint, in the shop's settings; they come along when a backup is restored.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from berrypod.accounts.throttle import DATABASE_KEY, Bucket, Throttle
from berrypod.errors import Invalid, Throttled
from berrypod.keys.kept import KEPT_SETTING, NEXT_SETTING, Kept, kept_of
from berrypod.keys.kit import NoKey
from berrypod.settings import Secret
from berrypod.shop.settings import ShopSettings
from berrypod.storage.database import Database
from berrypod.storage.keys import passphrase_fingerprint

# Nobody's key is longer; a megabyte of something else need not be compared with it.
_LONGEST_KEY: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class KeyState:
    """`fingerprint` is None for a shop that is not encrypted; `kept` is None until the present key was shown."""

    fingerprint: str | None
    kept: Kept | None = None

    @property
    def to_be_asked(self) -> bool:
        return self.fingerprint is not None and self.kept is None


class KeyKeeping:
    """One per app."""

    def __init__(self, database: Database, settings: ShopSettings, throttle: Throttle) -> None:
        self._database = database
        self._settings = settings
        self._throttle = throttle
        self._known: tuple[Secret, str] | None = None

    async def state(self) -> KeyState:
        """What is known of the key. Free after the first time, which takes 90 ms."""
        passphrase = self._passphrase
        if passphrase is None:
            return KeyState(fingerprint=None)
        fingerprint = await self._fingerprint(passphrase)
        stored = [await self._settings.get(name) for name in (KEPT_SETTING, NEXT_SETTING)]
        return KeyState(
            fingerprint=fingerprint, kept=next(filter(None, (kept_of(one, fingerprint) for one in stored)), None)
        )

    async def confirm(self, entered: str, *, by: str, attempts_of: str | None = None) -> Kept:
        """Note that the key is kept, if what was entered is the key.

        :param by: who entered it, as events name it.
        :param attempts_of: whose attempts are counted and made slow, or None for somebody with a shell.
        :raises Invalid: it is another one. What was entered is in no error.
        :raises Throttled: too many attempts; it was not looked at.
        :raises NoKey: the shop is not encrypted.
        """
        passphrase = self._passphrase
        if passphrase is None:
            raise NoKey
        bucket = Bucket(DATABASE_KEY, attempts_of) if attempts_of is not None else None
        if bucket:
            try:
                await self._throttle.charge(bucket)
            except Throttled as error:
                raise Throttled("Too many keys were tried", retry_after=error.retry_after) from None
        fingerprint = await self._fingerprint(passphrase)
        given = entered[:_LONGEST_KEY].strip().encode("utf-8", "replace")
        if not hmac.compare_digest(given, passphrase.reveal().encode()):
            raise Invalid(
                "That is not the key of this shop",
                hint=f"The shop's key has the fingerprint {fingerprint}: the kit of another one shows another.",
                fields={"key": f"That is another key. The kit of this one shows the fingerprint {fingerprint}."},
            )
        if bucket:
            await self._throttle.succeeded(bucket)
        kept = Kept(fingerprint=fingerprint, at=datetime.now(UTC), by=by)
        await self._settings.put(KEPT_SETTING, msgspec.to_builtins(kept))
        return kept

    async def note_next(self, fingerprint: str, *, by: str) -> None:
        """Note that a key is kept which is to take the place of the present one: it was entered just now."""
        kept = Kept(fingerprint=fingerprint, at=datetime.now(UTC), by=by)
        await self._settings.put(NEXT_SETTING, msgspec.to_builtins(kept))

    @property
    def _passphrase(self) -> Secret | None:
        """The one that opens the shop's file."""
        return self._database.settings.secret_key_db

    async def _fingerprint(self, passphrase: Secret) -> str:
        if self._known is None or self._known[0] is not passphrase:
            self._known = (passphrase, await asyncio.to_thread(passphrase_fingerprint, passphrase))
        return self._known[1]
