"""What the session cookie of an admin holds: the session's token, a half-done sign-in, messages for the next page.

The cookie is encrypted and cannot be forged, but an old one can be sent again: nothing in it is trusted that a
replay could turn back. Counts of attempts and the sessions themselves are in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

from litestar import Request

from berrypod.accounts.sign_in import CodeNeeded
from berrypod.settings import Secret
from berrypod.web.access import SESSION_TOKEN

AnyRequest = Request[Any, Any, Any]
Kind = Literal["good", "info", "warn", "bad"]

STEP_GOOD_FOR: Final = timedelta(minutes=10)

_STEP: Final = "step"
_FLASHES: Final = "flashes"
_MOST_FLASHES: Final = 5


@dataclass(frozen=True)
class Flash:
    """A message that is shown once, on the next page."""

    text: str
    kind: Kind = "good"


@dataclass(frozen=True)
class Step:
    """A sign-in whose password was right, and where it leads."""

    code_needed: CodeNeeded
    next_path: str


def session_of(request: AnyRequest) -> dict[str, Any]:
    session: Any = request.session
    return cast("dict[str, Any]", session) if isinstance(session, dict) else {}


def set_session(request: AnyRequest, content: dict[str, Any]) -> None:
    """Replace the whole content of the cookie; an empty one takes the cookie away."""
    request.scope["session"] = content


def session_token(request: AnyRequest) -> str:
    token = session_of(request).get(SESSION_TOKEN)
    return token if isinstance(token, str) else ""


def begin_session(request: AnyRequest, token: Secret) -> None:
    """Nothing of the cookie from before the sign-in stays."""
    set_session(request, {SESSION_TOKEN: token.reveal()})


def end_session(request: AnyRequest) -> None:
    set_session(request, {})


def begin_step(request: AnyRequest, step: Step) -> None:
    until = datetime.now(UTC) + STEP_GOOD_FOR
    set_session(
        request,
        {
            _STEP: {
                "admin": step.code_needed.admin_id,
                "stamp": step.code_needed.stamp,
                "next": step.next_path,
                "until": until.timestamp(),
            }
        },
    )


def current_step(request: AnyRequest) -> Step | None:
    """The half-done sign-in, unless it has waited too long."""
    match session_of(request).get(_STEP):
        case {"admin": int(admin_id), "stamp": str(stamp), "next": str(next_path), "until": int() | float() as until}:
            in_time = datetime.now(UTC).timestamp() < until
            return Step(CodeNeeded(admin_id, stamp), next_path) if in_time else None
        case _:
            return None


def flash(request: AnyRequest, text: str, kind: Kind = "good") -> None:
    """Show a message on the next page."""
    session = session_of(request)
    waiting = [*_waiting(session), {"text": text, "kind": kind}][-_MOST_FLASHES:]
    set_session(request, {**session, _FLASHES: waiting})


def take_flashes(request: AnyRequest) -> list[Flash]:
    """The messages that wait; they are gone then."""
    session = session_of(request)
    waiting = _waiting(session)
    if waiting:
        set_session(request, {name: value for name, value in session.items() if name != _FLASHES})
    return [Flash(entry["text"], cast("Kind", entry["kind"])) for entry in waiting]


def _waiting(session: dict[str, Any]) -> list[dict[str, str]]:
    found: Any = session.get(_FLASHES)
    return cast("list[dict[str, str]]", found) if isinstance(found, list) else []
