"""Sending what waits: each notifier in its own time, one thing after the other, and after a failure later and later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from berrypod.context import PluginContext
from berrypod.declarations import Declared, Notification, Notifier
from berrypod.events import NotificationFailed, NotificationSent
from berrypod.isolation import Failed
from berrypod.records import Trouble
from berrypod_notify.faults import NotSent
from berrypod_notify.state import SENT_KEPT, Failing, Sent, State, Waiting
from berrypod_notify.store import Store

_LONGEST_PAUSE: Final = timedelta(hours=1)
_FIRST_PAUSE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Sender:
    """Hands notifications to notifiers, and writes down what came of it."""

    context: PluginContext
    store: Store

    async def send_all(self, notifiers: tuple[Declared[Notifier], ...]) -> None:
        """Send what waits and is due."""
        state = await asyncio.to_thread(self.store.read)
        await asyncio.gather(*(self._send_by(one, state) for one in notifiers))

    async def send(self, notifier: Declared[Notifier], *notifications: Notification) -> Trouble | None:
        """Send one, now; or several together. What failed, or None."""
        outcome = await self.context.plugins.notify(notifier, *notifications)
        if not isinstance(outcome, Failed):
            return None
        hint = outcome.hint or NotSent.default_hint
        return Trouble(code=NotSent.code, message=outcome.error, hint=hint)

    async def _send_by(self, notifier: Declared[Notifier], state: State) -> None:
        name = notifier.declaration.name
        failing = state.failing.get(name)
        if failing and failing.next_at > self.context.now() and not _clock_was_set_back(failing, self.context.now()):
            return
        waiting = tuple(one for one in state.waiting if one.notifier == name)
        attempts = failing.attempts if failing else 0
        while waiting:
            # Together; after a failure by itself, in turns: if it is one thing that cannot be sent, the others are.
            many = notifier.declaration.send_together is not None and attempts % 2 == 0
            now, waiting = (waiting, ()) if many else (waiting[:1], waiting[1:])
            trouble = await self.send(notifier, *(one.news.notification(state.shop) for one in now))
            if trouble is not None:
                await self._failed(name, now, trouble)
                return
            await self._sent(name, now)
            attempts = 0

    async def _sent(self, notifier: str, waiting: tuple[Waiting, ...]) -> None:
        now = self.context.now()
        sent = tuple(
            Sent(
                at=now,
                notifier=notifier,
                kind=one.news.kind,
                part=one.news.part,
                code=one.news.words.code,
                title=one.news.words.title,
            )
            for one in waiting
        )

        def change(state: State) -> State:
            return replace(
                state,
                waiting=tuple(one for one in state.waiting if one not in waiting),
                sent=(*reversed(sent), *state.sent)[:SENT_KEPT],
                failing={name: one for name, one in state.failing.items() if name != notifier},
            )

        await self._update(change)
        for one in sent:
            self.context.emit(
                NotificationSent(notifier=notifier, kind=one.kind, part=one.part, condition=one.code, title=one.title)
            )

    async def _failed(self, notifier: str, waiting: tuple[Waiting, ...], trouble: Trouble) -> None:
        now = self.context.now()
        attempts: list[int] = []

        def change(state: State) -> State:
            failing = failed_again(state.failing.get(notifier), trouble, now)
            attempts.append(failing.attempts)
            # What failed goes to the end: if it is that one thing that cannot be sent, the others are.
            others = tuple(one for one in state.waiting if one not in waiting)
            return replace(state, failing={**state.failing, notifier: failing}, waiting=(*others, *waiting))

        await self._update(change)
        if attempts[-1] == 1:
            news = waiting[0].news
            self.context.emit(
                NotificationFailed(
                    notifier=notifier,
                    kind=news.kind,
                    part=news.part,
                    condition=news.words.code,
                    error=trouble.message,
                    hint=trouble.hint,
                )
            )

    async def _update(self, change: Callable[[State], State]) -> None:
        # To its end, also when the server stops: what was sent must be known as sent.
        await asyncio.shield(asyncio.to_thread(self.store.update, change))


def failed_again(before: Failing | None, trouble: Trouble, now: datetime) -> Failing:
    """A failure after those `before`: the pause doubles, from a minute to an hour."""
    attempts = 1 if before is None else before.attempts + 1
    pause = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 10), _LONGEST_PAUSE)
    since = now if before is None else min(before.since, now)
    return Failing(since=since, attempts=attempts, next_at=now + pause, trouble=trouble)


def _clock_was_set_back(failing: Failing, now: datetime) -> bool:
    return failing.next_at - now > _LONGEST_PAUSE
