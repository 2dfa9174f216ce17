"""Recovery codes: for the day on which the phone with the authenticator is gone."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

CODES: Final = 10

# Crockford's alphabet: no letter that is mistaken for a digit. 16 characters of 5 bits are 80 bits, so that a plain
# hash is enough: nobody can try them all, as one could with short codes.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_CHARACTERS: Final = 16
_GROUP: Final = 4
_AS_READ = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None, "\t": None})


def new_codes() -> tuple[str, ...]:
    """Codes as they are shown, e.g. `7k3m-q9xw-2vbn-c4ht`."""
    return tuple(_grouped("".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))) for _ in range(CODES))


def hashed(code: str) -> str:
    return hashlib.sha256(_normal(code).encode()).hexdigest()


def looks_like_one(entered: str) -> bool:
    """True if this may be a recovery code, however it was typed; an authenticator's code has six digits."""
    return len(_normal(entered)) == _CHARACTERS


def _normal(entered: str) -> str:
    return entered.strip().lower().translate(_AS_READ)


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))
