"""Descriptions of fields for the OpenAPI document, kept beside the records that they describe."""

from __future__ import annotations

from typing import Any

import msgspec


def described(description: str, example: Any = None, **limits: Any) -> msgspec.Meta:
    """What a field means, an example, and its `limits` (`max_length=200`), for the document alone.

    The limits are not given to msgspec to enforce: it stops at the first field that is wrong, and a customer
    with three wrong fields should hear of all three. `checking.Checks` enforces them.
    """
    return msgspec.Meta(
        description=description,
        examples=None if example is None else [example],
        extra_json_schema={"extra": limits} if limits else None,
    )
