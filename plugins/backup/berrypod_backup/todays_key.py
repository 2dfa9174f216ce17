"""Which key the shop has now, by its fingerprint: does it open what was kept?"""

from __future__ import annotations

import asyncio

from berrypod.settings import Secret
from berrypod.storage.database import Database
from berrypod.storage.keys import passphrase_fingerprint


class TodaysKey:
    """Derived once per key: it takes 90 ms."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: tuple[Secret, str] | None = None

    async def fingerprint(self) -> str | None:
        """Eight hex digits; None for a shop that is not encrypted."""
        passphrase = self._database.settings.secret_key_db
        if passphrase is None:
            return None
        if self._known is None or self._known[0] is not passphrase:
            self._known = (passphrase, await asyncio.to_thread(passphrase_fingerprint, passphrase))
        return self._known[1]
