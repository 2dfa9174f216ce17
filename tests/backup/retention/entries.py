"""Entries of an archive, made up; and strategies that make up any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from berrypod_backup.retention.settings import RetentionSettings
from hypothesis import strategies as st

from berrypod.archive.entries import Entry
from berrypod.archive.manifest import Manifest, Origin, Proof
from berrypod.records import Trouble

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

OTHER_KINDS = ("no_manifest", "file_missing", "manifest_unreadable", "other_shop", "foreign")
DAMAGED = Trouble(code="backup_damaged", message="A chunk is missing.", hint="Verify it.")


def backup(
    at: datetime,
    *,
    number: int = 0,
    origin: Origin = "schedule",
    proven: bool | None = None,
    once_proven: bool = False,
    size_bytes: int = 1000,
    stored_bytes: int | None = None,
    storage: Any = "file",
    problem: Trouble | None = None,
) -> Entry:
    """A backup of that time. `proven` None: nobody has tried it; False: its drill failed."""
    proof = None if proven is None else Proof(at=at, seconds=1.0, how="", problem=None if proven else "No.")
    identity = f"{at:%Y%m%d-%H%M%S}-{number:08x}"
    manifest = Manifest(
        id=identity,
        created_at=at,
        finished_at=at,
        size_bytes=size_bytes,
        sha256="0" * 64,
        page_count=1,
        schema_revision="1",
        row_counts={},
        encrypted=True,
        key_fingerprint="x",
        salt="0" * 32,
        method="snapshot",
        storage=storage,
        stored_bytes=size_bytes if stored_bytes is None else stored_bytes,
        app_version="1",
        origin=origin,
        proof=proof,
        proven_at=at if proven or once_proven else None,
    )
    return Entry(
        kind="backup",
        name=f"berrypod-backup-{identity}.json",
        manifest=manifest,
        size_bytes=size_bytes,
        stored_bytes=manifest.stored_bytes,
        modified_at=at,
        problem=problem,
    )


def other(kind: Any, number: int = 0) -> Entry:
    return Entry(kind=kind, name=f"{kind}-{number}", manifest=None, size_bytes=10, stored_bytes=10, modified_at=NOW)


@st.composite
def any_entries(draw: st.DrawFn) -> list[Entry]:
    """Any archive, in any order: of some weeks, with equal times, and times to come."""
    minutes = draw(st.lists(st.integers(-3000, 60 * 24 * 100), max_size=25))
    found = [
        backup(
            NOW - timedelta(minutes=each),
            number=number,
            origin=draw(st.sampled_from(("schedule", "schedule", "manual", "before_restore"))),
            proven=draw(st.sampled_from((None, True, False))),
            once_proven=draw(st.booleans()),
            size_bytes=draw(st.integers(1, 5000)),
            stored_bytes=draw(st.integers(0, 5000)),
            storage=draw(st.sampled_from(("file", "pages"))),
            problem=draw(st.sampled_from((None, None, DAMAGED))),
        )
        for number, each in enumerate(minutes)
    ]
    kinds = draw(st.lists(st.sampled_from(OTHER_KINDS), max_size=3))
    found += [other(kind, number) for number, kind in enumerate(kinds)]
    return draw(st.permutations(found))


_counts = st.integers(0, 8)


@st.composite
def any_settings(draw: st.DrawFn, *, sized: bool = True) -> RetentionSettings:
    return RetentionSettings(
        enabled=draw(st.sampled_from((True, True, True, False))),
        last=draw(_counts),
        daily=draw(_counts),
        weekly=draw(_counts),
        monthly=draw(_counts),
        zone=draw(st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"))),
        max_bytes=draw(st.none() | st.integers(1, 40_000)) if sized else None,
        manual=draw(st.booleans()),
        before_restore=draw(st.booleans()),
    )
