"""Files within forms: handed on piece by piece, and only from a form that this shop has made."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from berrypod_restore.uploading import file_of_form
from litestar import Litestar, Request, get, post
from litestar.config.csrf import CSRFConfig
from litestar.testing import TestClient

from berrypod.web.form_tokens import CSRF_COOKIE
from berrypod.web.pages import CHECKS_FORM_TOKEN, form_token
from berrypod.web.problems import handle_error

BOUNDARY = "----berries"
HEAD = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "accept": "application/json"}


@get("/")
async def page(request: Request[Any, Any, Any]) -> str:
    return form_token(request)


@post("/", opt={**CHECKS_FORM_TOKEN}, status_code=200, request_max_body_size=None)
async def send(request: Request[Any, Any, Any]) -> dict[str, Any]:
    file = await file_of_form(request)
    digest, size, longest = hashlib.sha256(), 0, 0
    async for chunk in file.chunks:
        digest.update(chunk)
        size += len(chunk)
        longest = max(longest, len(chunk))
    return {"name": file.filename, "size": size, "sha256": digest.hexdigest(), "longest": longest}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [page, send],
        csrf_config=CSRFConfig(secret="0" * 64, cookie_name=CSRF_COOKIE),
        exception_handlers={Exception: handle_error},
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def token(client: TestClient[Litestar]) -> str:
    return client.get("/").text


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    more = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
    return head.encode() + b"\r\n" + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def test_the_bytes_of_the_file_are_handed_on_as_they_are(client: TestClient[Litestar], token: str) -> None:
    """Whatever is in it, also what looks like the end of the part."""
    content = os.urandom(300_000) + b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n\r\n\r" + os.urandom(70_000) + b"\r\n"
    body = part("_csrf_token", token.encode()) + part("file", content, "shop.db") + END
    answer = client.post("/", content=body, headers=HEAD)
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "shop.db"
    assert answer.json()["size"] == len(content)
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_no_temporary_file_is_made_and_no_piece_kept(
    client: TestClient[Litestar], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Litestar's own reading of forms would do both, before the handler is called."""
    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, None)

    def body() -> Iterator[bytes]:
        yield part("_csrf_token", token.encode()) + part("file", b"", "shop.db")[:-2]
        for _ in range(200):
            yield os.urandom(16_384)
        yield b"\r\n" + END

    answer = client.post("/", content=b"".join(body()), headers=HEAD)
    assert answer.status_code == 200, answer.text
    assert answer.json()["size"] == 200 * 16_384


@pytest.mark.parametrize("token_sent", ["", "x", "0" * 128])
def test_a_forged_form_is_refused_before_its_file_is_read(
    client: TestClient[Litestar], token: str, token_sent: str
) -> None:
    body = part("_csrf_token", token_sent.encode()) + part("file", b"content", "shop.db") + END
    answer = client.post("/", content=body, headers=HEAD)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "The form is no longer valid"


def test_the_token_comes_first_or_the_file_is_not_taken(client: TestClient[Litestar], token: str) -> None:
    body = part("file", b"content", "shop.db") + part("_csrf_token", token.encode()) + END
    answer = client.post("/", content=body, headers=HEAD)
    assert answer.status_code == 422
    assert "lacks the field '_csrf_token'" in answer.json()["detail"]


def test_a_form_without_a_choice_says_so(client: TestClient[Litestar], token: str) -> None:
    body = part("_csrf_token", token.encode()) + part("file", b"", "") + END
    answer = client.post("/", content=body, headers=HEAD)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "No file was chosen"
    assert "choose the backup" in answer.json()["hint"]


def test_a_form_that_ends_within_the_file_is_no_file(client: TestClient[Litestar], token: str) -> None:
    body = part("_csrf_token", token.encode()) + part("file", b"half of it", "shop.db")[:-2]
    answer = client.post("/", content=body, headers=HEAD)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The form cannot be read"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/octet-stream", b"bytes"),
        ("multipart/form-data", b"no boundary"),
        (f"multipart/form-data; boundary={BOUNDARY}", b""),
        (f"multipart/form-data; boundary={BOUNDARY}", b"something else"),
        (f"multipart/form-data; boundary={BOUNDARY}", part("_csrf_token", b"x" * 5000) + END),
        (f"multipart/form-data; boundary={BOUNDARY}", END),
    ],
)
def test_what_is_no_such_form_is_told(client: TestClient[Litestar], content_type: str, body: bytes) -> None:
    answer = client.post("/", content=body, headers={**HEAD, "content-type": content_type})
    assert answer.status_code == 422, answer.text
    assert answer.json()["hint"]
