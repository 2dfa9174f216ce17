"""/metrics: what Prometheus reads, parsed as it parses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from berrypod_backup.schedule.state import Outcome
from berrypod_backup.watching.conditions import conditions
from berrypod_backup.watching.looking import Seen
from berrypod_backup.watching.metrics import exposition
from berrypod_backup.watching.tallies import Tally
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from berrypod.records import Trouble
from berrypod.settings import Settings
from tests.backup.conftest import OpenSite, Site
from tests.backup.watching.test_conditions import GB, NOW, WELL, Schedule, archive, manifest

Figures = dict[tuple[str, ...], float]

TALLY = Tally(made=3, failed=2, made_at=NOW, seconds=1.5, size_bytes=7, proven=1, drills_failed=1, drill_seconds=2.5)


def parsed(content: bytes) -> Figures:
    """Each figure by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(content.decode())
        for sample in family.samples
    }


def figures(seen: Seen) -> Figures:
    content, content_type = exposition(seen, conditions(seen), "")
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    return parsed(content)


def test_each_exporter_has_its_figures() -> None:
    found = figures(replace(WELL, tallies={"keep": TALLY, "download": TALLY}))

    made_at = manifest().created_at
    for name, value in {
        "last_success_timestamp_seconds": made_at.timestamp(),
        "last_success_age_seconds": (NOW - made_at).total_seconds(),
        "size_bytes": GB,
        "stored_bytes": GB,
        "backups": 1,
        "damaged_backups": 0,
        "archive_up": 1,
        "duration_seconds": 1.5,
        "proven_timestamp_seconds": made_at.timestamp(),
        "proven_age_seconds": (NOW - made_at).total_seconds(),
        "successes_total": 3,
        "failures_total": 2,
        "drill_duration_seconds": 2.5,
        "drill_failures_total": 1,
        "drill_success": 1,
    }.items():
        assert found[f"berrypod_backup_{name}", "keep"] == pytest.approx(value), name
    assert found["berrypod_backup_last_success_timestamp_seconds", "download"] == NOW.timestamp()
    assert ("berrypod_backup_backups", "download") not in found, "nothing is kept there"


def test_the_schedule_and_the_disks_have_theirs() -> None:
    outcome = Outcome(due=NOW, at=NOW, attempts=1, exporters=("keep",))
    late = Schedule(overdue_since=NOW - timedelta(hours=2), last_failure=outcome, failing=True)
    found = figures(replace(WELL, schedule=late))

    assert found["berrypod_backup_schedule_enabled",] == 1
    assert found["berrypod_backup_schedule_overdue",] == 1
    assert found["berrypod_backup_schedule_next_timestamp_seconds",] == (NOW + timedelta(hours=1)).timestamp()
    assert found["berrypod_backup_schedule_last_failure_timestamp_seconds",] == NOW.timestamp()
    assert ("berrypod_backup_schedule_last_success_timestamp_seconds",) not in found
    assert found["berrypod_backup_disk_free_bytes", "shop"] == 50 * GB
    assert found["berrypod_backup_condition", "backup_overdue", "bad"] == 1


def test_what_nobody_knows_is_left_out_and_what_is_away_is_down() -> None:
    """A figure that is wrong is worse than one that is missing: an alarm on `absent()` sees the latter."""
    away = archive(exporter="s3", error=Trouble(code="storage_unreachable", message="No answer.", hint="Wait."))
    found = figures(replace(WELL, listings=[away], expected_bytes=None, schedule=None, disks=[]))

    assert found["berrypod_backup_archive_up", "s3"] == 0
    assert not [name for name, *_ in found if name.startswith(("berrypod_backup_schedule", "berrypod_backup_expected"))]
    assert ("berrypod_backup_backups", "s3") not in found


def test_who_accepts_openmetrics_gets_it() -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    content, content_type = exposition(replace(WELL, tallies={"keep": TALLY}), (), accept)

    assert content_type.startswith("application/openmetrics-text")
    assert "berrypod_backup_failures" in {family.name for family in parse_openmetrics(content.decode())}


def test_names_of_exporters_are_quoted() -> None:
    assert figures(replace(WELL, tallies={'x"\n\\': TALLY}))["berrypod_backup_failures_total", 'x"\n\\'] == 2


# --- over HTTP ---


@pytest.fixture
def site(open_site: OpenSite, settings: Settings) -> Site:
    return open_site(settings=settings)


def test_a_token_with_the_scope_reads_the_figures_of_a_backup_that_was_made(site: Site) -> None:
    assert site.ended(site.start("download"))["state"] == "ready"
    assert site.parts.plugins.flush(60)
    response = site.client.get("/metrics", headers=site.bearer("metrics:read"))

    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parsed(response.content)
    assert found["berrypod_backup_successes_total", "download"] == 1
    assert found["berrypod_backup_last_success_age_seconds", "download"] < 60
    assert found["berrypod_backup_expected_bytes",] > 0


def test_nobody_else_does(site: Site) -> None:
    nobody = site.client.get("/metrics")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthenticated"), "no page for people"
    assert site.client.get("/metrics", headers=site.bearer("backup:read")).status_code == 403
