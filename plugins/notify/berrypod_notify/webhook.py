"""A POST of JSON, and what each way to fail means.

    X-Berrypod-Signature: sha256=<HMAC-SHA256 of the body, under the secret, in hex>

Redirects are not followed: what is posted is for the address that was entered, and for nobody else.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from berrypod import __version__
from berrypod.declarations import Notification
from berrypod_notify.faults import NotSent
from berrypod_notify.messages import document
from berrypod_notify.settings import Hook

SIGNATURE: Final = "x-berrypod-signature"
STEP_SECONDS: Final = 10.0

_LONGEST_ANSWER: Final = 200


async def deliver(
    hook: Hook, notification: Notification, tls: ssl.SSLContext, *, seconds: float = STEP_SECONDS
) -> None:
    """Post it. :raises NotSent: it was not taken. The message says why, the hint what to do."""
    body = msgspec.json.encode(document(notification))
    headers = {"content-type": "application/json", "user-agent": f"berrypod/{__version__}"}
    if hook.secret:
        headers[SIGNATURE] = signature(body, hook.secret)
    try:
        async with (
            httpx.AsyncClient(verify=tls, timeout=seconds, follow_redirects=False) as client,
            client.stream("POST", hook.url, content=body, headers=headers) as answer,
        ):
            if not answer.is_success:
                raise _refused(hook, answer.status_code, await _beginning(answer))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _explained(error, hook, seconds) from error


def signature(body: bytes, secret: str) -> str:
    """What proves to the receiver that the body comes from whoever knows the secret."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


async def _beginning(answer: httpx.Response) -> str:
    """The first words of an answer: services say there what they do not like. The rest may be without end."""
    text = ""
    async for piece in answer.aiter_text(_LONGEST_ANSWER):
        text += piece
        if len(text) >= _LONGEST_ANSWER:
            break
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_LONGEST_ANSWER]


def _refused(hook: Hook, status: int, words: str) -> NotSent:
    try:
        name = HTTPStatus(status).phrase
    except ValueError:
        name = "unknown"
    said = f": {words}" if words else ""
    if 300 <= status < 400:
        hint = "Redirects are not followed. Enter the address that it leads to."
    elif status in (401, 403):
        hint = "The receiver does not accept the address or the signature. Enter address and secret anew."
    elif status in (404, 410):
        hint = "The receiver does not know this address (any more). Have a new one made there, and enter it."
    elif status == 429 or status >= 500:
        hint = "The receiver has a difficulty of its own. It is tried again by itself."
    else:
        hint = "The receiver does not take this document. See which one it wants; docs/alarms.md shows ours."
    return NotSent(f"{hook.shown} answered {status} {name}{said}", hint=hint)


def _explained(error: Exception, hook: Hook, seconds: float) -> NotSent:
    # httpx's own words, and not the address: it may be a secret.
    words = str(error).replace(hook.url, hook.shown) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return NotSent(
            f"{hook.shown} gave no answer within {seconds:g} seconds",
            hint="Check the address, and whether a firewall lets this machine through.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return NotSent(
            f"{hook.shown} has a certificate that is not to be believed ({words})"[:500],
            hint="Enter the name that the certificate is for. For an authority of your own, set SSL_CERT_FILE to its "
            "certificate, and start the shop anew.",
        )
    return NotSent(
        f"{hook.shown} cannot be reached: {words}"[:500],
        hint="Check the address for typing errors, and this machine's network.",
    )
