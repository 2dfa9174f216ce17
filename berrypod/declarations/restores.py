"""Who looks at a file before it replaces the shop, and what they may answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from berrypod.plugin_host import checks

if TYPE_CHECKING:
    from sqlcipher3.dbapi2 import Connection

GUARD_FAILED: Final = "guard_failed"
"""The code of the refusal that stands for a guard which raised, hung or answered nonsense."""

_LONGEST_TITLE = 60
_LONGEST_WORDS = 1000


@dataclass(frozen=True, kw_only=True)
class Allow:
    """Nothing speaks against it."""


@dataclass(frozen=True, kw_only=True)
class _Objection:
    """`message` says what was found, `hint` what to do about it (1,000 characters at most, each).

    `code` is stable, for programs.
    """

    code: str
    message: str
    hint: str

    def __post_init__(self) -> None:
        what = type(self).__name__
        checks.require_name(f"{what}: code", self.code)
        what = f"{what} {self.code!r}"
        checks.require(
            self.code != GUARD_FAILED,
            f"{what}: that code is Berrypod's own",
            "Choose another code: this one says that a guard could not do its work. To say so, raise an error.",
        )
        checks.require_words(what, message=self.message, hint=self.hint)
        checks.require_length(what, _LONGEST_WORDS, message=self.message, hint=self.hint)


@dataclass(frozen=True, kw_only=True)
class Warn(_Objection):
    """The admin is told before they confirm, and may go on."""


@dataclass(frozen=True, kw_only=True)
class Refuse(_Objection):
    """The file cannot be restored."""


Judgement: TypeAlias = Allow | Warn | Refuse


@dataclass(frozen=True, kw_only=True)
class RestoreCandidate:
    """A file that an admin wants to restore: found whole, and brought under the shop's key and to its schema.

    `path` is that file; all guards share it, and it is what becomes the database: never change it. `size_bytes`,
    `sha256` (in hex), `schema_revision` and `encrypted` are of the file as it came. `row_counts` maps each table to
    its rows, `created_at` is the time of the newest change in it (None where there is none).

    `current_row_counts` is of the shop as it is now, and None when the shop's file cannot be opened: then restoring
    may be the only way back, and a guard that needs the shop for its judgement has to do without.
    """

    path: Path
    size_bytes: int
    sha256: str
    schema_revision: str
    row_counts: Mapping[str, int]
    encrypted: bool
    created_at: datetime | None = None
    current_row_counts: Mapping[str, int] | None = None
    opener: Callable[[], Connection] = field(repr=False)

    def __post_init__(self) -> None:
        what = "RestoreCandidate"
        checks.require_size(f"{what}: size_bytes", self.size_bytes)
        checks.require_instance(f"{what}: sha256", self.sha256, str, "Give the digest of the file as it came, in hex.")
        checks.require_sha256(f"{what}: sha256", self.sha256)
        if self.created_at is not None:
            checks.require_time(f"{what}: created_at", self.created_at)

    def connection(self) -> AbstractContextManager[Connection]:
        """A read-only DBAPI connection to the file, decrypted on the fly, closed on leaving.

        Its calls block: use it in a plain function. Do not keep it beyond the judgement.
        """
        return closing(self.opener())


CheckFunction: TypeAlias = Callable[[RestoreCandidate], Awaitable[Judgement] | Judgement]


@dataclass(frozen=True, kw_only=True)
class RestoreGuard:
    """Somebody who is asked before a file replaces the shop.

    `title` (60 characters at most) is shown beside its answer.
    `check(candidate)` answers Allow, Warn or Refuse. One that raises, takes longer than `timeout_seconds` or answers
    something else refuses. Answers of lower `order` are shown first.
    """

    name: str
    title: str
    check: CheckFunction
    timeout_seconds: float = 30.0
    order: int = 100

    def __post_init__(self) -> None:
        what = f"RestoreGuard {self.name!r}"
        checks.require_name("RestoreGuard: name", self.name)
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, check=self.check)
        checks.require_seconds(what, self.timeout_seconds)
        checks.require_order(what, self.order)
