"""The schedule and the retention by the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.backup.conftest import Site


def test_it_is_off_at_first(site: Site) -> None:
    answer = site.api("GET", "/schedule", "backup:read")
    assert answer.status_code == 200, answer.text
    info = answer.json()
    assert info["settings"]["kind"] == "off"
    assert info["next_runs"] == []
    assert info["archives"] == ["keep"]
    assert info["status"]["enabled"] is False


def test_what_is_put_is_what_is_got_with_the_next_times(site: Site) -> None:
    answer = site.api("PUT", "/schedule", json={"kind": "daily", "at": "03:30", "zone": "Asia/Kolkata"})
    assert answer.status_code == 200, answer.text
    info = site.api("GET", "/schedule", "backup:read").json()
    assert info == answer.json()
    assert info["when"] == "every day at 03:30 (Asia/Kolkata)"
    assert [time[11:] for time in info["next_runs"]] == ["22:00:00Z"] * 5
    assert info["status"]["next_at"] == info["next_runs"][0]


def test_every_minute_is_possible(site: Site) -> None:
    answer = site.api("PUT", "/schedule", json={"kind": "cron", "cron": "* * * * *"})
    assert answer.status_code == 200, answer.text
    first, second = (datetime.fromisoformat(time) for time in answer.json()["next_runs"][:2])
    assert second - first == timedelta(minutes=1)


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"kind": "cron", "cron": "* * * *"}, "cron"),
    ({"kind": "every", "every_hours": 0.01}, "every_hours"),
    ({"kind": "daily", "zone": "Nowhere"}, "zone"),
    ({"kind": "daily", "exporters": ["moon"]}, "exporters"),
    ({"kind": "hourly"}, "kind"),
    ({"kind": "daily", "retries": -1}, "retries"),
    ({"kind": "daily", "hours": 3}, "body"),
)


def test_what_makes_no_sense_is_a_problem_with_its_field(site: Site) -> None:
    # `drill` is also the name of something that handlers are given.
    for body, field in (*WRONG, ({"drill": "hourly"}, "drill")):
        answer = site.api("PUT", "/schedule", json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("application/problem+json")
        problem = answer.json()
        assert problem["code"] == "invalid"
        assert list(problem["fields"]) == [field], problem
    assert site.api("GET", "/schedule", "backup:read").json()["settings"]["kind"] == "off"


def test_whoever_may_only_read_changes_nothing(site: Site) -> None:
    for method, path in (("PUT", "/schedule"), ("PUT", "/retention"), ("POST", "/prune")):
        assert site.api(method, path, "backup:read", json={}).status_code == 403
    for path in ("/schedule", "/retention"):
        assert site.client.get(f"/api/backups{path}").status_code == 401
    assert site.api("POST", "/retention/preview", "backup:read", json={}).status_code == 200


def test_these_addresses_are_no_ids_of_backups(site: Site) -> None:
    assert site.api("DELETE", "/schedule").status_code == 405
    assert site.api("GET", "/prune", "backup:read").status_code in (404, 405)
    assert site.api("GET", "/20260101-000000-00000000", "backup:read").json()["code"] == "backup_unknown"


def keep(site: Site) -> str:
    """Make a backup that is kept. Returns its id."""
    backup = site.ended(site.start("keep"), "done", "failed")
    assert backup["state"] == "done", backup
    return backup["id"]


def test_a_preview_says_what_would_go_and_why_and_prune_does_it(site: Site) -> None:
    first, second, third = (keep(site) for _ in range(3))
    wanted = {"enabled": True, "last": 1, "daily": 0, "weekly": 0, "monthly": 0, "manual": True}
    (plan,) = site.api("POST", "/retention/preview", "backup:read", json=wanted).json()
    assert plan["exporter"] == "keep"
    assert [one["id"] for one in plan["go"]] == [second, first]
    assert {one["cause"] for one in plan["go"]} == {"superfluous"}
    assert [(one["id"], one["reasons"]) for one in plan["stay"]] == [(third, ["newest", "last"])]
    assert site.api("POST", "/prune").json()[0]["deleted"] == [], "nothing was saved"

    assert site.api("PUT", "/retention", json=wanted).status_code == 200
    assert site.api("GET", "/retention", "backup:read").json()["last"] == 1
    (pruned,) = site.api("POST", "/prune").json()
    assert (pruned["deleted"], pruned["failed"], pruned["error"]) == ([first, second], [], None)
    (archive,) = site.api("GET", "/archives", "backup:read").json()
    assert [backup["id"] for backup in archive["backups"]] == [third]


def test_settings_that_make_no_sense_are_refused_before_anything_is_looked_at(site: Site) -> None:
    for method, path, scope in (("PUT", "", "backup:write"), ("POST", "/preview", "backup:read")):
        answer = site.api(method, f"/retention{path}", scope, json={"enabled": True, "zone": "Nowhere"})
        assert answer.status_code == 422
        assert list(answer.json()["fields"]) == ["zone"]
