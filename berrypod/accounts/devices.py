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
        base_keys = (settings.secret_key_base, *settings.secret_key_base_former)
        # The first one makes cookies; those of all of them are known.
        self._keys = tuple(derive_subkey(each, "device cookies") for each in base_keys)

    def issue(self, email: str) -> str:
        nonce = secrets.token_hex(16)
        return f"{nonce}.{_mac(self._keys[0], nonce, email)}"

    def recognise(self, cookie: str | None, email: str) -> str | None:
        """The device's name, if the cookie was issued to a browser in which the admin with this address signed in."""
        matched = _COOKIE.fullmatch(cookie or "")
        if matched is None:
            return None
        genuine = [hmac.compare_digest(matched["mac"], _mac(key, matched["nonce"], email)) for key in self._keys]
        return matched["nonce"] if any(genuine) else None


def _mac(key: bytes, nonce: str, email: str) -> str:
    return hmac.new(key, f"{nonce}|{email}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
