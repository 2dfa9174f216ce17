"""What declarations check of themselves. Values come in as `object`: authors need not use a type checker."""

from __future__ import annotations

import math
import re

from berrypod.errors import PluginError

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_NOT_IN_FILENAMES = re.compile(r"[\x00-\x1f\x7f/\\]")
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


def require_string(what: str, *, optional: bool = False, **values: object) -> None:
    for name, value in values.items():
        require(
            isinstance(value, str) or (optional and value is None),
            f"{what}: {name} is {value!r}",
            f"Give {name} as a string.",
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


def require_filename(what: str, value: object) -> None:
    plain = isinstance(value, str) and value not in {"", ".", ".."} and not _NOT_IN_FILENAMES.search(value)
    require(plain, f"{what}: {value!r} is not a file name", "Leave out folders and control characters.")
