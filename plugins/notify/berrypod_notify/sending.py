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

    async def send(self, notifier: Declared[Notifier], notification: Notification) -> Trouble | None:
        """Send one, now. What failed, or None."""
        outcome = await self.context.plugins.notify(notifier, notification)
        if not isinstance(outcome, Failed):
            return None
        hint = outcome.hint or NotSent.default_hint
        return Trouble(code=NotSent.code, message=outcome.error, hint=hint)

    async def _send_by(self, notifier: Declared[Notifier], state: State) -> None:
        name = notifier.declaration.name
        failing = state.failing.get(name)
        if failing and failing.next_at > self.context.now() and not _clock_was_set_back(failing, self.context.now()):
            return
        for waiting in [one for one in state.waiting if one.notifier == name]:
            trouble = await self.send(notifier, waiting.news.notification(state.shop))
            if trouble is not None:
                await self._failed(waiting, trouble)
                return
            await self._sent(waiting)

    async def _sent(self, waiting: Waiting) -> None:
        news, now = waiting.news, self.context.now()
        sent = Sent(
            at=now,
            notifier=waiting.notifier,
            kind=news.kind,
            part=news.part,
            code=news.words.code,
            title=news.words.title,
        )

        def change(state: State) -> State:
            return replace(
                state,
                waiting=tuple(one for one in state.waiting if one != waiting),
                sent=(sent, *state.sent)[:SENT_KEPT],
                failing={name: one for name, one in state.failing.items() if name != waiting.notifier},
            )

        await self._update(change)
        self.context.emit(
            NotificationSent(
                notifier=sent.notifier, kind=sent.kind, part=sent.part, condition=sent.code, title=sent.title
            )
        )

    async def _failed(self, waiting: Waiting, trouble: Trouble) -> None:
        now = self.context.now()
        attempts: list[int] = []

        def change(state: State) -> State:
            failing = failed_again(state.failing.get(waiting.notifier), trouble, now)
            attempts.append(failing.attempts)
            # What failed goes to the end: if it is that one thing that cannot be sent, the others are.
            others = tuple(one for one in state.waiting if one != waiting)
            return replace(state, failing={**state.failing, waiting.notifier: failing}, waiting=(*others, waiting))

        await self._update(change)
        if attempts[-1] == 1:
            self.context.emit(
                NotificationFailed(
                    notifier=waiting.notifier,
                    kind=waiting.news.kind,
                    part=waiting.news.part,
                    condition=waiting.news.words.code,
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
