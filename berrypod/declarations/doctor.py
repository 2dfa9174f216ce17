"""Who looks whether a shop is in order, and what they may find."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from berrypod.plugin_host import checks

if TYPE_CHECKING:
    from sqlcipher3.dbapi2 import Connection

Level: TypeAlias = Literal["pass", "warn", "fail"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)

_LONGEST_TITLE = 80
_LONGEST_WORDS = 1000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check of `berrypod doctor` found.

    `check` is the name of the check, for programs. `level`: `pass`; `warn`, the shop runs, and somebody should look;
    `fail`, something is wrong, and the command ends with status 1. `title` (80 characters at most) says what was found,
    `why` how that is known or what will come of it, `what_to_do` the next step; a `pass` needs none.
    """

    check: str
    level: Level
    title: str
    why: str = ""
    what_to_do: str = ""

    def __post_init__(self) -> None:
        checks.require_name("Finding: check", self.check)
        what = f"Finding {self.check!r}"
        checks.require(self.level in LEVELS, f"{what}: level is {self.level!r}", "Use pass, warn or fail.")
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_string(what, why=self.why, what_to_do=self.what_to_do)
        checks.require_length(what, _LONGEST_WORDS, why=self.why, what_to_do=self.what_to_do)
        if self.level != "pass":
            checks.require_words(what, why=self.why, what_to_do=self.what_to_do)


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What a check gets to look at. `now` is in UTC; `thorough` is whether the whole file may be read."""

    database_path: Path
    now: datetime
    thorough: bool = False
    opener: Callable[[], AbstractContextManager[Connection]] = field(repr=False)

    def connection(self) -> AbstractContextManager[Connection]:
        """A read-only DBAPI connection to the shop's file, whether or not the shop runs.

        Its calls block: use it in a plain function, and do not keep it. It leaves no trace on the disk, and so it is
        used in place of `context.database`, which is not open while the doctor looks.

        :raises StorageError: the file cannot be opened.
        """
        return self.opener()


FindingsFunction: TypeAlias = Callable[
    [Examination], Awaitable[Finding | Iterable[Finding]] | Finding | Iterable[Finding]
]


@dataclass(frozen=True, kw_only=True)
class DoctorCheck:
    """Something that `berrypod doctor` looks at.

    `check(examination)` answers one Finding or several, under the name of this check. One that raises, takes longer
    than `timeout_seconds` or answers something else is shown as a warning. With `needs_database`, it is not asked
    while the shop's file cannot be opened or is no shop's. Lower `order` comes first.
    """

    name: str
    title: str
    check: FindingsFunction
    needs_database: bool = True
    timeout_seconds: float = 30.0
    order: int = 100

    def __post_init__(self) -> None:
        what = f"DoctorCheck {self.name!r}"
        checks.require_name("DoctorCheck: name", self.name)
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, check=self.check)
        checks.require_seconds(what, self.timeout_seconds)
        checks.require_order(what, self.order)
