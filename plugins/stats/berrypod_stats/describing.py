"""Descriptions of fields for the OpenAPI document, kept beside the records that they describe."""

from __future__ import annotations

from typing import Any

from msgspec import Meta


def told(description: str, example: Any = None) -> Meta:
    """What a field means, and an example of it."""
    return Meta(description=description, examples=None if example is None else [example])
