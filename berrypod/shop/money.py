"""Amounts of money for people. They are stored and computed in integer minor units (cents)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# ISO 4217: those without a minor unit, and those whose minor unit is a thousandth.
_WHOLE: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THOUSANDTHS: Final = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))

_SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AUD": "A$",
        "BRL": "R$",
        "CAD": "CA$",
        "CNY": "CN¥",
        "EUR": "€",
        "GBP": "£",
        "ILS": "₪",
        "INR": "₹",
        "JPY": "¥",
        "KRW": "₩",
        "MXN": "MX$",
        "NZD": "NZ$",
        "PHP": "₱",
        "UAH": "₴",
        "USD": "$",
        "VND": "₫",
    }
)


def minor_digits(currency: str) -> int:
    """Decimals of a currency (ISO 4217 code): 2 for EUR, 0 for JPY."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THOUSANDTHS else 2


def format_money(amount_minor: int, currency: str) -> str:
    """An amount in minor units as people write it: `€24.00`, `-€1,250.00`, `¥500`; `CHF 24.00` without a symbol.

    English notation whatever the machine's locale: a page looks the same wherever the file is hosted.
    """
    digits = minor_digits(currency)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    number = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    sign = "-" if amount_minor < 0 else ""
    symbol = _SYMBOLS.get(currency)
    # A no-break space: the amount must not wrap away from its currency.
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{currency}\N{NO-BREAK SPACE}{number}"
