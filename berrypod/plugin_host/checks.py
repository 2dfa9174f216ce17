"""What declarations check of themselves. Values come in as `object`: authors need not use a type checker."""

from __future__ import annotations

import inspect
import math
import re
from datetime import datetime

from berrypod.errors import PluginError

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
# Lone surrogates stand for bytes of a file's name that are no UTF-8: neither JSON nor a page can carry them.
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_IN_FILENAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\]")
_PART_OF_A_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 64


def require(condition: bool, message: str, hint: str) -> None:
    """Refuse a declaration.

    :raises PluginError: `condition` is false.
    """
    if not condition:
        raise PluginError(message, hint=hint)


def require_name(what: str, value: object) -> None:
    """A name is part of addresses, file names and command lines."""
    require(
        isinstance(value, str) and len(value) <= _LONGEST_NAME and _NAME.fullmatch(value) is not None,
        f"{what}: {value!r} is not a name",
        "Use up to 64 lower-case letters and digits, a letter first, joined by single `.`, `_` or `-`.",
    )


def require_variable(what: str, value: object) -> None:
    require(
        isinstance(value, str) and _VARIABLE.fullmatch(value) is not None,
        f"{what}: {value!r} is not the name of an environment variable",
        "Use capitals, digits and `_`, for example ORDERS_CSV_FOLDER.",
    )


def require_words(what: str, **values: object) -> None:
    for name, value in values.items():
        require(
            isinstance(value, str) and value.strip() != "",
            f"{what}: {name} is {value!r}",
            f"Give {name} words that a shop's owner understands.",
        )
        _require_carried(what, name, value)


def require_length(what: str, longest: int, **values: str) -> None:
    for name, value in values.items():
        require(
            len(value) <= longest,
            f"{what}: {name} has {len(value)} characters",
            f"Give {name} {longest} characters at most, or the page has no room for it.",
        )


def require_string(what: str, *, optional: bool = False, **values: object) -> None:
    for name, value in values.items():
        require(
            isinstance(value, str) or (optional and value is None),
            f"{what}: {name} is {value!r}",
            f"Give {name} as a string.",
        )
        _require_carried(what, name, value)


def _require_carried(what: str, name: str, value: object) -> None:
    require(
        not isinstance(value, str) or value.isascii() or not _LONE_SURROGATES.search(value),
        f"{what}: {name} is {value!r}, in which a file's name is no UTF-8",
        'Write such names with os.fsencode(name).decode(errors="replace").',
    )


def require_function(what: str, **values: object) -> None:
    for name, value in values.items():
        require(
            callable(value),
            f"{what}: {name} is {value!r}, which cannot be called",
            f"Pass the function itself as {name}, without calling it.",
        )


def require_seconds(what: str, value: object) -> None:
    require(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf,
        f"{what}: timeout_seconds is {value!r}",
        "Give a number of seconds above 0: whoever waits must know for how long.",
    )


def require_order(what: str, value: object) -> None:
    require(isinstance(value, int), f"{what}: order is {value!r}", "Give a whole number; lower comes first.")


def require_instance(what: str, value: object, kind: type, hint: str) -> None:
    require(isinstance(value, kind), f"{what} is {value!r}", hint)


def require_figure(what: str, value: object) -> None:
    """A figure's value goes into JSON, which knows neither infinity nor NaN."""
    known = value is None or isinstance(value, int | float | str)
    require(known, f"{what}: value is of type {type(value).__name__}", "Give a number, a string or None.")
    finite = not isinstance(value, float) or math.isfinite(value)
    require(finite, f"{what}: value is {value}", "Give a finite number, or None where there is none.")
    _require_carried(what, "value", value)


def require_filename(what: str, value: object) -> None:
    plain = isinstance(value, str) and value not in {"", ".", ".."} and not _NOT_IN_FILENAMES.search(value)
    require(plain, f"{what}: {value!r} is not a file name", "Leave out folders and control characters.")


def require_id(what: str, value: object) -> None:
    """An id is anything that an address can quote."""
    plain = isinstance(value, str) and value != "" and not _NOT_IN_IDS.search(value)
    require(plain, f"{what} is {value!r}", "Give a string that is not empty and has no control characters.")


def require_part_of_a_filename(what: str, value: object) -> None:
    safe = isinstance(value, str) and len(value) <= _LONGEST_NAME and _PART_OF_A_FILENAME.fullmatch(value)
    require(bool(safe), f"{what}: {value!r} is not safe in a file name", "Use up to 64 of A-Z a-z 0-9 `.` `_` `-`.")


def require_time(what: str, value: object) -> None:
    aware = isinstance(value, datetime) and value.utcoffset() is not None
    require(aware, f"{what} is {value!r}", "Give a datetime with its time zone: datetime.now(UTC).")


def require_size(what: str, value: object) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    require(whole, f"{what} is {value!r}", "Give the number of bytes, a whole number from 0.")


def require_sha256(what: str, value: object) -> None:
    digest = value is None or (isinstance(value, str) and _SHA256.fullmatch(value) is not None)
    require(digest, f"{what} is {value!r}", "Give 64 lower-case hex digits, as hexdigest() does, or None.")


def require_kept(what: str, value: object) -> None:
    """An object with `list`, `open` and `delete`, of which `open` hands out its pieces as they come."""
    require(
        not inspect.isclass(value),
        f"{what} is the class {getattr(value, '__name__', value)}",
        "Give an object of the class: call it.",
    )
    methods = [name for name in ("list", "open", "delete") if not callable(getattr(value, name, None))]
    require(
        not methods,
        f"{what} is {value!r}, which has no method {' or '.join(methods)}",
        "Give an object with the methods list, open and delete.",
    )
    opener = getattr(value, "open", None)
    require(
        not inspect.iscoroutinefunction(opener) and not inspect.isgeneratorfunction(opener),
        f"{what}: open is no async generator",
        "Write `async def open(self, copy_id)` with a `yield` for each piece of bytes, and without `return value`.",
    )
