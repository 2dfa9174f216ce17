"""Order numbers that people can read out over the telephone."""

from __future__ import annotations

import re
import secrets
from typing import Final

# No vowels, so that no words appear; and at most one of what is taken for the other (0 O, 1 I L, 2 Z, 5 S, 8 B).
ALPHABET: Final = "2346789CDFGHJKMNPQRTVWXY"
_HALF: Final = 4
_SHAPE: Final = re.compile(r"[0-9A-Z]{8}")


def draw_number() -> str:
    """A random number such as `K7QM-2XWD`: one of 110 thousand million. Whether it is taken, the database says."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(2 * _HALF))
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def normal_number(text: str) -> str:
    """A number as it may have been typed - small letters, spaces, no hyphen - in its normal form."""
    letters = re.sub(r"[\s-]", "", text[:40]).upper()
    return f"{letters[:_HALF]}-{letters[_HALF:]}" if _SHAPE.fullmatch(letters) else text
