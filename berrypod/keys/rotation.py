"""Another key for the shop's file, while the shop sells.

rotation = KeyRotation(parts.database, parts.maintenance, parts.settings, emit=parts.plugins.emit)
rotated = await rotation.rotate(new_key, by="cli")         # or `begin`, and look at `status` now and then
await rotation.confirm(by="cli")                           # with SECRET_KEY_DB set to the new key
"""

from __future__ import annotations

from collections.abc import Callable

from berrypod.events import Event
from berrypod.keys.rotation_records import KeyStatus, Rotated, Rotation, Stage
from berrypod.maintenance import Maintenance
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database


class KeyRotation:
    """One per app. `settings` are those of the process: their key is what the admin has set."""

    def __init__(
        self, database: Database, maintenance: Maintenance, settings: Settings, *, emit: Callable[[Event], None]
    ) -> None: ...

    async def status(self) -> KeyStatus:
        """Which key opens the shop, and what is under way. Whether or not the database is open."""
        raise NotImplementedError

    async def begin(self, new: Secret, *, by: str) -> None:
        """As `rotate`, in a task of its own: returns when what can be refused at once was not refused."""
        raise NotImplementedError

    async def rotate(self, new: Secret, *, by: str, progress: Callable[[Stage, float], None] | None = None) -> Rotated:
        """Put the shop under the key `new`. Customers notice next to nothing. Takes about a second for 50 MB.

        :raises NewKeyUnfit: it is too short, or the present one.
        :raises NoKey: the shop is not encrypted.
        :raises RotationRunning: one is under way, in whatever process.
        :raises RotationUnconfirmed: the last one was not confirmed.
        :raises DiskFull: there is no room for a second file.
        :raises StorageError: it could not be done; the shop goes on with the key that it had.
        """
        raise NotImplementedError

    async def confirm(self, *, by: str, remove_former: bool = False) -> Rotation:
        """Forget the former key: the process's own SECRET_KEY_DB is the new one, so the admin has it.

        :param remove_former: remove the file under the former key, too.
        :raises NothingToConfirm: there was no rotation, or it is confirmed.
        :raises NewKeyNotSet: the process was started with another key than the new one.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Give up what is under way; the shop keeps its key."""
        raise NotImplementedError
