"""Another key for the shop's file, while the shop sells.

rotation = KeyRotation(parts.database, parts.maintenance, parts.settings, emit=parts.plugins.emit)
rotated = await rotation.rotate(new_key, by="cli")         # or `begin`, and look at `status` now and then
await rotation.confirm(by="cli")                           # with SECRET_KEY_DB set to the new key
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from berrypod import errors
from berrypod.events import Event, KeyRotated, KeyRotationConfirmed, KeyRotationFailed, KeyRotationStarted
from berrypod.keys.formers import former_files, remove_former
from berrypod.keys.kit import NoKey
from berrypod.keys.rotating import Progress, Rotating
from berrypod.keys.rotation_records import (
    KeyStatus,
    NewKeyNotSet,
    NewKeyUnfit,
    NothingToConfirm,
    Rotated,
    Rotation,
    RotationUnconfirmed,
    Running,
    Stage,
)
from berrypod.keys.turn import Tell, turn, under_way
from berrypod.maintenance import Maintenance
from berrypod.records import Trouble, new_id
from berrypod.settings import MINIMUM_SECRET_BYTES, Secret, Settings, is_public
from berrypod.storage import handover
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import identify
from berrypod.storage.files import translate_os_error
from berrypod.storage.keys import DatabaseKey, passphrase_fingerprint

log = logging.getLogger("berrypod.keys")


@dataclass
class _Begun:
    """A rotation whose turn it is. `held` lets go of it."""

    running: Running
    old: Secret
    new: Secret
    held: ExitStack = field(repr=False)
    tell: Tell


class KeyRotation:
    """One per app. `settings` are those of the process: their key is what the admin has set."""

    def __init__(
        self, database: Database, maintenance: Maintenance, settings: Settings, *, emit: Callable[[Event], None]
    ) -> None:
        self._database = database
        self._maintenance = maintenance
        self._settings = settings
        self._emit = emit
        self._task: asyncio.Task[None] | None = None
        self._trouble: Trouble | None = None
        self._fingerprints: dict[str, str] = {}

    async def status(self) -> KeyStatus:
        """Which key opens the shop, and what is under way. Whether or not the database is open.

        :raises StorageError: it is not open, and nothing opens it.
        """
        return await asyncio.to_thread(self._status)

    async def begin(self, new: Secret, *, by: str) -> None:
        """As `rotate`, in a task of its own: returns when what can be refused at once was not refused."""
        begun = await asyncio.to_thread(self._take_turn, new, by)
        self._task = asyncio.create_task(self._run_alone(begun), name="berrypod: change of the key")

    async def rotate(self, new: Secret, *, by: str, progress: Progress | None = None) -> Rotated:
        """Put the shop under the key `new`. Customers notice next to nothing. Takes about a second for 50 MB.

        :raises NewKeyUnfit: it is too short, or the present one.
        :raises NoKey: the shop is not encrypted.
        :raises RotationRunning: one is under way, in whatever process.
        :raises RotationUnconfirmed: the last one was not confirmed.
        :raises DiskFull: there is no room for a second file.
        :raises StorageError: it could not be done; the shop goes on with the key that it had.
        """
        return await self._run(await asyncio.to_thread(self._take_turn, new, by), progress)

    async def confirm(self, *, by: str, remove_former: bool = False) -> Rotation:
        """Forget the former key: the process's own SECRET_KEY_DB is the new one, so the admin has it.

        :param remove_former: remove the file under the former key, too.
        :raises NothingToConfirm: there was no rotation, or it is confirmed.
        :raises NewKeyNotSet: the process was started with another key than the new one.
        """
        rotation = await asyncio.to_thread(self._confirm, remove_former)
        self._emit(
            KeyRotationConfirmed(
                rotation_id=rotation.id, fingerprint=rotation.new_fingerprint, former_removed=remove_former, actor=by
            )
        )
        return rotation

    async def close(self) -> None:
        """Give up what is under way; the shop keeps its key."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- inside ---

    def _take_turn(self, new: Secret, by: str) -> _Begun:
        old, key = self._database.settings.secret_key_db, self._database.key
        if key is None or old is None:
            raise NoKey
        _require_fit(new, old)
        now = datetime.now(UTC)
        running = Running(id=new_id(now), by=by, since=now, stage="copying", share=0.0, process=os.getpid())
        with ExitStack() as stack:
            tell = stack.enter_context(turn(self._turn_path(make=True), running))
            if handover.read_note(self._database.path) is not None:
                raise RotationUnconfirmed
            return _Begun(running, old, new, stack.pop_all(), tell)

    async def _run_alone(self, begun: _Begun) -> None:
        try:
            await self._run(begun, None)
        except errors.BerrypodError as error:
            log.error("the key could not be changed: %s %s", error.message, error.hint)

    async def _run(self, begun: _Begun, progress: Progress | None) -> Rotated:
        running = begun.running
        self._trouble = None

        def tell(stage: Stage, share: float) -> None:
            begun.tell(msgspec.structs.replace(running, stage=stage, share=share))
            if progress is not None:
                progress(stage, share)

        try:
            with begun.held:
                former, new = await asyncio.to_thread(
                    lambda: (self._fingerprint(begun.old), self._fingerprint(begun.new))
                )
                self._emit(
                    KeyRotationStarted(
                        rotation_id=running.id, fingerprint=former, new_fingerprint=new, actor=running.by
                    )
                )
                rotated = await Rotating(
                    database=self._database,
                    maintenance=self._maintenance,
                    old=begun.old,
                    new=begun.new,
                    fingerprints=(former, new),
                    id=running.id,
                    at=running.since,
                    by=running.by,
                    progress=tell,
                ).run()
        except (errors.BerrypodError, OSError) as error:
            told = translate_os_error(error, self._database.path.parent) if isinstance(error, OSError) else error
            if not isinstance(told, errors.BerrypodError):
                told = errors.StorageError(f"The key could not be changed ({error})")
            self._trouble = Trouble.of(told)
            self._emit(
                KeyRotationFailed(rotation_id=running.id, code=told.code, message=told.message, actor=running.by)
            )
            raise told from error
        self._emit(
            KeyRotated(
                rotation_id=running.id,
                former_fingerprint=former,
                fingerprint=new,
                closed_seconds=rotated.closed_seconds,
                actor=running.by,
            )
        )
        return rotated

    def _status(self) -> KeyStatus:
        path, own = self._database.path, self._settings.secret_key_db
        key, passphrase = self._opener()
        note = handover.read_note(path)
        if key is None or (note is not None and note.former_salt == key.salt.hex()):
            note = None  # it came to nothing
        opener = self._fingerprint(passphrase) if key is not None and passphrase is not None else None
        return KeyStatus(
            fingerprint=opener,
            own_fingerprint=self._fingerprint(own) if own is not None else None,
            restart_needed=opener is not None and own is not None and opener != self._fingerprint(own),
            unconfirmed=self._rotation(note) if note is not None else None,
            running=under_way(self._turn_path()),
            trouble=self._trouble,
            former_files=former_files(path),
        )

    def _opener(self) -> tuple[DatabaseKey | None, Secret | None]:
        """What opens the file."""
        database, own = self._database, self._settings.secret_key_db
        if database.is_open:
            return database.key, database.settings.secret_key_db
        key = identify(database.path, own)
        return key, handover.current(database.path, own, key)

    def _confirm(self, remove: bool) -> Rotation:
        path, own = self._database.path, self._settings.secret_key_db
        key, _ = self._opener()
        note = handover.read_note(path)
        if note is None or key is None or own is None or note.former_salt == key.salt.hex():
            raise NothingToConfirm
        if DatabaseKey.derive(own, key.salt) != key:
            raise NewKeyNotSet(f"SECRET_KEY_DB is not the key {note.new_fingerprint} here")
        rotation = self._rotation(note)
        try:
            if remove:
                remove_former(path.parent / note.former)
            handover.remove_note(path)
        except OSError as error:
            raise translate_os_error(error, path.parent) from error
        return rotation

    def _rotation(self, note: handover.Note) -> Rotation:
        former = self._database.path.parent / note.former
        there = former.exists()
        return Rotation(
            id=note.id,
            at=note.at,
            by=note.by,
            former_fingerprint=note.former_fingerprint,
            new_fingerprint=note.new_fingerprint,
            former_file=str(former) if there else None,
            former_bytes=former.stat().st_size if there else 0,
        )

    def _fingerprint(self, passphrase: Secret) -> str:
        value = passphrase.reveal()
        if value not in self._fingerprints:
            self._fingerprints[value] = passphrase_fingerprint(passphrase)
        return self._fingerprints[value]

    def _turn_path(self, *, make: bool = False) -> Path:
        if make:
            return self._database.work_folder("keys") / "turn"
        path = self._database.path
        return path.with_name(path.name + "-work") / "keys" / "turn"


def _require_fit(new: Secret, old: Secret) -> None:
    """:raises NewKeyUnfit: as it says."""
    text = new.reveal()
    if len(new) < MINIMUM_SECRET_BYTES:
        raise NewKeyUnfit(f"The new key has {len(new)} bytes; at least {MINIMUM_SECRET_BYTES} are needed")
    if text != text.strip() or not text.isprintable():
        raise NewKeyUnfit("The new key has white space around it, or characters that cannot be printed")
    if is_public(new):
        raise NewKeyUnfit("The new key is the public key of development")
    if text == old.reveal():
        raise NewKeyUnfit("The new key is the one that the shop has")
