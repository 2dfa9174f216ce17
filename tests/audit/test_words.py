"""Every event that is written down is told in words, and whatever else is in the file harms nothing."""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypod import events
from berrypod.audit.entries import AuditEntry, entry_of, is_audited, line_of
from berrypod.audit.flood import COUNTED, REST_IS_COUNTED
from berrypod.audit.words import describe, who
from berrypod.events import (
    AdminChanged,
    AdminSignInFailed,
    BackupFinished,
    Event,
    FormerDatabaseRemoved,
    RestoreFailed,
    RestoreFinished,
    RestoreInterrupted,
    RestoreRefused,
    RestoreStageReached,
    RestoreUndone,
    TokenCreated,
)
from tests.audit.conftest import NOON

SHA = "3fa9c0de" * 8


def entry(event: Event) -> AuditEntry:
    found = entry_of(line_of(event), "1-0")
    assert found
    return found


def examples() -> list[Event]:
    """One of each kind that is written down, with all fields filled."""
    values: dict[object, object] = {str: "x", str | None: "x", int: 1, int | None: 1, float: 0.5, bool: True}
    found: list[Event] = []
    for name in events.__all__:
        kind = getattr(events, name)
        hints = get_type_hints(kind)
        if kind is not Event:
            fields = [field.name for field in dataclasses.fields(kind) if field.name not in ("at", "actor", "address")]
            given = {field: values.get(hints[field], "x") for field in fields}
            event = kind(actor="cli", **given)
            if is_audited(event):
                found.append(event)
    return found


@pytest.mark.parametrize("event", examples(), ids=lambda event: event.name)
def test_every_event_that_is_written_has_words(event: Event) -> None:
    told = describe(entry(event))

    assert told.title
    assert told.title != event.name
    assert told.title[0].isupper() or told.title.startswith("x ")
    assert "{" not in told.title + told.text


@pytest.mark.parametrize("event", examples(), ids=lambda event: event.name)
def test_a_line_that_has_none_of_its_fields_is_told_as_well(event: Event) -> None:
    assert describe(AuditEntry(id="1-0", at=NOON, event=event.name)).title


@given(
    st.sampled_from([event.name for event in examples()]),
    st.dictionaries(
        st.sampled_from([*{field.name for event in examples() for field in dataclasses.fields(event)}, "times"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())),
    ),
)
def test_fields_that_are_something_else_harm_nothing(name: str, details: dict[str, Any]) -> None:
    assert describe(AuditEntry(id="1-0", at=NOON, event=name, details=details)).title


def test_an_event_of_another_version_is_told_by_its_name_and_fields() -> None:
    told = describe(AuditEntry(id="1-0", at=NOON, event="moon.rose", details={"over": "the sea", "phase": 3}))

    assert (told.title, told.text, told.tone) == ("moon.rose", "over: the sea · phase: 3", "info")


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("admin:ana@example.com", "ana@example.com"),
        ("token:abcd1234", "The token bp_abcd1234_…"),
        ("cli", "The command line"),
        ("something else", "something else"),
        ("admin:", "admin:"),
        (None, "The shop itself"),
    ],
)
def test_who(actor: str | None, words: str) -> None:
    assert who(AuditEntry(id="1-0", at=NOON, event="backup.started", actor=actor)) == words


def test_who_failed_to_sign_in_is_nobody_that_is_known() -> None:
    assert who(entry(AdminSignInFailed(reason="password"))) == "Somebody who is not signed in"


@pytest.mark.parametrize(
    ("event", "title", "text", "tone"),
    [
        (
            BackupFinished(
                backup_id="b1", exporter="download", method="snapshot", size_bytes=8_400_896, sha256=SHA, seconds=1
            ),
            "A backup was made",
            "download · 8.4 MB · SHA-256 3fa9c0de3fa9c0de… · b1",
            "good",
        ),
        (
            TokenCreated(prefix="abcd1234", scopes=("backup:read", "restore:write")),
            "The token bp_abcd1234_… was made",
            "May: backup:read, restore:write",
            "info",
        ),
        (
            AdminChanged(email="ana@example.com", change="totp_disabled"),
            "The second factor of ana@example.com was turned off",
            "",
            "warn",
        ),
        (
            RestoreRefused(
                restore_id="r1", code="few", error="Few orders", hint="Ask Ana", plugin="shelf", guard="shelf-few"
            ),
            "A restore was refused",
            "Few orders. Ask Ana. Refused by the guard shelf-few of the plugin shelf.",
            "warn",
        ),
        (
            RestoreFinished(
                restore_id="r1", seconds=3, closed_seconds=0.214, sha256=SHA, size_bytes=9_000, arrived_since=2
            ),
            "The shop's database was replaced by a backup",
            "9.0 kB · SHA-256 3fa9c0de3fa9c0de… · the shop was closed for 0.21 s · "
            "2 orders of the last moment are in the former database alone",
            "good",
        ),
        (
            RestoreUndone(restore_id="r1", former="20260701-120000", seconds=1, closed_seconds=0.5),
            "A restore was undone",
            "The database of 20260701-120000 is back · the shop was closed for 0.50 s",
            "good",
        ),
        (
            RestoreFailed(restore_id="r1", code="disk_full", error="The disk is full", operation="undo"),
            "An undo failed",
            "The disk is full. The shop runs on the database that it had.",
            "bad",
        ),
        (
            RestoreFailed(restore_id="r1", code="odd", error="Odd!", former_current=False),
            "A restore failed",
            "Odd! Look at the shop: it may not run on the database that it had.",
            "bad",
        ),
        (
            RestoreInterrupted(restore_id="r1", outcome="returned"),
            "A restore was cut short: the server ended",
            "The database from before was put back, and the shop runs on it.",
            "warn",
        ),
        (
            RestoreStageReached(restore_id="r1", stage="replacing"),
            "Restore: the file is being replaced",
            "",
            "info",
        ),
        (
            FormerDatabaseRemoved(former="20260701-120000", size_bytes=1_000_000, reason="pruned"),
            "A former database was removed",
            "20260701-120000 · 1.0 MB · newer ones are kept",
            "info",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Event) else "",
)
def test_the_words(event: Event, title: str, text: str, tone: str) -> None:
    told = describe(entry(event))

    assert (told.title, told.text, told.tone) == (title, text, tone)


def test_sign_ins_that_were_too_many_to_list() -> None:
    name = AdminSignInFailed.name
    counted = AuditEntry(id="1-0", at=NOON, event=name, details={"reason": COUNTED, "times": 5231})
    rest = AuditEntry(id="1-0", at=NOON, event=name, details={"reason": REST_IS_COUNTED})

    assert describe(counted).title == "5,231 more sign-ins failed"
    assert describe(rest).tone == "bad"
