"""Reads the forms of the shop. Whatever is sent, text comes out: files and repeated fields count as nothing."""

from __future__ import annotations

from typing import Final

from berrypod.shop.order_records import MAX_QUANTITY
from berrypod.web.storefront.session import AnyRequest

_DIGITS: Final = 9


async def read_form(request: AnyRequest) -> dict[str, str]:
    """The text fields of a form; the last of several with one name."""
    data = await request.form()
    return {name: value for name, value in data.multi_items() if isinstance(value, str)}


def whole_number(text: str, most: int = MAX_QUANTITY) -> int | None:
    """A whole number from 0 to `most`; more counts as `most`. None for anything else."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:_DIGITS]), most) if len(text) <= _DIGITS else most
