"""Archives that are named by an address, and rehearsals of a restore."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from berrypod.plugin_host import checks

if TYPE_CHECKING:
    from berrypod.archive.archive import Archive

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,19}")
_LONGEST_TITLE: Final = 60

OpenFunction: TypeAlias = Callable[[str], "Awaitable[Archive] | Archive"]


@dataclass(frozen=True, kw_only=True)
class ArchiveSource:
    """A kind of place that an archive can be opened in by its address, on a machine that knows nothing yet.

    `open(address)` gets the whole address (`s3://bucket/prefix`), takes credentials from the environment, and answers
    an `Archive`.
    """

    scheme: str
    title: str
    open: OpenFunction
    timeout_seconds: float = 60.0

    @property
    def name(self) -> str:
        return self.scheme

    def __post_init__(self) -> None:
        fits = isinstance(self.scheme, str) and _SCHEME.fullmatch(self.scheme) is not None  # pyright: ignore[reportUnnecessaryIsInstance]
        checks.require(
            fits, f"ArchiveSource: {self.scheme!r} is no scheme", "Use what stands before `://`, as in s3://bucket."
        )
        what = f"ArchiveSource {self.scheme!r}"
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, open=self.open)
        checks.require_seconds(what, self.timeout_seconds)


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """What came of a rehearsal. `problem` says why the file could not be restored, `hint` what to do; None: it can be.

    `checked` is what was done, in words; `warnings` are what guards warned of. `row_counts` are of the file as it would
    become the shop's, after a migration if it needed one.
    """

    checked: tuple[str, ...]
    problem: str | None = None
    hint: str | None = None
    warnings: tuple[str, ...] = ()
    migrated: bool = False
    row_counts: Mapping[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        for name, told in (("checked", self.checked), ("warnings", self.warnings)):
            checks.require(
                not isinstance(told, str) and all(isinstance(one, str) and one.strip() for one in told),  # pyright: ignore[reportUnnecessaryIsInstance]
                f"Rehearsed: {name} is {told!r}",
                f"Give {name} as a tuple of words for people.",
            )
        checks.require(
            bool(self.checked) or self.problem is not None,
            "Rehearsed: nothing was checked, and there is no problem",
            "Say in `checked` what was done: what nobody looked at is not proven.",
        )
        checks.require_string("Rehearsed", optional=True, problem=self.problem, hint=self.hint)
        if self.problem is not None:
            checks.require_words("Rehearsed", problem=self.problem)


RehearseFunction: TypeAlias = Callable[[Path], "Awaitable[Rehearsed] | Rehearsed"]


@dataclass(frozen=True, kw_only=True)
class RestoreRehearsal:
    """Does with a copy of a backup all that a restore would do before anything is replaced.

    `rehearse(path)` gets a file in a throw-away folder, under the shop's own key, and may change it: what it leaves is
    what would become the shop's file.
    """

    name: str
    title: str
    rehearse: RehearseFunction
    timeout_seconds: float = 3600.0

    def __post_init__(self) -> None:
        what = f"RestoreRehearsal {self.name!r}"
        checks.require_name("RestoreRehearsal: name", self.name)
        checks.require_words(what, title=self.title)
        checks.require_function(what, rehearse=self.rehearse)
        checks.require_seconds(what, self.timeout_seconds)
