"""The swap: alone with the file, and told at each step. For a restore and for an undo."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import msgspec
from sqlcipher3 import dbapi2

from berrypod.accounts.carrying import Keep, carry
from berrypod.cancelling import entered, in_thread
from berrypod.errors import BerrypodError
from berrypod.events import RestoreStageReached, RestoreStarted
from berrypod.records import Trouble
from berrypod.settings import Secret
from berrypod.shop.settings import carry_about_the_file
from berrypod.storage import swap
from berrypod.storage.faults import reach
from berrypod.storage.keys import DatabaseKey
from berrypod_restore.comparing import Contender
from berrypod_restore.confirming import Seen, orders_since
from berrypod_restore.ending import Done, Ending
from berrypod_restore.faults import StateChanged
from berrypod_restore.formers import Formers
from berrypod_restore.records import APPLYING_STAGES, RestoreRecord
from berrypod_restore.state import UNREADABLE, carried_state, matches, quick_state
from berrypod_restore.turns import Holder, turn
from berrypod_restore.workroom import Telling, Workroom

log = logging.getLogger("berrypod.restore")

# What storage tells of its stages, in the words of records.
_STAGES: Final[dict[swap.Stage, str]] = {
    "looking": "replacing",
    "carrying": "replacing",
    "replacing": "replacing",
    "checking": "checking",
}

_NEW_FILE_IN_USE: Final = "The new database is in its place, but this process could not open it yet: {}"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A file that was verified to its last byte, with the key that opens it: derived from `passphrase`, the shop's.

    `content` is its `content_state`.
    """

    contender: Contender
    key: DatabaseKey | None = field(repr=False)
    passphrase: Secret | None
    content: str


@dataclass(frozen=True, kw_only=True)
class _Swapped:
    """For how long requests waited, the orders that came since the confirmation, and what stands for the shop then.

    `readable`: the former file could be opened and read.
    """

    closed_seconds: float
    arrived_since: tuple[str, ...] = ()
    state: str | None = None
    readable: bool = True


Tell = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was confirmed. `seen` is the shop as it was confirmed; with `accept_newer` it may have changed since.

    `make_ready` does what is slow, before anybody has to wait; it tells how far it is, from 0 to 1.
    """

    record: RestoreRecord
    seen: Seen
    accept_newer: bool
    keep: Keep
    make_ready: Callable[[Tell], Awaitable[Ready]]


class Applying:
    """One at a time, over all processes."""

    def __init__(self, workroom: Workroom, formers: Formers) -> None:
        self._workroom = workroom
        self._formers = formers
        self._ending = Ending(workroom, formers)

    async def hold(self, record: RestoreRecord, by: str | None) -> ExitStack:
        """Take the turn, and claim the record; closing what is returned lets go of both.

        :raises RestoreRunning: it is somebody else's turn.
        """
        self._workroom.require_running()
        holder = Holder(restore_id=record.id, operation=record.operation, by=by, since=self._workroom.context.now())
        return await entered(_held(self._workroom, holder))

    def begin(self, plan: Plan, held: ExitStack) -> None:
        """Do it, in a task. The record is `applying` already."""
        self._workroom.begin(plan.record.id, held, lambda: self._run(plan))

    # --- inside ---

    async def _run(self, plan: Plan) -> None:
        record = plan.record
        # On the disk before anything is exchanged: whatever happens then, it is known who wanted what.
        await self._workroom.context.record(
            RestoreStarted(
                restore_id=record.id,
                operation=record.operation,
                sha256=record.sha256,
                size_bytes=record.received_bytes or None,
                actor=record.by,
                address=record.address,
            )
        )
        try:
            done = await self._do(plan)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw must not leave the record without an end
            told = self._workroom.told(error, f"{record.operation} {record.id}")
            await self._ending.in_vain(record, told)
            return
        try:
            await self._ending.done(record, done)
        except (BerrypodError, OSError) as error:
            # It is done. Without a claim, others tell it by what storage has written down.
            log.error("%s %s is done, which could not be written down: %s", record.operation, record.id, error)

    async def _do(self, plan: Plan) -> Done:
        record, begun = plan.record, monotonic()
        async with Telling(self._workroom, record.id) as telling:
            self._reach(plan, telling, "waiting")

            def tell(share: float) -> None:
                telling.tell("waiting", share / len(APPLYING_STAGES))

            ready = await plan.make_ready(tell)
            former = await in_thread(
                lambda: self._formers.plan(
                    self._workroom.context.now(),
                    by=record.by,
                    why=record.operation,
                    restore_id=record.id,
                    newest_at=plan.seen.newest_at,
                )
            )
            reach("restore.planned")
            swapped = _Swapped(closed_seconds=0.0)
            try:
                swapped = await self._swap(plan, ready, former, telling)
            except BerrypodError:
                # What was exchanged all the same (the note of it could not be written, say) is told as that.
                if self._workroom.store.result_of(record.id) != "replaced":
                    raise
                swapped = _Swapped(closed_seconds=monotonic() - begun)
            finally:
                kept = await in_thread(lambda: self._settle_former(former, swapped))
        error = self._workroom.context.maintenance.stage.error
        return Done(
            former=former if kept else None,
            closed_seconds=swapped.closed_seconds,
            seconds=monotonic() - begun,
            arrived_since=swapped.arrived_since,
            trouble=error
            and msgspec.structs.replace(Trouble.of(error), message=_NEW_FILE_IN_USE.format(error.message)),
        )

    async def _swap(self, plan: Plan, ready: Ready, former: str, telling: Telling) -> _Swapped:
        loop = asyncio.get_running_loop()
        arrived: list[str] = []
        carried: list[str] = []
        looked_at: list[bool] = []

        def reached(stage: swap.Stage) -> None:
            loop.call_soon_threadsafe(self._reach, plan, telling, _STAGES[stage])

        def look(live: dbapi2.Connection | None) -> None:
            if self._workroom.passphrase is not ready.passphrase:
                raise StateChanged("The shop's key was changed in the moment before it was closed")
            _require_as_confirmed(plan, live)
            looked_at.append(live is not None and plan.seen.readable)
            if live is not None and plan.seen.readable:
                arrived.extend(orders_since(live, plan.seen.newest_order))

        def carry_over(live: dbapi2.Connection, staged: dbapi2.Connection) -> None:
            carry(live, staged, plan.keep)
            carry_about_the_file(live, staged)
            carried.append(carried_state(staged))

        exchange = swap.Swap(
            id=plan.record.id,
            operation=plan.record.operation,
            staged=ready.contender.path,
            staged_key=ready.key,
            staged_mark=ready.contender.mark,
            former=self._formers.path_of(former),
            look=look,
            carry=carry_over,
            progress=reached,
        )
        self._reach(plan, telling, "closing")
        timeout = self._workroom.pace.gate_seconds
        async with self._workroom.context.maintenance.alone(plan.record.operation, timeout=timeout) as alone:
            await alone.replace(exchange)
            self._reach(plan, telling, "opening")
        return _Swapped(
            closed_seconds=monotonic() - alone.since,
            arrived_since=tuple(arrived),
            state=f"{ready.content}.{carried[0]}" if carried else None,
            readable=all(looked_at),
        )

    def _reach(self, plan: Plan, telling: Telling, stage: str) -> None:
        if not telling.tell(stage, APPLYING_STAGES.index(stage) / len(APPLYING_STAGES)):
            return
        self._workroom.emit(
            RestoreStageReached(
                restore_id=plan.record.id, operation=plan.record.operation, stage=stage, actor=plan.record.by
            )
        )

    def _settle_former(self, former: str, swapped: _Swapped) -> bool:
        """Whether the database that was replaced is kept; of one that was not, what was noted goes."""
        kept = self._formers.path_of(former).exists()
        if not kept:
            self._formers.forget_facts(former)
        else:
            try:
                self._formers.replaced(former, openable=swapped.readable, followed_by=swapped.state)
            except BerrypodError as error:  # a full disk: the shop runs on the new file all the same
                log.warning("what took the place of %s could not be noted: %s", former, error.message)
        return kept


def _require_as_confirmed(plan: Plan, live: dbapi2.Connection | None) -> None:
    """The last look at the shop, while nobody can change it.

    :raises StateChanged: it is not what was confirmed.
    """
    if not plan.seen.readable:
        return
    quick = quick_state(live)
    if quick == UNREADABLE:
        raise StateChanged("The shop's file could be read when you compared, and cannot be read any more")
    if not plan.accept_newer and not matches(plan.seen.state, quick):
        raise StateChanged("The shop changed in the moment before it was closed")


@contextmanager
def _held(workroom: Workroom, holder: Holder) -> Generator[None]:
    store = workroom.store
    with turn(store.turn_file, holder), store.claim(holder.restore_id):
        yield
