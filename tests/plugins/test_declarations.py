"""Declarations check themselves, and say what is wrong in words for the author."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from berrypod.declarations import (
    AdminPanel,
    Allow,
    BackupExporter,
    Delivered,
    DoctorCheck,
    ExportedFile,
    Figure,
    Finding,
    Judgement,
    KeptCopies,
    KeptCopy,
    Refuse,
    RestoreCandidate,
    RestoreGuard,
    SettingDeclaration,
    Snapshot,
    StatsProvider,
    Warn,
)
from berrypod.errors import PluginError
from berrypod.testing_tools import MakeCandidate

VALID: dict[type, dict[str, Any]] = {
    Figure: {"code": "orders", "label": "Orders"},
    StatsProvider: {"name": "orders", "title": "Orders", "figures": list},
    BackupExporter: {"name": "csv", "title": "CSV", "description": "As CSV", "export": lambda snapshot, folder: None},
    AdminPanel: {"name": "orders", "title": "Orders", "render": lambda request: ""},
    SettingDeclaration: {"name": "CSV_FOLDER", "help": "Where files go"},
    ExportedFile: {"path": Path("x"), "filename": "orders.csv"},
    Delivered: {"message": "Sent"},
    KeptCopy: {
        "id": "a/b ü.db",
        "filename": "b ü.db",
        "created_at": datetime(2026, 3, 14, tzinfo=UTC),
        "size_bytes": 0,
    },
    DoctorCheck: {"name": "shelf", "title": "the shelf", "check": lambda examination: []},
    Finding: {"check": "shelf", "level": "warn", "title": "It is full", "why": "No.", "what_to_do": "Buy one."},
    RestoreGuard: {"name": "same-currency", "title": "Same currency", "check": lambda candidate: Allow()},
    Warn: {"code": "orders_shrink", "message": "Orders shrink.", "hint": "Look for a newer backup."},
    Refuse: {"code": "other_currency", "message": "x" * 1000, "hint": "x" * 1000},
    RestoreCandidate: {
        "path": Path("candidate.db"),
        "size_bytes": 8192,
        "sha256": "0123456789abcdef" * 4,
        "schema_revision": "0001",
        "row_counts": {"orders": 2},
        "encrypted": True,
        "opener": lambda: None,
    },
}


class Shelf:
    async def list(self) -> list[KeptCopy]:
        return []

    async def open(self, copy_id: str):
        yield b""

    async def delete(self, copy_id: str) -> None: ...


class PlainShelf(Shelf):
    def list(self) -> list[KeptCopy]:  # type: ignore[override]
        return []

    def delete(self, copy_id: str) -> None: ...  # type: ignore[override]


class ReturningShelf(Shelf):
    async def open(self, copy_id: str):  # type: ignore[override]
        return b""


class BlockingShelf(Shelf):
    def open(self, copy_id: str):  # type: ignore[override]
        yield b""


class ReadOnlyShelf:
    list = Shelf.list
    open = Shelf.open


@pytest.mark.parametrize("kind", VALID)
def test_what_is_complete_is_accepted_and_cannot_be_changed(kind: type) -> None:
    made = kind(**VALID[kind])

    with pytest.raises(FrozenInstanceError):
        setattr(made, next(iter(VALID[kind])), "other")


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        (Figure, {"code": "Number of orders"}, "is not a name"),
        (Figure, {"label": " "}, "label is ' '"),
        (Figure, {"value": math.inf}, "value is inf"),
        (Figure, {"value": [1]}, "value is of type list"),
        (Figure, {"text": 3}, "text is 3"),
        (Figure, {"warning": True}, "warning is True"),
        (StatsProvider, {"name": ""}, "is not a name"),
        (StatsProvider, {"name": "x" * 65}, "is not a name"),
        (StatsProvider, {"name": None}, "None is not a name"),
        (Figure, {"label": "x" * 81}, "label has 81 characters"),
        (Figure, {"text": "x" * 1001}, "text has 1001 characters"),
        (Figure, {"text": "caf\udce9"}, "text is 'caf\\udce9'"),
        (StatsProvider, {"title": None}, "title is None"),
        (StatsProvider, {"title": "x" * 81}, "title has 81 characters"),
        (AdminPanel, {"title": "x" * 81}, "title has 81 characters"),
        (StatsProvider, {"figures": [1]}, "which cannot be called"),
        (StatsProvider, {"timeout_seconds": 0}, "timeout_seconds is 0"),
        (StatsProvider, {"timeout_seconds": math.inf}, "timeout_seconds is inf"),
        (StatsProvider, {"timeout_seconds": math.nan}, "timeout_seconds is nan"),
        (StatsProvider, {"timeout_seconds": "2"}, "timeout_seconds is '2'"),
        (StatsProvider, {"timeout_seconds": None}, "timeout_seconds is None"),
        (StatsProvider, {"order": "first"}, "order is 'first'"),
        (BackupExporter, {"description": ""}, "description is ''"),
        (BackupExporter, {"export": None}, "export is None"),
        (BackupExporter, {"title": "x" * 61}, "title has 61 characters"),
        (BackupExporter, {"description": "x" * 301}, "description has 301 characters"),
        (BackupExporter, {"kept": object()}, "kept is <object"),
        (BackupExporter, {"kept": Shelf}, "kept is the class Shelf"),
        (BackupExporter, {"kept": ReadOnlyShelf()}, "which has no method delete"),
        (BackupExporter, {"kept": ReturningShelf()}, "open is no async generator"),
        (BackupExporter, {"kept": BlockingShelf()}, "open is no async generator"),
        (AdminPanel, {"page": "../admin"}, "page: '../admin' is not a name"),
        (AdminPanel, {"render": "<p>"}, "render is '<p>'"),
        (SettingDeclaration, {"name": "csv_folder"}, "is not the name of an environment variable"),
        (SettingDeclaration, {"help": ""}, "help is ''"),
        (SettingDeclaration, {"default": 5}, "default is 5"),
        (SettingDeclaration, {"default": "x", "required": True}, "required, and with a default"),
        (ExportedFile, {"path": "x.csv"}, "path is 'x.csv'"),
        (ExportedFile, {"filename": "../x.csv"}, "is not a file name"),
        (ExportedFile, {"filename": "a\r\nb"}, "is not a file name"),
        (ExportedFile, {"media_type": ""}, "media_type is ''"),
        (Delivered, {"message": ""}, "message is ''"),
        (Delivered, {"location": 3}, "location is 3"),
        (DoctorCheck, {"name": "The shelf"}, "is not a name"),
        (DoctorCheck, {"title": ""}, "title is ''"),
        (DoctorCheck, {"title": "x" * 81}, "title has 81 characters"),
        (DoctorCheck, {"check": None}, "check is None"),
        (DoctorCheck, {"timeout_seconds": 0}, "timeout_seconds is 0"),
        (DoctorCheck, {"order": "first"}, "order is 'first'"),
        (Finding, {"check": "The shelf"}, "is not a name"),
        (Finding, {"level": "error"}, "level is 'error'"),
        (Finding, {"title": " "}, "title is ' '"),
        (Finding, {"title": "x" * 81}, "title has 81 characters"),
        (Finding, {"why": 7}, "why is 7"),
        (Finding, {"why": ""}, "why is ''"),
        (Finding, {"why": "x" * 1001}, "why has 1001 characters"),
        (Finding, {"what_to_do": ""}, "what_to_do is ''"),
        (Finding, {"level": "fail", "what_to_do": ""}, "what_to_do is ''"),
        (KeptCopy, {"id": ""}, "id is ''"),
        (KeptCopy, {"id": 7}, "id is 7"),
        (KeptCopy, {"id": "a\nb"}, "id is 'a\\nb'"),
        (KeptCopy, {"id": "\udcff"}, "id is '\\udcff'"),
        (KeptCopy, {"filename": "../x.db"}, "is not a file name"),
        (KeptCopy, {"filename": "a\nb"}, "is not a file name"),
        (KeptCopy, {"filename": "\udcff.db"}, "is not a file name"),
        (KeptCopy, {"created_at": datetime(2026, 3, 14)}, "created_at is datetime"),  # noqa: DTZ001
        (KeptCopy, {"created_at": "2026-03-14"}, "created_at is '2026-03-14'"),
        (KeptCopy, {"size_bytes": "5"}, "size_bytes is '5'"),
        (KeptCopy, {"size_bytes": -1}, "size_bytes is -1"),
        (KeptCopy, {"size_bytes": True}, "size_bytes is True"),
        (KeptCopy, {"sha256": "no digest"}, "sha256 is 'no digest'"),
        (KeptCopy, {"sha256": "g" * 64}, "sha256 is 'ggg"),
        (RestoreGuard, {"name": "Same currency"}, "is not a name"),
        (RestoreGuard, {"title": ""}, "title is ''"),
        (RestoreGuard, {"title": "x" * 61}, "title has 61 characters"),
        (RestoreGuard, {"check": Allow()}, "check is Allow(), which cannot be called"),
        (RestoreGuard, {"timeout_seconds": 0}, "timeout_seconds is 0"),
        (RestoreGuard, {"order": "first"}, "order is 'first'"),
        (Warn, {"code": "Orders shrink"}, "Warn: code: 'Orders shrink' is not a name"),
        (Warn, {"code": "guard_failed"}, "that code is Berrypod's own"),
        (Warn, {"message": " "}, "Warn 'orders_shrink': message is ' '"),
        (Warn, {"hint": ""}, "hint is ''"),
        (Refuse, {"hint": None}, "hint is None"),
        (Refuse, {"message": 7}, "message is 7"),
        (Refuse, {"message": "x" * 1001}, "message has 1001 characters"),
        (RestoreCandidate, {"size_bytes": -1}, "size_bytes is -1"),
        (RestoreCandidate, {"sha256": None}, "sha256 is None"),
        (RestoreCandidate, {"sha256": ""}, "sha256 is ''"),
        (RestoreCandidate, {"created_at": datetime(2026, 3, 14)}, "created_at is datetime"),  # noqa: DTZ001
    ],
)
def test_what_is_wrong_is_refused_with_words_and_a_hint(kind: type, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(PluginError) as refused:
        kind(**VALID[kind] | wrong)

    assert words in refused.value.message
    assert refused.value.hint != PluginError.default_hint


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(code="a", label="A", value=1234567, unit="bytes"), "1,234,567 bytes"),
        (Figure(code="a", label="A", value=0.5), "0.5"),
        (Figure(code="a", label="A", value="WAL"), "WAL"),
        (Figure(code="a", label="A"), "unknown"),
        (Figure(code="a", label="A", value=1_000_000, text="1 MB"), "1 MB"),
    ],
)
def test_a_figure_has_words_for_people_whether_or_not_they_are_given(figure: Figure, text: str) -> None:
    assert figure.text == text


async def test_the_bytes_of_a_snapshot_come_in_pieces_and_are_those_of_the_file(berrypod_snapshot: Snapshot) -> None:
    pieces = [piece async for piece in berrypod_snapshot.chunks(4096)]

    assert b"".join(pieces) == berrypod_snapshot.path.read_bytes()
    assert max(map(len, pieces)) == 4096


def test_a_snapshot_does_not_show_how_it_is_opened(berrypod_snapshot: Snapshot) -> None:
    assert "opener" not in repr(berrypod_snapshot)


@pytest.mark.parametrize("wrong", ["", "../x", ".hidden", "a b", "x" * 65])
def test_the_id_of_a_snapshot_is_safe_in_file_names(berrypod_snapshot: Snapshot, wrong: str) -> None:
    with pytest.raises(PluginError, match="is not safe in a file name"):
        replace(berrypod_snapshot, id=wrong)


def test_the_time_of_a_snapshot_has_a_time_zone(berrypod_snapshot: Snapshot) -> None:
    with pytest.raises(PluginError, match="created_at is datetime"):
        replace(berrypod_snapshot, created_at=datetime(2026, 3, 14))  # noqa: DTZ001


def test_the_words_of_an_exporter_may_be_as_long_as_is_said() -> None:
    words: dict[str, Any] = {"title": "x" * 60, "description": "x" * 300}
    longest = BackupExporter(**VALID[BackupExporter] | words)
    assert len(longest.title) == 60


def test_a_kept_copy_may_have_a_digest() -> None:
    assert KeptCopy(**VALID[KeptCopy], sha256="0123456789abcdef" * 4).sha256


@pytest.mark.parametrize("given", [(), ("no_words",), ("no_words", "Words.")])
@pytest.mark.parametrize("kind", [Warn, Refuse])
def test_an_objection_takes_its_words_by_their_names_and_all_of_them(kind: type, given: tuple[str, ...]) -> None:
    with pytest.raises(TypeError):
        kind(*given)


def test_judgements_are_told_apart_by_what_they_are() -> None:
    words: dict[str, Any] = VALID[Warn]
    judgements: list[Judgement] = [Allow(), Warn(**words), Refuse(**words)]

    assert [judgements.index(one) for one in (Allow(), Warn(**words), Refuse(**words))] == [0, 1, 2]


def test_a_candidate_does_not_show_how_it_is_opened(berrypod_candidate: MakeCandidate) -> None:
    assert "opener" not in repr(berrypod_candidate())


@pytest.mark.parametrize("kind", [Shelf, PlainShelf])
def test_a_class_with_the_three_methods_keeps_copies(kind: Callable[[], KeptCopies]) -> None:
    found: Callable[[object], bool] = lambda value: isinstance(value, KeptCopies)  # noqa: E731
    assert found(kind())
    assert BackupExporter(**VALID[BackupExporter], kept=kind()).kept is not None
