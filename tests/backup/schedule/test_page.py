"""The page of the schedule works without JavaScript: what is entered is shown before it is saved."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.backup.conftest import Site, csrf_of, words_of
from tests.backup.schedule.test_api import keep

PAGE = "/admin/backup/schedule"

USUAL = {
    "kind": "daily",
    "exporters": "keep",
    "every_hours": "6",
    "at": "03:30",
    "weekday": "sun",
    "cron": "",
    "zone": "Europe/Berlin",
    "method": "snapshot",
    "drill": "daily",
    "retries": "4",
    "retry_seconds": "60",
    "jitter_seconds": "0",
}
ONE = {"enabled": "on", "last": "1", "daily": "0", "weekly": "0", "monthly": "0", "zone": "UTC", "manual": "on"}


@pytest.fixture
def admin(site: Site) -> Site:
    site.sign_in()
    return site


def page(site: Site, query: str = "") -> str:
    answer = site.client.get(f"{PAGE}{query}", headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


def send(site: Site, path: str, fields: dict[str, Any]) -> httpx.Response:
    """As a browser without scripts does."""
    data = {"_csrf_token": csrf_of(page(site)), **fields}
    return site.client.post(f"{PAGE}{path}", data=data, headers={"accept": "text/html"}, follow_redirects=False)


def test_at_first_it_says_that_no_backup_is_made_by_itself(admin: Site) -> None:
    words = words_of(page(admin))
    assert "Backups are made not by themselves" in words
    assert "Last scheduled backup none yet" in words
    assert "No backup is removed in time" in words


def test_a_schedule_is_saved_and_told_in_words_with_its_next_times(admin: Site) -> None:
    answer = send(admin, "", USUAL)
    assert answer.status_code == 303, answer.text
    shown = page(admin, answer.headers["location"].removeprefix(PAGE))
    assert "Saved Backups are made every day at 03:30 (Europe/Berlin)." in words_of(shown)
    assert shown.count("03:30 CE") == 6, "the next one, and the list of five"
    assert 'name="exporters" value="keep" checked' in shown


def test_a_schedule_of_every_minute_can_be_saved(admin: Site) -> None:
    """In each of the two ways to say it; the form shows the hours as it takes them."""
    for fields in ({"kind": "cron", "cron": "* * * * *"}, {"kind": "every", "every_hours": "0,0167"}):
        assert send(admin, "", USUAL | fields).status_code == 303
        assert "Backups are made every minute" in words_of(page(admin))


def test_the_next_times_are_shown_before_anything_is_saved(admin: Site) -> None:
    answer = send(admin, "/times", USUAL | {"kind": "cron", "cron": "0 4 1 * *"})
    assert answer.status_code == 200
    assert "The next times, if you save this" in words_of(answer.text)
    assert answer.text.count(", 04:00 CE") == 5
    assert 'value="0 4 1 * *"' in answer.text
    assert "not by themselves" in words_of(page(admin))


WRONG = (
    ({"zone": "Europe/Atlantis"}, "Time zone: There is no time zone of this name"),
    ({"kind": "cron", "cron": "* * * * * *"}, "Cron expression: Give five fields"),
    ({"kind": "every", "every_hours": "0.01"}, "Hours: Choose from a minute"),
    ({"kind": "every", "every_hours": "many"}, "Hours: Give a number"),
    ({"retries": "-1"}, "Tries: Give a whole number from 0 to 10."),
    ({"kind": "daily", "at": ""}, "Time: Give the time as HH:MM"),
    ({"exporters": "moon"}, "Where to: There is no archive 'moon'"),
    ({"exporters": []}, "Where to: Say where to: keep."),
)


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(admin: Site) -> None:
    for wrong, words in WRONG:
        for path in ("", "/times"):
            answer = send(admin, path, USUAL | wrong)
            assert answer.status_code == 422
            assert words in words_of(answer.text).replace(" :", ":")
            for value in wrong.values():
                assert value == "moon" or not value or f'"{value}"' in answer.text
    assert "not by themselves" in words_of(page(admin))


def test_what_would_go_is_shown_before_it_is_saved_and_nothing_is_deleted_by_that(admin: Site) -> None:
    first, second = keep(admin), keep(admin)
    answer = send(admin, "/retention/preview", ONE)
    assert answer.status_code == 200, answer.text
    words = words_of(answer.text)
    assert "If you save this What is kept: the last one." in words
    assert "1 of 2 goes" in words
    assert "not asked for any more" in words
    assert 'type="hidden" name="manual" value="on"' in answer.text, "what was entered is what is saved"
    saved = send(admin, "/retention", ONE)
    assert saved.status_code == 303
    shown = page(admin, saved.headers["location"].removeprefix(PAGE))
    assert "Nothing is deleted by that" in words_of(shown)
    assert "Delete it now" in words_of(shown)
    answer = send(admin, "/prune", {})
    assert "one backup was deleted" in words_of(answer.text)
    assert "Nothing goes" in words_of(answer.text)
    (archive,) = admin.api("GET", "/archives", "backup:read").json()
    assert [backup["id"] for backup in archive["backups"]] == [second] != [first]


def test_a_size_is_given_in_gigabytes(admin: Site) -> None:
    answer = send(admin, "/retention", ONE | {"max_gigabytes": "0,5"})
    assert answer.status_code == 303
    assert admin.api("GET", "/retention", "backup:read").json()["max_bytes"] == 500_000_000
    assert 'value="0.5"' in page(admin)
    answer = send(admin, "/retention/preview", ONE | {"max_gigabytes": "nan", "last": "1.5"})
    assert answer.status_code == 422
    assert "Gigabytes: Give a number from 0.001 to 1,000,000." in words_of(answer.text).replace(" :", ":")
    assert "Latest: Give a whole number" in words_of(answer.text).replace(" :", ":")


def test_what_must_stay_and_is_too_much_is_said(admin: Site) -> None:
    keep(admin)
    answer = send(admin, "/retention/preview", ONE | {"max_gigabytes": "0.001"})
    assert "Nothing goes" in words_of(answer.text)
    assert answer.status_code == 200


def test_a_form_that_is_not_this_pages_changes_nothing(admin: Site) -> None:
    answer = admin.client.post(PAGE, data=USUAL, headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 403
    assert send(admin, "", USUAL | {"kind": "hourly"}).status_code == 422
    assert "not by themselves" in words_of(page(admin))


def test_only_admins_see_it(site: Site) -> None:
    assert site.client.get(PAGE, headers={"accept": "text/html"}, follow_redirects=False).status_code == 303
