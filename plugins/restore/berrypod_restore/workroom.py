"""What all parts of the service work with: the shop, the records, and the tasks of this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import msgspec

from berrypod.cancelling import entered, in_thread
from berrypod.context import PluginContext
from berrypod.errors import BerrypodError, SettingsError, StorageError
from berrypod.events import Event
from berrypod.records import Trouble
from berrypod.settings import Secret
from berrypod.storage.files import translate_os_error
from berrypod_restore.faults import RestoreError, RestoreUnknown
from berrypod_restore.interruptions import interrupted
from berrypod_restore.names import FORMERS_KEPT, MAX_BYTES
from berrypod_restore.pace import Pace
from berrypod_restore.records import RestoreRecord
from berrypod_restore.store import Store

log = logging.getLogger("berrypod.restore")

Change = Callable[[RestoreRecord], RestoreRecord]


class Unwanted(RestoreUnknown):
    """The restore was discarded while it was worked on, perhaps through another process."""


class Workroom:
    """One per app."""

    def __init__(self, context: PluginContext, pace: Pace) -> None:
        self.context = context
        self.pace = pace
        self.store = Store(context.work_folder, context.database.path, context.now)
        self.max_bytes = _number(context, MAX_BYTES, least=1)
        self.formers_kept = _number(context, FORMERS_KEPT, least=1)
        self.stopping = False
        self._owned = ExitStack()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def passphrase(self) -> Secret | None:
        """The shop's key."""
        return self.context.database.settings.secret_key_db

    def emit(self, event: Event) -> None:
        self.context.emit(event)

    async def record(self, restore_id: str) -> RestoreRecord:
        """:raises RestoreUnknown: there is none of this id, or no longer."""
        record = await asyncio.to_thread(self.store.get, restore_id)
        if record is None:
            raise RestoreUnknown(f"There is no restore {restore_id[:40]!r}")
        return record

    async def update(self, restore_id: str, change: Change) -> RestoreRecord:
        """:raises Unwanted: it was discarded."""
        record = await in_thread(lambda: self.store.update(restore_id, change))
        if record is None:
            raise Unwanted
        return record

    async def unavailable(self) -> StorageError | None:
        """Why the shop's database cannot be opened; None if it can, or is only being replaced."""
        database, stage = self.context.database, self.context.maintenance.stage
        if database.is_open or stage.state in ("closing", "closed"):
            return None
        if stage.state == "unavailable":
            return stage.error
        # The command line, where nobody tries again and again.
        try:
            await database.open()
        except StorageError as error:
            return error
        return None

    def require_running(self) -> None:
        """:raises RestoreError: the shop is being stopped."""
        if self.stopping:
            raise RestoreError("The shop is being stopped", hint="Try again when it runs again.")

    async def claim(self, restore_id: str) -> ExitStack:
        """Claim the restore for this process; closing what is returned ends that."""
        return await entered(self.store.claim(restore_id))

    def own(self, restore_id: str) -> None:
        """Keep what was staged at a terminal for as long as this process lives."""
        self._owned.enter_context(self.store.own(restore_id))

    def begin(self, restore_id: str, claim: ExitStack, work: Callable[[], Awaitable[None]]) -> None:
        """Work on a restore that is claimed, in a task of its own; the claim ends with it."""
        task = asyncio.create_task(self._work(restore_id, claim, work), name=f"restore {restore_id}")
        self._tasks[restore_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(restore_id, None))

    async def ended(self, restore_id: str) -> None:
        """Wait until this process does not work on it any more."""
        if task := self._tasks.get(restore_id):
            await asyncio.wait({task})

    async def pause(self, restore_id: str) -> None:
        """Before one looks again: a moment, or until this process has done its work on it."""
        if task := self._tasks.get(restore_id):
            await asyncio.wait({task}, timeout=self.pace.look_seconds)
        else:
            await asyncio.sleep(self.pace.look_seconds)

    async def cancel(self, restore_id: str) -> None:
        """End what this process does about it."""
        if task := self._tasks.get(restore_id):
            task.cancel()
            await asyncio.wait({task})

    async def stop(self) -> None:
        """Give up what is under way."""
        self.stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._owned.close()

    async def _work(self, restore_id: str, claim: ExitStack, work: Callable[[], Awaitable[None]]) -> None:
        with claim:
            try:
                await work()
            except Unwanted:
                self.store.remove_data(restore_id)
            except asyncio.CancelledError:
                self._give_up(restore_id)
                raise
            except Exception as error:  # noqa: BLE001 - the boundary of a task that nobody awaits
                await self.fail(restore_id, self.told(error, f"restore {restore_id}"))

    def told(self, error: Exception, what: str) -> BerrypodError:
        """What went wrong, in words for people. What nobody foresaw is in the log."""
        if isinstance(error, OSError):
            error = translate_os_error(error, self.context.database.path.parent)
        if isinstance(error, BerrypodError):
            return error
        log.error("%s failed", what, exc_info=error)
        return RestoreError("Something unforeseen went wrong; the server's log has the cause.")

    def _give_up(self, restore_id: str) -> None:
        """The shop is stopped, or nobody wants it. Not in a thread: it must be done before the loop ends."""
        before = self.store.get(restore_id)
        after = self.store.update(restore_id, self.store.settled)
        self.store.remove_data(restore_id)
        if before and after and (event := interrupted(before, after)):
            self.emit(event)

    async def fail(self, restore_id: str, error: BerrypodError, **more: Any) -> None:
        """Write down why it ended in vain, and remove its file."""
        now, trouble = self.context.now(), Trouble.of(error)

        def change(record: RestoreRecord) -> RestoreRecord:
            return msgspec.structs.replace(
                record, state="failed", error=trouble, finished_at=now, mark=None, former=None, **more
            )

        try:
            await in_thread(lambda: self.store.update(restore_id, change))
        except BerrypodError as second:  # a full disk, say: without a claim, others tell it as interrupted
            log.error("that restore %s failed could not be written down: %s", restore_id, second.message)
        await in_thread(lambda: self.store.remove_data(restore_id))


def _number(context: PluginContext, name: str, *, least: int) -> int:
    """:raises SettingsError: what is set is no whole number, or too small."""
    text = (context.setting(name) or "").strip()
    if not text.isascii() or not text.isdecimal() or int(text) < least:
        raise SettingsError(
            f"{name} is {text!r}, which is no whole number from {least:,}", hint="Correct it, or leave it out."
        )
    return int(text)


class Telling:
    """Writes down how far a restore is: in the background, the latest only, and not too often.

    While the gate is closed nobody waits for the disk on its account. If the restore is discarded, the task that works
    on it is cancelled.
    """

    def __init__(self, workroom: Workroom, restore_id: str) -> None:
        self._workroom = workroom
        self._restore_id = restore_id
        self._change: dict[str, Any] = {}
        self._changed = asyncio.Event()
        self._now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Telling:
        self._worker = asyncio.current_task()
        self._task = asyncio.create_task(self._run(), name=f"restore {self._restore_id}: telling")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def tell(self, stage: str, progress: float) -> bool:
        """Call it in the event loop. A new stage is told without waiting for the next turn. True for a new stage."""
        new = self._change.get("stage") != stage
        self._change = {"stage": stage, "progress": min(max(progress, 0.0), 1.0)}
        self._changed.set()
        if new:
            self._now.set()
        return new

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._now.clear()
            change = self._change
            try:
                await self._workroom.update(
                    self._restore_id, lambda record, change=change: msgspec.structs.replace(record, **change)
                )
            except Unwanted:
                assert self._worker is not None
                self._worker.cancel()
                return
            except BerrypodError as error:  # a full disk: whoever does the work finds out, too
                log.debug("progress was not written down: %s", error.message)
            try:
                async with asyncio.timeout(self._workroom.pace.tell_seconds):
                    await self._now.wait()
            except TimeoutError:
                pass
