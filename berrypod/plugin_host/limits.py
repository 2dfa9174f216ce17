"""How long and how often, in one record: tests hand in a quick one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Time-outs in seconds, and counts.

    `import_seconds` is long: on a small machine with a cold disk, some libraries take many seconds.
    `key_seconds` too: a key may come from a vault over the network. `grace_seconds` is what a cancelled
    function gets for cleaning up.
    """

    import_seconds: float = 30.0
    hook_seconds: float = 10.0
    key_seconds: float = 30.0
    lifespan_enter_seconds: float = 15.0
    lifespan_leave_seconds: float = 5.0
    observe_seconds: float = 5.0
    observe_slow_seconds: float = 1.0
    grace_seconds: float = 1.0

    stuck_calls: int = 4
    """Calls of one plugin that timed out and still run.

    Each keeps a thread; beyond this, no more are begun.
    """

    hangs_before_silence: int = 3
    """After so many time-outs in a row an observer is told nothing more."""

    events_waiting: int = 1000
    """Events that wait for one slow observer. Further ones are dropped for it, and counted."""

    answers: int = 1000
    """Declarations in one hook's answer: a generator without an end must not fill the memory."""

    failures_kept: int = 10
    """Recent failures that a plugin's report shows."""


DEFAULT_LIMITS = Limits()
