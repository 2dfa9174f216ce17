"""/admin/alarms in a browser without scripts: set up, tried, corrected, removed; and no secret comes back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from berrypod.events import NotificationFailed, NotificationSent, NotificationSettingsChanged
from berrypod.settings import Settings
from tests.notify.conftest import BAD, Neighbour
from tests.notify.servers import MailServer, WebServer
from tests.notify.serving import admin_settings, cheap_passwords, neighbour, served, shop, shop_file_with_admin, site
from tests.web.admin.conftest import Page, Shop, Visitor
from tests.web.admin.test_pages import _check

__all__ = ["admin_settings", "cheap_passwords", "neighbour", "shop", "shop_file_with_admin", "site"]

PAGE = "/admin/alarms"
FORMS = "/admin/notify"


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    visitor = shop.visitor()
    visitor.sign_in()
    return visitor


def send(visitor: Visitor, action: str, **fields: str) -> Page:
    page = visitor.post(f"{FORMS}/{action}", on=PAGE, **fields)
    return visitor.follow(page) if page.status == 303 else page


def mail(server: MailServer, **more: str) -> dict[str, str]:
    return {
        "host": "localhost",
        "port": str(server.port),
        "security": server.security,
        "username": "",
        "password": "",
        "sender": "shop@example.com",
        "recipients": "ana@example.com, ben@example.com",
    } | more


def test_the_page_is_in_the_navigation_and_says_that_nobody_is_told(visitor: Visitor) -> None:
    assert f'href="{PAGE}"' in visitor.get("/admin").html
    page = visitor.get(PAGE)
    _check(page)
    assert "All is well" in page.text
    assert "Nobody is told" in page.text
    assert "E-mail Not set up" in page.text
    assert "Nothing was sent yet" in page.text


def test_what_is_not_well_stands_on_the_page(visitor: Visitor, neighbour: Neighbour) -> None:
    neighbour.conditions = [BAD]
    page = visitor.get(PAGE)
    assert "The disk is full Nothing is left. Make one." in page.text
    assert 'href="/admin/backup">See to it' in page.html


def test_e_mail_is_set_up_tried_and_removed(
    visitor: Visitor, shop: Shop, mail_server: Callable[..., MailServer]
) -> None:
    server = mail_server()
    page = send(visitor, "email", **mail(server))
    _check(page)
    assert "It is saved" in page.text
    assert f"ana@example.com, ben@example.com by localhost:{server.port}" in page.text
    assert "Nobody is told" not in page.text

    page = send(visitor, "email/test")
    assert "E-mail: the test was handed over" in page.text
    assert server.subjects() == ["[Berrypod] This is a test"]
    assert server.recipients == [["ana@example.com", "ben@example.com"]]

    page = send(visitor, "email/remove")
    assert "It is removed" in page.text
    assert "Nobody is told" in page.text
    told = [
        (event.name, event.notifier, event.actor)
        for event in shop.told()
        if isinstance(event, NotificationSettingsChanged | NotificationSent)
    ]
    assert told == [
        ("notification.settings_changed", "email", "admin:ana@example.com"),
        ("notification.sent", "email", "admin:ana@example.com"),
        ("notification.settings_changed", "email", "admin:ana@example.com"),
    ]


def test_a_test_that_fails_says_what_failed_and_what_to_do(
    visitor: Visitor, shop: Shop, mail_server: Callable[..., MailServer]
) -> None:
    server = mail_server(password="open sesame", security="tls")
    send(visitor, "email", **mail(server, username="shop", password="open barley", security="tls"))
    page = send(visitor, "email/test")
    _check(page)
    assert "E-mail: the test was not sent" in page.text
    assert "certificate that is not to be believed" in page.text
    assert "SSL_CERT_FILE" in page.text
    (failed,) = [event for event in shop.told() if isinstance(event, NotificationFailed)]
    assert (failed.kind, failed.actor) == ("test", "admin:ana@example.com")


def test_one_recipient_who_is_refused_is_told_by_a_test(
    visitor: Visitor, mail_server: Callable[..., MailServer]
) -> None:
    server = mail_server(refuse_recipients=("ben@example.com",))
    send(visitor, "email", **mail(server))
    page = send(visitor, "email/test")
    assert "took it, but not for: ben@example.com (550 no such mailbox)" in page.text
    assert len(server.taken) == 1


@pytest.mark.usefixtures("trusted")
def test_a_password_is_never_shown_kept_for_its_server_and_sent_to_no_other(
    visitor: Visitor, mail_server: Callable[..., MailServer]
) -> None:
    server = mail_server(password="open sesame", security="starttls")
    fields = mail(server, username="shop", password="open sesame")
    assert "sesame" not in send(visitor, "email", **fields).html
    assert "Empty keeps the one that is there" in visitor.get(PAGE).text

    page = send(visitor, "email", **fields | {"password": "", "recipients": "ana@example.com"})
    assert "It is saved" in page.text
    assert "handed over" in send(visitor, "email/test").text
    assert server.recipients == [["ana@example.com"]]

    page = send(visitor, "email", **fields | {"password": "", "host": "evil.example.com"})
    assert page.status == 422
    assert "sent to no other server" in page.text
    assert f"by localhost:{server.port}" in visitor.get(PAGE).text


def test_a_form_that_makes_no_sense_comes_back_with_what_is_wrong(visitor: Visitor) -> None:
    page = send(
        visitor,
        "email",
        host="https://mail",
        port="0",
        security="rot13",
        username="ana",
        password="",
        sender="nobody",
        recipients=" , ",
    )
    _check(page)
    assert page.status == 422
    for words in (
        "The name of the mail server, as mail.example.com",
        "A number from 1 to 65535",
        "Choose one of: starttls, tls, none",
        "'nobody' is no e-mail address",
        "At least one address",
        "the server asks for the password",
    ):
        assert words in page.text
    assert 'value="https://mail"' in page.html
    assert "Not set up" in visitor.get(PAGE).text


def test_whatever_is_sent_is_refused_in_peace(visitor: Visitor) -> None:
    wrong: list[dict[str, str]] = [{}, {"host": "\x00", "port": "9" * 5000}, {"recipients": "a@b.c," * 5000}]
    assert {send(visitor, "email", **fields).status for fields in wrong} == {422}


def test_the_webhook_is_set_up_signed_tried_and_removed(visitor: Visitor, web_server: Callable[..., WebServer]) -> None:
    server = web_server()
    page = send(visitor, "webhook", url=server.url, secret="open sesame")
    _check(page)
    assert "/…, signed" in page.text
    assert "s3cr3t-path" not in page.html
    assert "sesame" not in page.html
    assert "handed over" in send(visitor, "webhook/test").text
    assert "x-berrypod-signature" in server.taken[0][0]

    send(visitor, "webhook", url="", secret="")
    send(visitor, "webhook/test")
    assert "x-berrypod-signature" in server.taken[1][0]
    assert "/…, not signed" in send(visitor, "webhook", url="", secret="", unsigned="yes").text
    send(visitor, "webhook/test")
    assert "x-berrypod-signature" not in server.taken[2][0]
    assert "Nobody is told" in send(visitor, "webhook/remove").text


def test_a_webhook_goes_to_http_and_nowhere_else(visitor: Visitor) -> None:
    for url in ("", "ftp://a.b/", "https://", "javascript:alert(1)", "http://[::1", "http://a b/"):
        page = send(visitor, "webhook", url=url, secret="")
        assert page.status == 422
        assert "begins with https://" in page.text


def test_the_pace_is_set(visitor: Visitor) -> None:
    assert 'value="6, 24"' in visitor.get(PAGE).html
    assert "It is saved" in send(visitor, "pace", remind_hours="1, 12;48").text
    assert 'value="1, 12, 48"' in visitor.get(PAGE).html
    page = send(visitor, "pace", remind_hours="soon")
    assert page.status == 422
    assert "as 6, 24" in page.text


def test_what_the_environment_says_wins_and_has_no_form(
    admin_settings: Settings, mail_server: Callable[..., MailServer]
) -> None:
    server = mail_server()
    environ = server.environ("carl@example.com")
    with served(admin_settings, Neighbour([]), environ) as shop:
        visitor = shop.visitor()
        visitor.sign_in()
        page = visitor.get(PAGE)
        _check(page)
        assert "carl@example.com by localhost" in page.text
        assert "set by the environment" in page.text
        assert "Change e-mail" not in page.text
        assert "handed over" in send(visitor, "email/test").text
        assert send(visitor, "email", **mail(server)).status == 422
        assert send(visitor, "email/remove").status == 422
    assert server.recipients == [["carl@example.com"]]


def test_notifiers_of_other_plugins_are_tried_here_too(visitor: Visitor, neighbour: Neighbour) -> None:
    (ana,) = neighbour.people
    ana.set_up = True
    assert "Of the plugin neighbour" in visitor.get(PAGE).text
    assert "Ana: the test was handed over" in send(visitor, "ana/test").text
    assert ana.heard == [("test", "test")]
    ana.failure = "The line is dead"
    assert "The line is dead Mend it." in send(visitor, "ana/test").text
    assert send(visitor, "ana/remove").status == 404
    assert send(visitor, "email/test").status == 409
    assert send(visitor, "nobody/test").status == 404


def test_only_admins_see_and_change_it(shop: Shop) -> None:
    stranger = shop.visitor()
    assert stranger.get(PAGE).leads_to.startswith("/admin/login")
    for action in ("email", "webhook", "pace", "email/test", "email/remove"):
        assert re.search("login|40[13]", f"{(page := stranger.post(f'{FORMS}/{action}')).leads_to} {page.status}")
