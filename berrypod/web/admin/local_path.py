"""Where to go after signing in: an address that came with the request, and so may be a stranger's."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

HOME: Final = "/admin"

_LONGEST: Final = 2_000


def local_path(value: str | None, default: str = HOME) -> str:
    """`value` if it is a path of the administration, otherwise `default`.

    Browsers read `//host`, `/\\host` and addresses with tabs or line ends in them as other servers: whatever is not
    plainly /admin or below it is not followed.
    """
    if not value or len(value) > _LONGEST or not value.isascii() or not value.isprintable():
        return default
    if "\\" in value or " " in value:
        return default
    try:
        parts = urlsplit(value)
    except ValueError:
        return default
    inside = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    climbs = ".." in parts.path or "//" in parts.path or "%" in parts.path
    entrance = parts.path.startswith((f"{HOME}/login", f"{HOME}/logout"))
    if parts.scheme or parts.netloc or not inside or climbs or entrance:
        return default
    return value
