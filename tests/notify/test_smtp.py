"""E-mail: a real server takes it, and each way to fail is told for what it is."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from berrypod_notify import messages, smtp
from berrypod_notify.faults import NotSent
from berrypod_notify.settings import Mail

from berrypod.declarations import Notification, NotificationKind
from berrypod.settings import Settings
from tests.notify.conftest import BAD, NOON, WARN, Clock, process
from tests.notify.servers import MailServer

Start = Callable[..., MailServer]

ALARM = Notification(kind="alarm", part="backup", condition=WARN, since=NOON, at=NOON, shop="Berry & Plum")


def mail_for(server: MailServer, **more: Any) -> Mail:
    settings: dict[str, Any] = {
        "host": "localhost",
        "port": server.port,
        "security": server.security,
        "username": "shop" if server.password else "",
        "password": server.password,
        "sender": "shop@example.com",
        "recipients": ("ana@example.com", "ben@example.com"),
    }
    return Mail(**(settings | more))


async def deliver(mail: Mail, notification: Notification = ALARM, *, seconds: float = 60.0) -> str:
    message = messages.mail(notification, sender=mail.sender, recipients=mail.recipients)
    return await smtp.deliver(mail, message, ssl.create_default_context(), seconds=seconds)


async def refusal(mail: Mail, *, seconds: float = 60.0) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await deliver(mail, seconds=seconds)
    assert mail.password == "" or mail.password not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_it_arrives_with_every_security(mail_server: Start, security: str) -> None:
    server = mail_server(security=security)
    assert await deliver(mail_for(server)) == ""
    (message,) = server.taken
    assert server.recipients == [["ana@example.com", "ben@example.com"]]
    assert message["Subject"] == "[Berry & Plum] The backup is late"
    assert message["From"] == "Berry & Plum <shop@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_content().replace("\r\n", "\n")
    assert "By an hour.\nWhat to do: Make one." in body
    assert "Since 2026-03-14 12:00 UTC." in body
    assert "/admin/backup" in body


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_signs_in_with_the_password(mail_server: Start, security: str) -> None:
    server = mail_server(security=security, password="open sesame")
    await deliver(mail_for(server))
    assert len(server.taken) == 1


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_is_told_as_one(mail_server: Start) -> None:
    server = mail_server(security="starttls", password="open sesame")
    error = await refusal(mail_for(server, password="open barley"))
    assert "refused the user name or the password: 535" in error.message
    assert "made for programs" in error.hint


async def test_a_certificate_that_nobody_vouches_for_is_refused(mail_server: Start) -> None:
    for security in ("starttls", "tls"):
        server = mail_server(security=security)
        error = await refusal(mail_for(server))
        assert "certificate that is not to be believed" in error.message
        assert "SSL_CERT_FILE" in error.hint
        assert server.taken == []


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_name_is_refused(mail_server: Start) -> None:
    error = await refusal(mail_for(mail_server(security="tls", certified_as="other.example.com")))
    assert "not to be believed" in error.message
    assert "Hostname mismatch" in error.message


@pytest.mark.usefixtures("trusted")
async def test_a_server_without_starttls_gets_nothing_in_the_clear(mail_server: Start) -> None:
    server = mail_server(security="none")
    error = await refusal(mail_for(server, security="starttls"))
    assert "STARTTLS" in error.message
    assert "choose tls" in error.hint
    assert server.taken == []


async def test_a_server_that_knows_no_login_is_told_as_one(mail_server: Start) -> None:
    error = await refusal(mail_for(mail_server(), username="shop", password="open sesame"))
    assert "AUTH" in error.message
    assert "login" in error.hint


@pytest.mark.usefixtures("trusted")
async def test_tls_with_a_server_that_speaks_none_says_what_to_check(mail_server: Start) -> None:
    error = await refusal(mail_for(mail_server(security="none"), security="tls"))
    assert "cannot agree on TLS" in error.message
    assert "465" in error.hint


async def test_nobody_listens(mail_server: Start) -> None:
    server = mail_server()
    mail = mail_for(server)
    server.stop()
    error = await refusal(mail)
    assert "nothing listens there" in error.message


async def test_a_name_that_nobody_knows(mail_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", unknown, raising=False)
    error = await refusal(mail_for(mail_server(), host="no-such.invalid"))
    assert "no-such.invalid" in error.message
    assert "is not known" in error.message


async def test_a_server_that_says_nothing_is_given_up(mail_server: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        error = await refusal(mail_for(mail_server(), port=silent.getsockname()[1]), seconds=0.2)
    assert "gave no answer within 0.2 seconds" in error.message
    assert "firewall" in error.hint


async def test_one_refused_recipient_keeps_it_from_no_other(mail_server: Start) -> None:
    server = mail_server(refuse_recipients=("ben@example.com",))
    assert await deliver(mail_for(server)) == "ben@example.com (550 no such mailbox)"
    assert server.recipients == [["ana@example.com"]]


async def test_when_all_are_refused_it_is_not_sent(mail_server: Start) -> None:
    error = await refusal(mail_for(mail_server(refuse_recipients=("ana@example.com", "ben@example.com"))))
    assert "refused all recipients" in error.message
    assert "550 no such mailbox" in error.message


async def test_a_refused_sender_is_told_as_one(mail_server: Start) -> None:
    error = await refusal(mail_for(mail_server(refuse_sender=True)))
    assert "refused shop@example.com as the sender: 553 not yours" in error.message


async def test_a_full_mailbox_is_told_in_the_servers_words(mail_server: Start) -> None:
    error = await refusal(mail_for(mail_server(answer="452 the disk\tis full")))
    assert "did not take it: 452 the disk is full" in error.message


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("reminder", "[Berry & Plum] Still: The backup is late"),
        ("recovered", "[Berry & Plum] Well again: The backup is late"),
        ("test", "[Berry & Plum] The backup is late"),
    ],
)
def test_the_subject_says_what_is_new(kind: NotificationKind, subject: str) -> None:
    message = messages.mail(replace(ALARM, kind=kind), sender="shop@example.com", recipients=["ana@example.com"])
    assert message["Subject"] == subject


async def test_what_begins_at_the_same_moment_arrives_as_one_mail(
    mail_server: Start, settings: Settings, clock: Clock
) -> None:
    server = mail_server()
    environ = server.environ("ana@example.com")
    async with process(settings, clock, environ=environ) as world:
        world.neighbour.conditions = [replace(BAD, code="broken", title="The archive is broken"), BAD]
        await world.look()
    (subject,) = server.subjects()
    assert subject.endswith("The archive is broken, and 1 more")


def test_several_are_one_mail_with_the_worst_first() -> None:
    over = replace(ALARM, kind="recovered", condition=replace(WARN, code="away", title="S3 cannot be looked at"))
    full = replace(ALARM, condition=BAD)
    several = (over, ALARM, full)
    message = messages.mail(*several, sender="shop@example.com", recipients=["ana@example.com"])
    assert message["Subject"] == "[Berry & Plum] The disk is full, and 2 more"
    body = message.get_content()
    assert body.startswith("- The disk is full\n- The backup is late\n- Well again: S3 cannot be looked at\n")
    for words in (BAD.text, WARN.text, "There is nothing to be done."):
        assert body.count(words) == 1
    again = messages.mail(*reversed(several), sender="shop@example.com", recipients=["ana@example.com"])
    assert again["Message-ID"] == message["Message-ID"]


def test_what_belongs_together_is_one_thread_and_a_repetition_is_known_as_one() -> None:
    def mail(notification: Notification):
        return messages.mail(notification, sender="shop@example.com", recipients=["ana@example.com"])

    alarm, again, over = mail(ALARM), mail(ALARM), mail(replace(ALARM, kind="recovered", at=NOON.replace(hour=13)))
    assert alarm["Message-ID"] == again["Message-ID"] != over["Message-ID"]
    assert alarm["References"] == over["References"]


def test_a_name_of_a_shop_puts_no_line_of_its_own_into_the_head() -> None:
    evil = replace(ALARM, shop="Plum\r\nBcc: everybody@example.com\n", condition=replace(WARN, title="A\nB: c"))
    message = messages.mail(evil, sender="shop@example.com", recipients=["ana@example.com"])
    assert message["Bcc"] is None
    assert message["B"] is None
    assert "\n" not in message["Subject"]


def test_no_password_is_in_a_repr() -> None:
    mail = Mail(host="h", port=1, security="none", password="open sesame", sender="a@b.c", recipients=("d@e.f",))
    assert "sesame" not in repr(mail)
    assert "sesame" in msgspec.json.encode(mail).decode()
