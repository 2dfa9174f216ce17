"""The page in every state that a restore can be in, also those that take a crash or a bad disk to come about."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any, get_args

import pytest
from berrypod_restore.faults import RestoreRunning, StateChanged, WouldLose
from berrypod_restore.panel import Panel
from berrypod_restore.records import CONFIRMATION, RestoreRecord, Source
from berrypod_restore.service import Restores
from berrypod_restore.verdicts import Code, verdict
from berrypod_restore.views import RestoreView, UndoView, Visit
from berrypod_restore.wording import age, ended
from jinja2 import Environment, PackageLoader
from msgspec import structs

from berrypod.context import PluginContext
from berrypod.errors import Invalid
from berrypod.records import Trouble
from berrypod.web.templating import create_environment
from tests.restore.page import samples

VISIT = Visit(token="the-token", email="owner@example.com", now=samples.NOW)


@pytest.fixture(scope="module")
def environment() -> Environment:
    """Templates are compiled once for all tests."""
    return create_environment(PackageLoader("berrypod_restore"))


@pytest.fixture
def panel(berrypod_context: PluginContext, environment: Environment) -> Panel:
    return Panel(replace(berrypod_context, environment=lambda _: environment), Restores.__new__(Restores))


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def page(panel: Panel, record: RestoreRecord, **more: Any) -> str:
    fields: dict[str, Any] = {"phase": record.state, "visit": VISIT, **more}
    if record.state == "ready":
        fields = {"comparison": samples.SOME_LOST, "expect": "expected", **fields}
    html = panel.page(RestoreView(record=record, **fields))
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", html), "the policy refuses it"
    for form in re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL):
        assert 'name="_csrf_token" value="the-token"' in form
    return html


@pytest.mark.parametrize("code", [code for code in get_args(Code) if code not in ("valid", "schema_older")])
def test_each_refusal_says_what_is_wrong_what_to_do_and_that_nothing_happened(panel: Panel, code: Code) -> None:
    html = page(panel, samples.refused(code))
    told = words(html)
    assert f'data-verdict="{code}"' in html
    expected = verdict(code)
    for text in (expected.title, expected.message, expected.hint):
        assert " ".join(text.replace("`", " ").split()) in " ".join(told.split()), text
    assert "the shop goes on as it is" in told
    assert "/apply" not in html, "there is nothing to confirm"
    assert "<svg" in html


def test_no_two_kinds_of_trouble_have_the_same_drawing(panel: Panel) -> None:
    """Those that mean the same to an admin may share one; a damaged file and a wrong key do not."""

    def drawing(code: Code) -> str:
        found = re.search(r"<svg.*?</svg>", page(panel, samples.refused(code)), re.DOTALL)
        assert found
        return found[0]

    kinds: tuple[Code, ...] = (
        "wrong_key", "plain", "truncated", "damaged", "foreign_database", "schema_newer", "foreign_objects",
        "empty", "half_written", "journal_beside", "broken_references", "other_cipher_settings",
    )  # fmt: skip
    assert len({drawing(code) for code in kinds}) == len(kinds)


def test_another_key_is_asked_for_and_never_shown_again(panel: Panel) -> None:
    html = page(panel, samples.refused("wrong_key"))
    field = re.search(r"<input[^>]*name=\"key\"[^>]*>", html)
    assert field
    assert 'type="password"' in field[0]
    assert 'autocomplete="off"' in field[0]
    assert "value=" not in field[0]
    assert "aria-invalid" not in field[0]
    tried = page(panel, samples.refused("wrong_key", error=Trouble(code="wrong_key", message="Not it.", hint="Again.")))
    assert "Not it." in words(tried)
    assert 'aria-invalid="true"' in tried
    assert "another key" not in words(page(panel, samples.refused("damaged")))


def test_a_file_that_anybody_can_read_may_be_encrypted(panel: Panel) -> None:
    html = page(panel, samples.refused("plain"))
    assert f'action="/admin/backup/restores/{samples.ID}/encrypt"' in html
    assert 'name="key"' not in html


def test_a_guard_that_refuses_is_named_with_its_plugin(panel: Panel) -> None:
    refused = samples.record(
        "refused", verdict=verdict("valid"), candidate=samples.candidate(), guards=(samples.REFUSAL,)
    )
    told = words(page(panel, refused))
    assert "The year 2025 is closed" in told
    assert "reopen the year in the tax archive first" in told
    assert "a guard of the plugin tax-archive" in told
    assert "A whole backup of a shop" not in told, "which would contradict it"
    failed = samples.record("refused", verdict=verdict("valid"), guards=(samples.BROKEN_GUARD, samples.WARNING))
    told = words(page(panel, failed))
    assert "no answer within 30 seconds" in told
    assert "BERRYPOD_DISABLED_PLUGINS=tax-archive" in told
    assert "Orders shrink by 90 %" in told


def test_what_would_be_lost_stands_before_all_else(panel: Panel) -> None:
    html = page(panel, samples.ready())
    told = words(html)
    assert told.index("What would be lost") < told.index("What would come back") < told.index("Side by side")
    assert told.index("Side by side") < told.index("Bring it back") < told.index("Replace the shop with this backup?")
    for text in ("Orders 3 worth €156.40 newest 14 March 2026, 09:26 UTC", "K7QM-2XWD", "3HVP-9RTA", "W2XC-5MNE"):
        assert text in told
    assert "1 product would be set back" in told
    assert "price: €6.50 now, €5.90 in the backup" in told
    assert f'href="/admin/backup/restores/{samples.ID}/lost/orders.csv"' in html
    assert f'href="/admin/backup/restores/{samples.ID}/lost/products.csv?changed=true"' in html
    assert "Plum Tee" in told


def test_side_by_side_shows_the_difference_of_each_table(panel: Panel) -> None:
    told = words(page(panel, samples.ready()))
    assert "Orders 1,204 1,201 −3" in told  # noqa: RUF001 - a minus sign, as wide as the plus
    assert "Pictures 96 98 +2" in told
    assert "4 tables have as many rows in both" in told
    assert "Key 5f3a-91c2 5f3a-91c2" in told


def test_nothing_lost_is_said_as_well(panel: Panel) -> None:
    told = words(page(panel, samples.ready(), comparison=samples.NOTHING_LOST))
    assert "What would be lost Nothing Everything that the shop has now is in the backup as well." in told
    assert "Nothing would be lost." in told, "in the confirmation, too"


def test_more_than_can_be_listed_are_counted(panel: Panel) -> None:
    told = words(page(panel, samples.ready(), comparison=samples.MANY_LOST))
    assert "Orders 1,084" in told
    assert "And 1,034 older ones." in told
    assert "and 1,079 more" in told


def test_a_shop_that_cannot_be_read_is_no_obstacle(panel: Panel) -> None:
    html = page(panel, samples.ready(), comparison=samples.UNREADABLE)
    assert "Nobody can say: the shop's own file cannot be read" in words(html)
    assert "page 12 of 2,048" in words(html)
    assert "/apply" in html
    assert not re.search(r"puts it back|put back", words(html)), "what could not be read is not put back"
    missing = structs.replace(samples.UNREADABLE, current_missing=True)
    assert "It is kept" not in words(page(panel, samples.ready(), comparison=missing))


def test_the_confirmation_is_bound_to_what_was_compared(panel: Panel) -> None:
    html = page(panel, samples.ready())
    dialog = re.search(r"<dialog.*?</dialog>", html, re.DOTALL)
    assert dialog
    assert " open" not in dialog[0].split(">")[0]
    assert 'name="expect" value="expected"' in dialog[0]
    assert CONFIRMATION in words(dialog[0])
    assert "3 orders, worth €156.40, the newest of 14 March 2026, 09:26 UTC" in words(dialog[0])
    assert "keep_account" not in dialog[0]
    assert "accept_newer" not in dialog[0]
    assert 'name="confirm"' in dialog[0]
    assert 'value="Replace' not in dialog[0], "the words are typed, not sent along"


def test_without_scripts_a_link_opens_the_confirmation(panel: Panel) -> None:
    assert f'href="/admin/backup/restores/{samples.ID}?confirm=1#confirm"' in page(panel, samples.ready())
    opened = page(panel, samples.ready(), visit=replace(VISIT, confirming=True))
    assert re.search(r"<dialog[^>]* open>", opened)


def test_an_account_that_is_not_in_the_file_is_kept_unless_chosen_otherwise(panel: Panel) -> None:
    html = page(panel, samples.ready(), account_missing=True)
    assert "Your account is not in this backup" in words(html)
    assert "owner@example.com could not sign in afterwards" in words(html)
    box = re.search(r'<input[^>]*name="keep_account"[^>]*>', html)
    assert box
    assert " checked" in box[0]


def test_words_that_are_wrong_are_told_in_the_confirmation(panel: Panel) -> None:
    html = page(
        panel,
        samples.ready(),
        visit=VISIT.refused(Invalid("These are other words", fields={"confirm": "Type them again."})),
    )
    dialog = re.search(r"<dialog[^>]* open>.*?</dialog>", html, re.DOTALL)
    assert dialog
    assert "These are other words Type them again." in words(dialog[0])
    assert 'aria-invalid="true"' in dialog[0]
    assert "accept_newer" not in dialog[0]


def test_a_shop_that_changed_meanwhile_is_told_with_what_is_new(panel: Panel) -> None:
    since = samples.NOW - timedelta(minutes=10)
    html = page(panel, samples.ready(), visit=VISIT.refused(StateChanged(), since))
    dialog = re.search(r"<dialog[^>]* open>.*?</dialog>", html, re.DOTALL)
    assert dialog
    assert "The shop has changed since you compared" in words(dialog[0])
    assert "K7QM-2XWD €34.00 New 3HVP-9RTA €102.50 W2XC-5MNE" in words(dialog[0])
    assert 'name="accept_newer"' in dialog[0]
    assert " checked" not in dialog[0], "to go on is a choice"


def test_who_came_second_is_told_who_is_at_it(panel: Panel) -> None:
    error = RestoreRunning("A database is being restored already, since 09:29:58 UTC by other@example.com")
    told = words(page(panel, samples.ready(), visit=VISIT.refused(error)))
    assert "since 09:29:58 UTC by other@example.com" in told
    assert "Yours has changed nothing" in told


@pytest.mark.parametrize(
    ("stage", "now"),
    [
        ("waiting", "Making sure that nothing has changed"),
        ("closing", "Requests that are under way end, new ones wait"),
        ("replacing", "The files are exchanged"),
        ("checking", "The shop is checked"),
        ("opening", "The shop opens again"),
    ],
)
def test_the_stages_are_told(panel: Panel, stage: str, now: str) -> None:
    html = page(panel, samples.record("applying", stage=stage))
    current = re.findall(r'aria-current="step"[^>]*>([^<]+)<', html)
    assert current == [now]
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in html
    assert "/discard" not in html, "it cannot be cancelled any more"


def test_what_takes_long_can_be_cancelled_and_follows_itself(panel: Panel) -> None:
    for record, phase, said in (
        (samples.record("uploading", source="kept", progress=0.42), "uploading", "Fetching it 42 %"),
        (samples.record("inspecting", stage="reading", progress=0.7), "inspecting", "Reading every page 70 %"),
        (samples.ready(), "comparing", "Comparing it with the shop"),
    ):
        html = page(panel, record, phase=phase, comparison=None)
        assert said in words(html)
        assert "/discard" in html
        assert "http-equiv" in html
    assert "http-equiv" not in page(panel, samples.ready())


def test_the_outcome_says_on_what_the_shop_runs_and_how_to_go_back(panel: Panel) -> None:
    applied = samples.record("applied", outcome="replaced", closed_seconds=0.21, former=samples.FORMER.id)
    html = page(panel, applied, former=samples.FORMER)
    assert "The shop runs on the backup" in words(html)
    assert "Customers waited for 0.2 seconds." in words(html)
    assert "You are still signed in" in words(html)
    assert 'action="/admin/backup/restores/undo"' in html
    assert f'name="former" value="{samples.FORMER.id}"' in html
    gone = page(panel, applied, former=None)
    assert 'action="/admin/backup/restores/undo"' not in gone, "it has been removed meanwhile"


def test_orders_that_came_too_late_are_named(panel: Panel) -> None:
    late = samples.record("applied", former=samples.FORMER.id, arrived_since=("K7QM-2XWD", "3HVP-9RTA"))
    told = words(page(panel, late, former=samples.FORMER))
    assert "2 orders came too late" in told
    assert "K7QM-2XWD 3HVP-9RTA" in told


@pytest.mark.parametrize(
    ("record", "heading", "outcome", "said"),
    [
        (
            samples.record("failed", stage="checking", outcome="returned", error=samples.DAMAGED),
            "The shop was not replaced",
            "returned",
            "the former one returned by itself. Nothing is lost.",
        ),
        (
            samples.record("failed", stage="closing", outcome="unchanged", error=samples.DAMAGED),
            "The shop was not replaced",
            "unchanged",
            "It ended before the files were exchanged. Nothing has changed.",
        ),
        (
            samples.record("failed", source="kept", error=samples.DAMAGED),
            "The backup could not be looked at",
            "not-taken",
            "The shop was not touched",
        ),
        (
            samples.record("interrupted", stage="replacing", outcome="replaced", error=samples.DAMAGED),
            "The shop runs on the backup",
            "replaced",
            "It was interrupted, and is done",
        ),
        (
            samples.record("interrupted", stage="closing", outcome="unchanged", error=samples.DAMAGED),
            "The shop was not replaced",
            "unchanged",
            "The shop is as it was",
        ),
        (
            samples.record("interrupted", stage="reading", error=samples.DAMAGED),
            "The check was interrupted",
            "not-taken",
            "The shop was not touched",
        ),
        (
            samples.record("failed", operation="undo", source="former", outcome="returned", error=samples.DAMAGED),
            "The former shop was not put back",
            "returned",
            "The shop is as it was",
        ),
    ],
)
def test_whatever_goes_wrong_it_is_told_what_became_of_the_shop(
    panel: Panel, record: RestoreRecord, heading: str, outcome: str, said: str
) -> None:
    html = page(panel, record)
    assert f">{heading}</h1>" in html
    assert f'data-outcome="{outcome}"' in html
    assert said in words(html)
    assert "page 12 of 2,048" in words(html)
    assert "What to do: Choose an earlier backup." in words(html)


def test_an_undo_that_would_lose_something_asks_first(panel: Panel) -> None:
    view = UndoView(
        former=samples.FORMER, visit=VISIT.refused(WouldLose()), comparison=samples.SOME_LOST, expect="expected"
    )
    html = panel.undo(view)
    told = words(html)
    assert "Nothing was replaced." in told
    assert "the former shop has not" in told
    assert "send `expect`" not in told
    assert 'name="expect" value="expected"' in html
    assert "/admin/backup/restores/undo/lost/orders.csv?former=" in html
    assert re.search(r"/undo/lost/products.csv\?former=[\w-]+&amp;changed=true", html)
    assert "accept_newer" not in html
    changed = panel.undo(replace(view, visit=VISIT.refused(StateChanged(), samples.NOW - timedelta(minutes=10))))
    assert "accept_newer" in changed
    assert "New" in words(changed)


def test_what_strangers_have_written_is_escaped(panel: Panel) -> None:
    evil = "<script>alert(1)</script>"
    lost = samples.comparison(lost={"orders": samples.losses("orders", samples.order(evil, 1, detail=evil))})
    guard = structs.replace(samples.WARNING, title=evil, message=evil, hint=evil, plugin=evil)
    html = page(panel, samples.ready(filename=evil, by=evil, guards=(guard,)), comparison=lost)
    assert "<script>alert" not in html
    assert "<script>alert" not in page(
        panel, samples.record("failed", error=Trouble(code="x", message=evil, hint=evil))
    )


@pytest.mark.parametrize("source", get_args(Source))
def test_it_is_told_where_a_file_came_from(panel: Panel, source: Source) -> None:
    said = words(page(panel, samples.ready(source=source, by="cli")))
    assert " by the command line, 14 March 2026" in said


def test_the_panel_says_how_the_last_one_ended() -> None:
    replaced = samples.record("applied", outcome="replaced")
    assert ended(replaced) == ("A backup was brought back", "berrypod-backup-20260314-063000.db.", "good")
    late = structs.replace(replaced, arrived_since=("K7QM-2XWD",))
    assert ended(late)[1:] == ("berrypod-backup-20260314-063000.db. One order came too late.", "warn")
    assert ended(structs.replace(replaced, operation="undo", filename=None)) == (
        "The former shop was put back",
        "",
        "good",
    )
    returned = samples.record("failed", outcome="returned", error=samples.DAMAGED)
    assert ended(returned)[0] == "The new file did not pass the check: the shop as it was returned by itself"
    assert ended(returned)[2] == "bad"
    interrupted = samples.record("interrupted", outcome="replaced")
    assert ended(interrupted)[0] == "Interrupted, and finished at the next start: the shop runs on the backup"
    assert "the shop is as it was" in ended(samples.record("failed", stage="closing", outcome="unchanged"))[0]
    assert ended(samples.record("failed", source="kept"))[0] == "A backup could not be looked at"


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=50), "5 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_age_is_told_in_words(passed: timedelta, told: str) -> None:
    assert age(samples.NOW - passed, samples.NOW) == told
