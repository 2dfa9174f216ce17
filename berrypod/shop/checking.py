"""Checks what people and programs enter, and gathers everything that is wrong instead of stopping at the first.

The messages are sentences that can stand under a field of a form.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from email_validator import EmailNotValidError, validate_email

from berrypod.errors import Invalid

MAX_EMAIL: Final = 254

# Controls, lone surrogates (SQLite could not store them) and the marks that turn the direction of text around them.
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG: Final = 80


class Checks:
    """Cleans values field by field and remembers what cannot be accepted. End with `done()`."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def refuse(self, field: str, message: str) -> None:
        """Note what is wrong with `field`. The first message for a field stays."""
        self.fields.setdefault(field, message)

    def done(self, message: str | None = None) -> None:
        """:raises Invalid: anything was refused."""
        if self.fields:
            raise Invalid(message, fields=self.fields)

    def text(
        self, field: str, value: str, *, longest: int, required: bool = True, lines: bool = False, shortest: int = 1
    ) -> str:
        """The text in NFC without white space around it; on one line unless `lines`. Lengths in characters."""
        # Checked before it is normalised, so that a megabyte of combining marks costs nothing.
        if len(value) > longest * 4 + 100:
            self.refuse(field, f"At most {longest:,} characters.")
            return ""
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        if _FORBIDDEN.search(value):
            self.refuse(field, "This contains characters that cannot be displayed.")
            return ""
        value = unicodedata.normalize("NFC", value)
        value = value.strip() if lines else " ".join(value.split())
        if not any(char.isprintable() and not char.isspace() for char in value):
            value = ""
        if not value and required:
            self.refuse(field, "Please fill this in.")
        elif value and len(value) < shortest:
            self.refuse(field, f"At least {shortest} characters.")
        elif len(value) > longest:
            self.refuse(field, f"At most {longest:,} characters.")
        return value

    def number(self, field: str, value: int, *, least: int, most: int) -> int:
        if not least <= value <= most:
            self.refuse(field, f"A whole number from {least:,} to {most:,}.")
        return value

    def email(self, field: str, value: str) -> str:
        """The address in lower case. Its form is checked, not whether anybody reads it: that would need the network."""
        before = len(self.fields)
        text = self.text(field, value, longest=MAX_EMAIL)
        if len(self.fields) > before or not text:
            return ""
        try:
            return validate_email(text, check_deliverability=False).normalized.lower()
        except EmailNotValidError as error:
            self.refuse(field, f"This is not an e-mail address. {error}")
            return ""

    def slug(self, field: str, value: str) -> str:
        if len(value) > MAX_SLUG or not SLUG.fullmatch(value):
            self.refuse(field, f"Small letters, digits and single hyphens between them, at most {MAX_SLUG}.")
        return value


def slugify(title: str) -> str:
    """A slug of a title: `Fig & Thyme` becomes `fig-thyme`. Empty if no letter of it can be written in ASCII."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_SLUG].strip("-")
