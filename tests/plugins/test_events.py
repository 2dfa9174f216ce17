"""Events: frozen, named, and fit for JSON."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

import pytest

from berrypod import events
from berrypod.events import BackupFinished, Event, TokenCreated

ALL: list[type[Event]] = [
    found
    for found in vars(events).values()
    if isinstance(found, type) and issubclass(found, Event) and found is not Event
]


def example(kind: type[Event]) -> Event:
    values: dict[Any, object] = {str: "x", int: 1, float: 0.5, bool: True, tuple[str, ...]: ("a",), str | None: None}
    hints = get_type_hints(kind)
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    made: Any = kind
    return made(**{name: values.get(hints[name], "created") for name in needed})


@pytest.mark.parametrize("kind", ALL)
def test_every_event_is_frozen_named_and_fit_for_json(kind: type[Event]) -> None:
    event = example(kind)

    with pytest.raises(dataclasses.FrozenInstanceError):
        event.actor = "somebody"  # type: ignore[misc]
    plain = json.loads(json.dumps(event.as_dict()))
    assert plain["event"] == kind.name
    assert datetime.fromisoformat(plain["at"]) == event.at


def test_names_are_unique() -> None:
    assert len({kind.name for kind in ALL}) == len(ALL)


def test_an_event_happens_now_in_utc() -> None:
    before = datetime.now(UTC)
    event = example(BackupFinished)

    assert event.at.tzinfo is UTC
    assert before <= event.at <= datetime.now(UTC)


def test_the_dictionary_holds_every_field() -> None:
    plain = TokenCreated(prefix="bp_abc", scopes=("stats:read",), actor="admin:a@example.org").as_dict()

    assert {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items() if key != "at"} == {
        "event": "token.created",
        "actor": "admin:a@example.org",
        "address": None,
        "prefix": "bp_abc",
        "scopes": ["stats:read"],
    }


def test_values_that_json_does_not_know_become_strings() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Filed(Event):
        name: ClassVar[str] = "csv.filed"

        path: Path

    assert Filed(path=Path("a/b")).as_dict()["path"] == "a/b"


@pytest.mark.parametrize("name", [None, "backup", "Backup.Finished", ""])
def test_an_event_without_a_proper_name_cannot_be_defined(name: str | None) -> None:
    with pytest.raises(TypeError, match="needs a name"):
        type("Nameless", (Event,), {} if name is None else {"name": name})
