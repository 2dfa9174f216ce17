"""The webhook: a real server takes it, and each way to fail is told for what it is."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from berrypod_notify import webhook
from berrypod_notify.faults import NotSent
from berrypod_notify.settings import Hook

from berrypod.declarations import Notification
from tests.notify.conftest import NOON, WARN
from tests.notify.servers import WebServer

Start = Callable[..., WebServer]

ALARM = Notification(kind="alarm", part="backup", condition=WARN, since=NOON, at=NOON, shop="Berry & Plum")


async def deliver(hook: Hook, notification: Notification = ALARM, *, seconds: float = 60.0) -> None:
    await webhook.deliver(hook, notification, ssl.create_default_context(), seconds=seconds)


async def refusal(hook: Hook, *, seconds: float = 60.0) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await deliver(hook, seconds=seconds)
    assert "s3cr3t-path" not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


async def test_it_posts_a_document_that_says_all(web_server: Start) -> None:
    server = web_server()
    await deliver(Hook(url=server.url))
    (document,) = server.documents()
    assert len(document.pop("id")) == 32
    assert document == {
        "kind": "alarm",
        "shop": "Berry & Plum",
        "part": "backup",
        "since": "2026-03-14T12:00:00+00:00",
        "at": "2026-03-14T12:00:00+00:00",
        "condition": {
            "code": "late",
            "severity": "warn",
            "title": "The backup is late",
            "text": "By an hour.",
            "what_to_do": "Make one.",
            "path": "/admin/backup",
        },
        "text": "Berry & Plum: The backup is late\nBy an hour.\nWhat to do: Make one.",
    }
    (headers, _) = server.taken[0]
    assert headers["content-type"] == "application/json"
    assert "x-berrypod-signature" not in headers


async def test_with_a_secret_the_body_is_signed(web_server: Start) -> None:
    server = web_server()
    await deliver(Hook(url=server.url, secret="öpen sesame"))
    ((headers, body),) = server.taken
    expected = hmac.new("öpen sesame".encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-berrypod-signature"] == f"sha256={expected}"


async def test_a_repetition_has_the_same_id_and_something_else_another(web_server: Start) -> None:
    server = web_server()
    for notification in (ALARM, ALARM, replace(ALARM, kind="reminder"), replace(ALARM, part="disk")):
        await deliver(Hook(url=server.url), notification)
    ids = [document["id"] for document in server.documents()]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_every_success_is_one(web_server: Start, status: int) -> None:
    await deliver(Hook(url=web_server(status=status).url))


@pytest.mark.parametrize(
    ("status", "said", "to_do"),
    [
        (500, "500 Internal Server Error: the disk is full", "tried again by itself"),
        (503, "503 Service Unavailable", "tried again"),
        (429, "429 Too Many Requests", "tried again"),
        (401, "401 Unauthorized", "address and secret anew"),
        (404, "404 Not Found", "new one made"),
        (400, "400 Bad Request", "does not take this document"),
        (599, "599 unknown", "tried again"),
    ],
)
async def test_what_is_no_success_is_told_with_what_was_said(
    web_server: Start, status: int, said: str, to_do: str
) -> None:
    error = await refusal(Hook(url=web_server(status=status, body=b"the disk\x07\nis  full").url))
    assert said in error.message
    assert to_do in error.hint


async def test_an_answer_without_end_fills_no_memory(web_server: Start) -> None:
    error = await refusal(Hook(url=web_server(status=500, body=b"x" * 5_000_000).url))
    assert len(error.message) < 400


async def test_a_redirect_is_not_followed(web_server: Start) -> None:
    other = web_server()
    error = await refusal(Hook(url=web_server(status=307, location=other.url).url))
    assert "307" in error.message
    assert "not followed" in error.hint
    assert other.taken == []


async def test_a_receiver_that_says_nothing_is_given_up(web_server: Start) -> None:
    error = await refusal(Hook(url=web_server(hang=True).url), seconds=0.2)
    assert "gave no answer within 0.2 seconds" in error.message


async def test_nobody_listens(web_server: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    assert web_server()  # for the environment that it sets
    error = await refusal(Hook(url=f"http://127.0.0.1:{port}/s3cr3t-path"))
    assert "cannot be reached" in error.message


async def test_a_certificate_that_nobody_vouches_for_is_refused(web_server: Start) -> None:
    server = web_server(tls=True)
    error = await refusal(Hook(url=server.url))
    assert "certificate that is not to be believed" in error.message
    assert server.taken == []


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_ones_own_authority_is_believed(web_server: Start) -> None:
    server = web_server(tls=True)
    await deliver(Hook(url=server.url))
    assert len(server.taken) == 1


def test_neither_address_nor_secret_is_in_a_repr() -> None:
    shown = repr(Hook(url="https://ana:pass@hooks.example.com:8443/s3cr3t-path?token=x", secret="open sesame"))
    assert shown == "Hook('https://hooks.example.com:8443/…')"
