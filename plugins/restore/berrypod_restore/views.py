"""All that the templates show of one restore, or of an undo that needs a decision."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from berrypod.errors import BerrypodError, Invalid
from berrypod_restore.differences import Comparison
from berrypod_restore.faults import FormerUnknown, RestoreNotReady, RestoreRunning, StateChanged
from berrypod_restore.records import Former, RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.wording import heading, was_applied_in_vain

PAGE: Final = "/admin/backup"
BASE: Final = f"{PAGE}/restores"

# A page that takes longer than this to compare says so, and asks again.
_COMPARE_SECONDS: Final = 2.5

_CHANGED: Final = StateChanged.code

# A comparison that nobody has fetched for so long is made anew.
_STALE_SECONDS: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a form came back."""

    code: str
    title: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: BerrypodError) -> Problem:
        if isinstance(error, Invalid):
            return cls(code=error.code, title=error.message, message="", hint=" ".join(error.fields.values()))
        message = "" if error.message == error.title else error.message
        return cls(code=error.code, title=error.title, message=message, hint=error.hint)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Who looks at the page and when, and how it is asked for.

    `token` is for forms. `confirming`: with the confirmation open. `problem`: after a form that was refused. `since`:
    when the admin looked before; what is newer is marked as new.
    """

    token: str
    email: str
    now: datetime
    confirming: bool = False
    problem: Problem | None = None
    since: datetime | None = None

    def refused(self, error: BerrypodError, since: datetime | None = None) -> Visit:
        """The same visit, told of a form that was refused."""
        return replace(self, confirming=True, problem=Problem.of(error), since=since)

    @property
    def changed(self) -> bool:
        return self.problem is not None and self.problem.code == _CHANGED


@dataclass(frozen=True, kw_only=True)
class RestoreView:
    """`phase` is the record's state, or `comparing` for what is ready and not compared yet."""

    record: RestoreRecord
    phase: str
    visit: Visit
    comparison: Comparison | None = None
    expect: str = ""
    account_missing: bool = False
    former: Former | None = None

    page = PAGE
    base = BASE

    @property
    def path(self) -> str:
        return f"{BASE}/{self.record.id}"

    @property
    def heading(self) -> str:
        return heading(self.record, self.phase)

    @property
    def follows(self) -> bool:
        """The page renews itself."""
        return self.phase == "comparing" or self.record.active

    @property
    def in_vain(self) -> bool:
        return was_applied_in_vain(self.record)

    @property
    def changed(self) -> bool:
        """The shop was not what the admin had looked at, and it was refused once: now they may choose to go on."""
        return self.visit.changed or (self.record.error is not None and self.record.error.code == _CHANGED)


@dataclass(frozen=True, kw_only=True)
class UndoView:
    """Before a former database takes the place of one that has newer things."""

    former: Former
    visit: Visit
    comparison: Comparison
    expect: str

    page = PAGE
    base = BASE

    @property
    def changed(self) -> bool:
        """As of a `RestoreView`."""
        return self.visit.changed


class Views:
    """Gathers what the pages show."""

    def __init__(self, restores: Restores) -> None:
        self._restores = restores
        self._comparing: dict[str, tuple[float, asyncio.Task[Comparison]]] = {}

    async def restore(self, record: RestoreRecord, visit: Visit) -> RestoreView:
        """One restore, as it is now."""
        if record.state == "ready":
            try:
                return await self._ready(record, visit)
            except (RestoreNotReady, RestoreRunning):  # meanwhile, by another admin
                record = await self._restores.get(record.id)
        formers = await self._restores.formers() if record.former else []
        former = next((one for one in formers if one.id == record.former), None)
        # Ready again already, if it was in vain: it is compared at the next look.
        phase = "comparing" if record.state == "ready" else record.state
        return RestoreView(record=record, phase=phase, visit=visit, former=former)

    async def undo(self, former_id: str, visit: Visit) -> UndoView:
        """
        :raises FormerUnknown: there is no such former database.
        :raises RestoreError: it cannot be read.
        """
        former = next((one for one in await self._restores.formers() if one.id == former_id), None)
        if former is None:
            raise FormerUnknown(
                "This former database is not there any more",
                hint="It was put back, or removed when newer ones came. The backup page shows those that are kept.",
            )
        comparison = await self._restores.compare_former(former_id)
        expect = await self._restores.expect_former(former_id, comparison)
        return UndoView(former=former, visit=visit, comparison=comparison, expect=expect)

    async def _ready(self, record: RestoreRecord, visit: Visit) -> RestoreView:
        comparison = await self._compared(record.id)
        if comparison is None:
            return RestoreView(record=record, phase="comparing", visit=visit)
        return RestoreView(
            record=record,
            phase="ready",
            visit=visit,
            comparison=comparison,
            expect=await self._restores.expect(record.id, comparison),
            account_missing=await self._restores.account_missing(record.id, visit.email),
        )

    async def _compared(self, restore_id: str) -> Comparison | None:
        """A comparison of a moment ago; None while it is being made.

        It reads both files: a big shop takes longer than a page may. What is under way then is asked for again.

        :raises RestoreNotReady: (or RestoreRunning) it is not `ready` any more.
        """
        self._forget_stale()
        if restore_id not in self._comparing:
            task = asyncio.create_task(self._restores.compare(restore_id))
            self._comparing[restore_id] = time.monotonic(), task
        _, task = self._comparing[restore_id]
        await asyncio.wait({task}, timeout=_COMPARE_SECONDS)
        if not task.done():
            return None
        self._comparing.pop(restore_id, None)
        return task.result()

    def _forget_stale(self) -> None:
        for restore_id, (begun, task) in list(self._comparing.items()):
            if task.done() and time.monotonic() - begun > _STALE_SECONDS:
                del self._comparing[restore_id]
                if not task.cancelled():
                    task.exception()  # asked for: otherwise asyncio complains that nobody has
