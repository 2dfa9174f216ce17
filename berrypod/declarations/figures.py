"""Figures of a shop, and who gives them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from berrypod.plugin_host import checks

_LONGEST_TITLE: Final = 80
_LONGEST_WORDS: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: `value` for programs, `text` for people (made from value and unit when it is left out).

    `warning` says in words for the shop's owner what is wrong, `hint` what to do about it. A label has 80 characters at
    most, everything else 1,000.
    """

    code: str
    label: str
    value: int | float | str | None = None
    text: str = ""
    unit: str = ""
    warning: str | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        what = f"Figure {self.code!r}"
        checks.require_name("Figure: code", self.code)
        checks.require_words(what, label=self.label)
        checks.require_figure(what, self.value)
        checks.require_string(what, text=self.text, unit=self.unit)
        checks.require_string(what, optional=True, warning=self.warning, hint=self.hint)
        checks.require_length(what, _LONGEST_TITLE, label=self.label)
        value = self.value if isinstance(self.value, str) else ""
        words = {"value": value, "text": self.text, "unit": self.unit}
        checks.require_length(what, _LONGEST_WORDS, **words, warning=self.warning or "", hint=self.hint or "")
        if not self.text:
            object.__setattr__(self, "text", self._words())

    def _words(self) -> str:
        if self.value is None:
            return "unknown"
        number = self.value if isinstance(self.value, str) else f"{self.value:,}"
        return f"{number} {self.unit}".rstrip()


FiguresFunction: TypeAlias = Callable[[], Awaitable[Sequence[Figure]] | Sequence[Figure]]


@dataclass(frozen=True, kw_only=True)
class StatsProvider:
    """A group of figures under one title. Lower `order` comes first.

    `figures` is asked each time that somebody looks: what takes longer than a moment is computed beforehand.
    """

    name: str
    title: str
    figures: FiguresFunction
    timeout_seconds: float = 2.0
    order: int = 100

    def __post_init__(self) -> None:
        what = f"StatsProvider {self.name!r}"
        checks.require_name("StatsProvider: name", self.name)
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, figures=self.figures)
        checks.require_seconds(what, self.timeout_seconds)
        checks.require_order(what, self.order)
