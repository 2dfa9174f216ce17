"""Telling plugins of events, in the background: nobody who emits an event ever waits for an observer.

Each observing plugin has a queue and a thread of its own, so a slow one delays no other. The thread calls the hook
through the isolation, which takes another thread: that is what makes a time-out possible.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from berrypod.events import Event
from berrypod.isolation import Failed
from berrypod.plugin_host.answers import nothing
from berrypod.plugin_host.host import Host
from berrypod.plugin_host.registration import Implementation

if TYPE_CHECKING:
    from berrypod.context import PluginContext

logger = logging.getLogger("berrypod.plugins")

_WHAT = "berrypod_observe"


class _Observer:
    """One plugin that observes."""

    def __init__(self, host: Host, implementation: Implementation, context: PluginContext) -> None:
        self.plugin = implementation.plugin
        self._host = host
        self._implementation = implementation
        self._context = context
        self._records = host.records
        self._limits = host.limits
        self._thread = threading.Thread(target=self._work, name=f"observer {self.plugin}", daemon=True)
        self._started = False
        self._silent = False
        self._hangs = 0
        self._changed = threading.Condition()
        # What follows is read and written under the condition.
        self._waiting: deque[Event] = deque()
        self._told = 0
        self._heard = 0
        self._behind = False
        self._ending = False

    def tell(self, event: Event) -> None:
        if self._silent or not self._records.is_active(self.plugin):
            return
        failed: Failed | None = None
        with self._changed:
            if len(self._waiting) < self._limits.events_waiting:
                self._waiting.append(event)
                self._told += 1
                self._changed.notify_all()
                failed = self._start()
            elif not self._behind:  # once for each time that it falls behind, not once an event
                self._behind = True
                number = self._limits.events_waiting
                failed = Failed(error=f"too slow: {number} events wait, further ones are not told to it")
        if failed:
            self._records.fail(self.plugin, _WHAT, failed)

    def _start(self) -> Failed | None:
        if not self._started:
            try:
                self._thread.start()
            except RuntimeError as error:  # the system has no thread left; the next event tries again
                return Failed.because(error)
            self._started = True
        return None

    def flush(self, until: float) -> bool:
        """Wait until it has heard what it was told so far, or `until` by the monotonic clock. True if it has."""
        with self._changed:
            told = self._told
            return self._changed.wait_for(lambda: self._heard >= told, max(0.0, until - monotonic()))

    def end(self) -> None:
        """Let the thread end when it has heard everything."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def _work(self) -> None:
        while (event := self._next()) is not None:
            if not self._silent:
                self._hear(event)
            with self._changed:
                self._heard += 1
                self._changed.notify_all()

    def _next(self) -> Event | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            if not self._waiting:
                return None
            event = self._waiting.popleft()
            self._behind = self._behind and bool(self._waiting)
            return event

    def _hear(self, event: Event) -> None:
        begun = monotonic()
        outcome = self._host.ask(
            self._implementation,
            nothing,
            timeout_seconds=self._limits.observe_seconds,
            event=event,
            context=self._context,
        )
        seconds = monotonic() - begun
        level = logging.WARNING if seconds > self._limits.observe_slow_seconds else logging.DEBUG
        logger.log(level, "plugin %s took %.3f s for the event %s", self.plugin, seconds, event.name)
        if not isinstance(outcome, Failed):
            self._hangs = 0
            return
        self._records.fail(self.plugin, f"{_WHAT}({event.name})", outcome)
        self._hangs = self._hangs + 1 if outcome.timed_out else 0
        if self._hangs >= self._limits.hangs_before_silence:
            self._silent = True
            self._records.fail(
                self.plugin,
                _WHAT,
                Failed(
                    error=f"{self._hangs} time-outs in a row: it is told of no more events",
                    hint="Restart the shop to try again, and tell the plugin's author that it hangs.",
                    timed_out=True,
                ),
            )


class Observers:
    """All plugins that observe. Their threads are started by the first event."""

    def __init__(self, host: Host, contexts: Mapping[str, PluginContext]) -> None:
        """`contexts` are those of the plugins that may observe, by their names."""
        self._observers = [
            _Observer(host, implementation, contexts[implementation.plugin])
            for implementation in host.registration.all(_WHAT)
            if implementation.plugin in contexts
        ]
        self._closed = False

    def tell(self, event: Event) -> None:
        """Queue the event for every observer. Never waits and never raises; after `close` it does nothing."""
        if self._closed:
            return
        for observer in self._observers:
            observer.tell(event)

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until what was told so far has been heard, `timeout_seconds` at most. True if it has."""
        until = monotonic() + timeout_seconds
        heard = [observer.flush(until) for observer in self._observers]
        return all(heard)

    def close(self, timeout_seconds: float) -> bool:
        """As `flush`, and tell nobody anything any more. The threads are daemons: they end with the process."""
        self._closed = True
        for observer in self._observers:
            observer.end()
        return self.flush(timeout_seconds)
