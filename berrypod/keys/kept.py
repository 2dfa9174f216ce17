"""The note that the key is kept elsewhere, as it lies in the shop's settings."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from berrypod.decoding import decoder

# Of the section whose settings stay when a backup takes the place of the shop's file.
KEPT_SETTING: Final = "backup.key_kept"
# The same of a key that is to take the place of the present one.
NEXT_SETTING: Final = "backup.next_key_kept"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """That the key with this fingerprint was shown: when (UTC), and by whom (`admin:<e-mail>` or `cli`)."""

    fingerprint: str
    at: datetime
    by: str


_decoder = decoder(Kept)


def in_words(by: str) -> str:
    """Who that is, within a sentence: `ana@example.com`, or `the command line`."""
    return "the command line" if by == "cli" else by.removeprefix("admin:")


def kept_of(stored: object, fingerprint: str) -> Kept | None:
    """What the setting says of the key with this fingerprint; None for what another one, or nobody, has noted."""
    try:
        kept = msgspec.convert(stored, Kept)
    except msgspec.ValidationError:
        return None
    return kept if kept.fingerprint == fingerprint else None


def kept_in(text: str, fingerprint: str) -> Kept | None:
    """As `kept_of`, of the setting as it is stored: JSON, or nothing."""
    try:
        return kept_of(msgspec.to_builtins(_decoder.decode(text)), fingerprint)
    except msgspec.MsgspecError:
        return None
