"""Reading forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict

from berrypod.errors import Invalid


@dataclass(frozen=True)
class Form:
    """What was entered. A field that is missing, or a file where text belongs, is the empty text."""

    fields: FormMultiDict

    @classmethod
    async def of(cls, request: Request[Any, Any, Any]) -> Form:
        return cls(await request.form())

    def text(self, name: str) -> str:
        found = self.texts(name)
        return found[0] if found else ""

    def texts(self, name: str) -> list[str]:
        """All values of a field that may be sent several times, as ticked boxes are."""
        return [value for value in self.fields.getall(name, []) if isinstance(value, str)]


def errors_of(error: Invalid) -> Mapping[str, str]:
    """What to show beside the fields; an error that is no field's stands under the empty name."""
    return error.fields or {"": error.message}


def same_twice(first: str, second: str, *, field: str) -> None:
    """:raises Invalid: a new password was not typed the same twice."""
    if first != second:
        raise Invalid("The two passwords differ", fields={field: "This is not the same as above."})
