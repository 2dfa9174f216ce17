"""What was typed, made sense of. Each function raises `Invalid` with words for the field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

from berrypod.errors import Invalid

T = TypeVar("T")

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
# As browsers define it (WHATWG, `input type=email`). email-validator refuses what a mail server of one's own may well
# have: root@localhost, shop@house.local.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?){0,10}"
)
_MOST_RECIPIENTS: Final = 20
_LONGEST_ADDRESS: Final = 2000
_LONGEST_HOURS: Final = 24.0 * 30


class Errors:
    """What is wrong with a form, field by field: all of it at once."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def add(self, field: str, words: str) -> None:
        self._fields[field] = words

    def of(self, field: str, read: Callable[[], T]) -> T | None:
        """What `read` makes of the field; None if it makes no sense, which is noted."""
        try:
            return read()
        except Invalid as error:
            self.add(field, error.message)
            return None

    def settle(self, message: str) -> None:
        """:raises Invalid: something was noted."""
        if self._fields:
            raise Invalid(message, fields=self._fields)


def host(text: str) -> str:
    text = text.strip()
    if not _HOST.fullmatch(text):
        raise Invalid("The name of the mail server, as mail.example.com, without a protocol or a port.")
    return text


def port(text: str, usual: int) -> int:
    text = text.strip()
    if not text:
        return usual
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 65535:
        raise Invalid("A number from 1 to 65535, or nothing for the usual one.")
    return int(text)


def address(text: str) -> str:
    text = text.strip()
    if not _ADDRESS.fullmatch(text):
        raise Invalid(f"{text[:80]!r} is no e-mail address.")
    return text


def addresses(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(address(each) for each in re.split(r"[,;\s]+", text) if each))
    if not found:
        raise Invalid("At least one address, or nobody is told.")
    if len(found) > _MOST_RECIPIENTS:
        raise Invalid(f"At most {_MOST_RECIPIENTS} addresses; a mailing list has room for more.")
    return found


def web_address(text: str) -> str:
    text = text.strip()
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or len(text) > _LONGEST_ADDRESS or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise Invalid("An address that begins with https:// (or http://, in a network of your own).")
    return text


def shown_address(text: str) -> str:
    """As much of an address as may be shown: neither its path nor a password in it."""
    parts = urlsplit(text)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}/…"


def hours(text: str) -> tuple[float, ...]:
    """`6, 24`: after 6 hours, then after 24, and so on every 24."""
    try:
        found = tuple(float(each) for each in text.replace(";", ",").split(",") if each.strip())
    except ValueError:
        found = ()
    if not found or len(found) > 10 or not all(math.isfinite(each) and 0.1 <= each <= _LONGEST_HOURS for each in found):
        raise Invalid("Hours between reminders, separated by commas, as 6, 24. From 0.1 to 720; the last one repeats.")
    return found


def seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 1 <= found <= 3600:
        raise Invalid("Seconds between two looks, from 1 to 3600.")
    return found
