"""Findings, said shortly."""

from __future__ import annotations

from berrypod.declarations.doctor import Finding, Level
from berrypod.errors import BerrypodError

_LONGEST_TITLE, _LONGEST_WORDS = 80, 1000


def passed(check: str, title: str, why: str = "") -> Finding:
    return Finding(check=check, level="pass", title=title, why=why)


def warned(check: str, title: str, why: str, what_to_do: str) -> Finding:
    return Finding(check=check, level="warn", title=title, why=why, what_to_do=what_to_do)


def failed(check: str, title: str, why: str, what_to_do: str) -> Finding:
    return Finding(check=check, level="fail", title=title, why=why, what_to_do=what_to_do)


def from_error(check: str, error: BerrypodError, level: Level = "fail", *, title: str | None = None) -> Finding:
    """An error's title (or another one), message and hint."""
    return Finding(
        check=check,
        level=level,
        title=(title or error.title)[:_LONGEST_TITLE],
        why=f"{error.message}."[:_LONGEST_WORDS],
        what_to_do=error.hint[:_LONGEST_WORDS],
    )


def unchecked(check: str, title: str, error: BerrypodError) -> Finding:
    """A check that could not be made. That is no pass."""
    return from_error(check, error, level="warn", title=f"Not checked: {title}")
