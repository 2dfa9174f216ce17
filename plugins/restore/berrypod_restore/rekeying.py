"""Bringing a staged file under the shop's key, whatever key it was made with."""

from __future__ import annotations

from pathlib import Path

from berrypod.settings import Secret


async def rekey(path: Path, old: Secret | None, new: Secret | None) -> None:
    """Write the file anew under another key, and put it in the place of the old one when it is whole.

    :param old: the key with which it was made; None for a plain file.
    :param new: the key that it gets; None for none.
    :raises WrongKey: `old` does not open it. It is as it was.
    """
    raise NotImplementedError
