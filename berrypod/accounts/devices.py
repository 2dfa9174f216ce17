"""Device cookies: what tells a browser in which an admin has signed in before from a stranger's.

One gives no access and holds no secret of the account. It only keeps its browser out of the limits that strangers can
exhaust, and has a limit of its own (OWASP: "Slow Down Online Guessing Attacks with Device Cookies").
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Final

from berrypod.settings import Settings
from berrypod.storage.fields import derive_subkey

KEPT: Final = timedelta(days=180)

_COOKIE: Final = re.compile(r"(?P<nonce>[0-9a-f]{32})\.(?P<mac>[0-9a-f]{64})", re.ASCII)


class Devices:
    """Makes and recognises device cookies."""

    def __init__(self, settings: Settings) -> None:
        self._key = derive_subkey(settings.secret_key_base, "device cookies")

    def issue(self, email: str) -> str:
        nonce = secrets.token_hex(16)
        return f"{nonce}.{self._mac(nonce, email)}"

    def recognise(self, cookie: str | None, email: str) -> str | None:
        """The device's name, if the cookie was issued to a browser in which the admin with this address signed in."""
        matched = _COOKIE.fullmatch(cookie or "")
        if matched is None or not hmac.compare_digest(matched["mac"], self._mac(matched["nonce"], email)):
            return None
        return matched["nonce"]

    def _mac(self, nonce: str, email: str) -> str:
        return hmac.new(self._key, f"{nonce}|{email}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
