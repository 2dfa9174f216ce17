"""That a notifier fails: a part of the shop's health, and a finding of the doctor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from berrypod.declarations import Condition, Declared, DoctorCheck, Examination, Finding, HealthPart, Notifier
from berrypod_notify.names import PART, PATH
from berrypod_notify.state import Failing, State
from berrypod_notify.store import STATE_FILE, Store, read_state

_CHECK: Final = "alarms"
_LONGEST_STEM: Final = 50

# One failure may be a server that was started anew.
_ATTEMPTS: Final = 2


def failed_code(notifier: str) -> str:
    """The code of the condition that says that `notifier` fails."""
    return f"{notifier[:_LONGEST_STEM].rstrip('._-')}_failed"


def health_part(store: Store, titles: Callable[[], dict[str, str]]) -> HealthPart:
    """`titles` gives the title of each notifier."""

    def conditions() -> list[Condition]:
        state = store.read()
        found = [
            _failed(name, titles().get(name, name), failing)
            for name, failing in state.failing.items()
            if failing.attempts >= _ATTEMPTS
        ]
        return [*found, *_unreadable(state)]

    return HealthPart(name=PART, title="Alarms", conditions=conditions, order=900)


def titles_of(notifiers: tuple[Declared[Notifier], ...]) -> dict[str, str]:
    return {one.declaration.name: one.declaration.title for one in notifiers}


def doctor_check() -> DoctorCheck:
    return DoctorCheck(
        name=_CHECK, title="whether alarms reach somebody", check=_check, needs_database=False, order=900
    )


def _check(examination: Examination) -> list[Finding]:
    path = examination.database_path
    # Not `context.work_folder()`, which would make the folder: the doctor leaves no trace.
    state = read_state(Path(f"{path}-work") / "notify" / STATE_FILE)
    troubles = [
        Finding(check=_CHECK, level="warn", title=one.title, why=one.text, what_to_do=one.what_to_do)
        for one in (*(_failed(name, name, failing) for name, failing in state.failing.items()), *_unreadable(state))
    ]
    if troubles:
        return troubles
    if not state.sent:
        return [Finding(check=_CHECK, level="pass", title="No alarm was sent yet, and none has failed")]
    last = state.sent[0]
    return [Finding(check=_CHECK, level="pass", title=f"The last alarm was sent by {last.notifier}"[:80])]


def _failed(name: str, title: str, failing: Failing) -> Condition:
    times = "once" if failing.attempts == 1 else f"{failing.attempts} times in a row"
    return Condition(
        code=failed_code(name),
        severity="warn",
        title=f"Alarms cannot be sent: {title}"[:80],
        text=f"It failed {times}, first on {failing.since:%Y-%m-%d at %H:%M} UTC: {failing.trouble.message}."[:900],
        what_to_do=f"{failing.trouble.hint} Then send a test on {PATH}."[:900],
        path=PATH,
    )


def _unreadable(state: State) -> list[Condition]:
    if state.unreadable is None:
        return []
    return [
        Condition(
            code="settings_unreadable",
            severity="warn",
            title="Where alarms go to cannot be read",
            text=state.unreadable.message[:900],
            what_to_do=state.unreadable.hint[:900] or "Look at the server's log.",
            path=PATH,
        )
    ]
