"""The confirmation, what comes of it, and the way back."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from berrypod_restore import panel
from berrypod_restore.records import CONFIRMATION

from berrypod.storage.files import people_size
from tests.conftest import KEY
from tests.restore.making import change
from tests.restore.page.conftest import OpenSite, Site, hidden, words


def test_confirmed_with_the_words_it_replaces_the_shop_and_the_admin_stays_signed_in(site: Site) -> None:
    site.order("KEPT-0001")
    file = site.backup()
    site.order("LOST-0001")
    path = site.uploaded(file)
    page = site.followed(site.confirm(path, confirm=f" {CONFIRMATION} "))
    assert "The shop runs on the backup" in words(page)
    assert "LOST-0001" not in words(page)
    assert site.orders == ["KEPT-0001"]
    panel = words(site.get("/admin/backup").text)
    assert "A backup was brought back backup.db." in panel
    assert "The shop as it was before" in panel
    (former,) = site.call(site.restores.formers)
    assert f"just now · {people_size(former.size_bytes)} · last change " in panel
    assert "replaced by ada@example.org" in panel
    assert former.filename in panel


def test_the_audit_log_says_who_did_what_when_from_where_and_how_it_ended(site: Site) -> None:
    """It lies outside of what was replaced, and has the whole story."""
    path = site.uploaded(site.backup())
    site.followed(site.confirm(path))
    record = site.call(lambda: site.restores.get(path.rsplit("/", 1)[1]))
    told = words(site.get(f"/admin/audit?kind=restores&q={record.sha256}").text)
    size_and_digest = f"{people_size(record.received_bytes)} · SHA-256 {record.sha256[:16]}…"
    came = f"A file for a restore is here uploaded in the browser · {size_and_digest} ada@example.org from testclient"
    confirmed = f"A restore was confirmed {size_and_digest} ada@example.org from testclient"
    ended = f"The shop's database was replaced by a backup {size_and_digest} · the shop was closed for "
    assert told.index(ended) < told.index(confirmed) < told.index(came), "the newest first"
    stages = words(site.get(f"/admin/audit?kind=restores&q={record.id}").text)
    assert stages.index("the new file is being checked") < stages.index("the file is being replaced")
    assert re.search(r"\b\d\d:\d\d:\d\d UTC", stages)


def test_how_it_ended_is_news_for_a_while(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.followed(site.confirm(site.uploaded(site.backup())))
    assert "A backup was brought back" in words(site.get("/admin/backup").text)
    monkeypatch.setattr(panel, "_NEWS_FOR", timedelta(0))
    assert "A backup was brought back" not in words(site.get("/admin/backup").text)
    assert "The shop as it was before" in words(site.get("/admin/backup").text)


def test_other_words_replace_nothing(site: Site) -> None:
    file = site.backup()
    site.order("KEPT-0001")
    path = site.uploaded(file)
    for given in ("", "replace current database", "yes"):
        answer = site.confirm(path, confirm=given)
        assert answer.status_code == 422
        assert re.search(r"<dialog[^>]* open>", answer.text)
        assert "The words do not match" in words(answer.text)
    assert site.orders == ["KEPT-0001"]
    assert site.call(site.restores.formers) == []


def test_without_a_script_a_link_opens_the_confirmation(site: Site) -> None:
    path = site.uploaded(site.backup())
    assert not re.search(r"<dialog[^>]* open>", site.get(path).text)
    assert re.search(r"<dialog[^>]* open>", site.get(f"{path}?confirm=1").text)


def test_an_order_in_between_is_shown_once_and_then_it_may_go_on(site: Site) -> None:
    file = site.backup()
    site.order("LOST-0001")
    path = site.uploaded(file)
    before = site.get(path).text
    fields = {"expect": hidden(before, "expect"), "looked_at": hidden(before, "looked_at")}
    site.order("LOST-0002")
    answer = site.send(f"{path}/apply", confirm=CONFIRMATION, **fields)
    assert answer.status_code == 409
    dialog = re.search(r"<dialog[^>]* open>.*?</dialog>", answer.text, re.DOTALL)
    assert dialog
    assert "The shop has changed since you compared" in words(dialog[0])
    assert re.search(r"LOST-0002 €24\.00 New LOST-0001 €24\.00 (?!New)", words(dialog[0]))
    assert site.orders == ["LOST-0001", "LOST-0002"]

    fields = {"expect": hidden(answer.text, "expect"), "accept_newer": "1"}
    site.order("LOST-0003")
    page = site.followed(site.send(f"{path}/apply", confirm=CONFIRMATION, **fields))
    assert "The shop runs on the backup" in words(page)
    assert "One order came too late" in words(page)
    assert "LOST-0003" in words(page)
    assert site.orders == []


def test_an_account_that_is_not_in_the_file_is_kept_or_not_as_chosen(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "without-ada.db"
    shutil.copyfile(site.backup(), file)
    change(file, KEY, "DELETE FROM admins")
    path = site.uploaded(file)
    page = site.get(path).text
    assert "Your account is not in this backup" in words(page)
    assert hidden(page, "account_asked") == "1"
    answer = site.confirm(path, account_asked="1", keep_account="1")
    assert "You are still signed in" in words(site.followed(answer))


def test_an_account_that_is_not_kept_is_gone(open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site()
    file = tmp_path / "without-ada.db"
    shutil.copyfile(site.backup(), file)
    change(file, KEY, "DELETE FROM admins")
    path = site.uploaded(file)
    answer = site.confirm(path, account_asked="1")
    assert answer.status_code == 303
    site.settled(path)
    assert site.get(path).headers["location"].startswith("/admin/login")


def test_what_is_applied_already_is_not_applied_again(site: Site) -> None:
    path = site.uploaded(site.backup())
    fields = {"confirm": CONFIRMATION, "expect": hidden(site.get(path).text, "expect")}
    site.followed(site.send(f"{path}/apply", **fields))
    again = site.send(f"{path}/apply", **fields)
    assert again.status_code == 303
    assert again.headers["location"] == path
    assert len(site.call(site.restores.formers)) == 1


def test_an_undo_takes_one_click_when_nothing_was_done_since(site: Site) -> None:
    """What the backup itself has brought back differs from the former shop, and is no loss."""
    site.run("INSERT INTO newsletter_subscribers (email, status, token, subscribed_at, created_at, updated_at) "
             "VALUES ('reader@example.org', 'subscribed', 'x', '2026-01-01', '2026-01-01', '2026-01-01')")  # fmt: skip
    file = site.backup()
    site.run("DELETE FROM newsletter_subscribers")
    site.order("LOST-0001")
    site.followed(site.confirm(site.uploaded(file)))
    assert site.orders == []
    former = hidden(site.get("/admin/backup").text, "former")
    page = site.followed(site.send("/admin/backup/restores/undo", former=former))
    assert "The former shop is back" in words(page)
    assert site.orders == ["LOST-0001"]
    assert "The former shop was put back" in words(site.get("/admin/backup").text)


@pytest.mark.parametrize(
    "since",
    [
        "UPDATE newsletter_subscribers SET status = 'unsubscribed', updated_at = '2099-01-01'",
        "UPDATE admins SET name = 'Bea', updated_at = '2099-01-01'",
        "INSERT INTO settings (key, value, updated_at) VALUES ('shop.tagline', '\"x\"', '2099-01-01')",
    ],
)
def test_an_undo_asks_when_anything_was_done_since(site: Site, since: str) -> None:
    site.run("DELETE FROM settings")
    site.run("INSERT INTO newsletter_subscribers (email, status, token, subscribed_at, created_at, updated_at) "
             "VALUES ('reader@example.org', 'subscribed', 'x', '2026-01-01', '2026-01-01', '2026-01-01')")  # fmt: skip
    site.followed(site.confirm(site.uploaded(site.backup())))
    site.run(since)
    former = hidden(site.get("/admin/backup").text, "former")
    asked = site.send("/admin/backup/restores/undo", former=former)
    assert asked.status_code == 409
    assert "Put the former shop back?" in words(asked.text)
    assert len(site.call(site.restores.formers)) == 1, "nothing was replaced"


def test_an_undo_that_would_lose_newer_orders_shows_them_first(site: Site) -> None:
    file = site.backup()
    site.order("BACK-0001")
    site.followed(site.confirm(site.uploaded(file)))
    site.order("NEW-0001")
    former = hidden(site.get("/admin/backup").text, "former")
    asked = site.send("/admin/backup/restores/undo", former=former)
    assert asked.status_code == 409
    assert "Put the former shop back?" in words(asked.text)
    assert "NEW-0001" in words(asked.text)
    assert site.orders == ["NEW-0001"]
    assert site.get(f"/admin/backup/restores/undo?former={former}").status_code == 200
    listed = site.get(f"/admin/backup/restores/undo/lost/orders.csv?former={former}")
    assert "NEW-0001" in listed.text
    assert "NEW-0001" not in site.get(f"/admin/backup/restores/undo/lost/orders.csv?former={former}&changed=true").text
    answer = site.send("/admin/backup/restores/undo", former=former, expect=hidden(asked.text, "expect"))
    assert "The former shop is back" in words(site.followed(answer))
    assert site.orders == ["BACK-0001"]


def test_what_is_gone_meanwhile_is_told_in_words_for_people(site: Site) -> None:
    """A second click, or another admin's: nothing of it is to be looked up by an API."""
    path = site.uploaded(site.backup())
    page = site.get(path).text
    assert site.send(f"{path}/discard").headers["location"] == "/admin/backup"
    assert site.send(f"{path}/discard").headers["location"] == "/admin/backup"
    for action in ("apply", "key", "encrypt"):
        answer = site.send(f"{path}/{action}", key="x", confirm=CONFIRMATION, expect=hidden(page, "expect"))
        gone = site.get(answer.headers["location"])
        assert (gone.status_code, "The backup page shows" in words(gone.text)) == (404, True)
    answer = site.send("/admin/backup/restores/undo", former="20200101-000000")
    gone = site.get(answer.headers["location"])
    assert (gone.status_code, "The backup page shows" in words(gone.text)) == (404, True)


def test_what_is_discarded_is_gone(site: Site) -> None:
    path = site.uploaded(site.backup())
    answer = site.send(f"{path}/discard")
    assert answer.headers["location"] == "/admin/backup"
    assert site.staged == []
    gone = site.get(path)
    assert gone.status_code == 404
    assert "This is no longer here" in words(gone.text)
    assert "The backup page shows what there is" in words(gone.text)


def test_what_waits_for_a_decision_is_told_on_the_panel(site: Site) -> None:
    path = site.uploaded(site.backup())
    page = site.get("/admin/backup").text
    assert "A backup waits for your decision" in words(page)
    assert f'href="{path}"' in page
