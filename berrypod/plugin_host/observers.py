"""Telling plugins of events, in the background: nobody who emits an event ever waits for an observer.

Each observing plugin has a queue and a thread of its own, so a slow one delays no other. The thread calls the hook
through the isolation, which takes another thread: that is what makes a time-out possible.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from queue import Full, Queue
from time import monotonic

from berrypod.events import Event
from berrypod.isolation import Failed, Isolation
from berrypod.plugin_host.limits import Limits
from berrypod.plugin_host.records import Records
from berrypod.plugin_host.registration import Implementation

logger = logging.getLogger("berrypod.plugins")

_WHAT = "berrypod_observe"


class _Observer:
    """One plugin that observes."""

    def __init__(self, implementation: Implementation, isolation: Isolation, records: Records, limits: Limits) -> None:
        self.plugin = implementation.plugin
        self._call = implementation
        self._isolation = isolation
        self._records = records
        self._limits = limits
        self._queue: Queue[Event | threading.Event] = Queue(limits.events_waiting)
        self._thread = threading.Thread(target=self._work, name=f"observer {self.plugin}", daemon=True)
        self._lock = threading.Lock()
        self._started = False
        self._ending = False
        self._silent = False
        self._behind = False
        self._hangs = 0

    def tell(self, event: Event) -> None:
        if self._silent or not self._records.is_active(self.plugin):
            return
        try:
            self._start()
            self._queue.put_nowait(event)
        except Full:
            if not self._behind:  # once for each time that it falls behind, not once an event
                self._behind = True
                error = f"too slow: {self._limits.events_waiting} events wait, further ones are not told to it"
                self._records.fail(self.plugin, _WHAT, Failed(error=error))
        except RuntimeError as error:  # the system has no thread left
            self._records.fail(self.plugin, _WHAT, Failed.because(error))

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._thread.start()
                self._started = True

    def mark(self) -> threading.Event:
        """An event that is set when everything up to now was heard."""
        heard = threading.Event()
        if not self._thread.is_alive():
            heard.set()
            return heard
        with contextlib.suppress(Full):
            self._queue.put_nowait(heard)
        return heard

    def _work(self) -> None:
        while True:
            event = self._queue.get()
            if isinstance(event, threading.Event):
                event.set()
            elif not self._silent:
                self._hear(event)
            if self._queue.empty():
                self._behind = False
                if self._ending:
                    return

    def end(self) -> None:
        """Let the thread end when it has heard everything. A mark must follow, to wake it."""
        self._ending = True

    def _hear(self, event: Event) -> None:
        begun = monotonic()
        outcome = self._isolation.run(
            self.plugin, lambda: self._call({"event": event}), timeout_seconds=self._limits.observe_seconds
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

    def __init__(self, implementations: Sequence[Implementation], make: Callable[[Implementation], _Observer]) -> None:
        self._observers = [make(implementation) for implementation in implementations]
        self._closed = False

    @classmethod
    def of(
        cls, implementations: Sequence[Implementation], isolation: Isolation, records: Records, limits: Limits
    ) -> Observers:
        return cls(implementations, lambda found: _Observer(found, isolation, records, limits))

    def tell(self, event: Event) -> None:
        """Queue the event for every observer. Never waits and never raises; after `close` it does nothing."""
        if self._closed:
            return
        for observer in self._observers:
            observer.tell(event)

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until what was told so far has been heard, `timeout_seconds` at most. True if it has."""
        until = monotonic() + timeout_seconds
        marks = [observer.mark() for observer in self._observers]
        return all(mark.wait(max(0.0, until - monotonic())) for mark in marks)

    def close(self, timeout_seconds: float) -> bool:
        """As `flush`, and tell nobody anything any more."""
        self._closed = True
        for observer in self._observers:
            observer.end()
        return self.flush(timeout_seconds)
