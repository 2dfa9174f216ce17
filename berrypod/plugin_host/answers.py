"""What hooks and providers may answer. Each function here reads an answer to its end and checks it.

They run inside the isolation, since reading can run code of the plugin (a generator, a lazy sequence), and raise
PluginError with words for the plugin's author.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

from markupsafe import Markup

from berrypod.declarations import (
    Allow,
    Condition,
    Delivered,
    ExportedFile,
    ExportResult,
    Figure,
    Finding,
    Judgement,
    Refuse,
    Rehearsed,
    Snapshot,
    Warn,
)
from berrypod.errors import PluginError
from berrypod.isolation import carried
from berrypod.settings import Secret

T = TypeVar("T")

_MOST_HTML = 4_000_000  # browsers stand still over more, and the admin's page with them


def kind_of(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


def items(answer: Any, wanted: str, most: int) -> list[Any]:
    """The items of a hook's answer. None stands for no items."""
    if answer is None:
        return []
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes | Mapping):
        raise PluginError(f"it returned {kind_of(answer)}", hint=f"Return a list of {wanted}.")
    found = list(islice(cast("Iterable[Any]", answer), most + 1))
    if len(found) > most:
        raise PluginError(f"it returned more than {most} items", hint="Does a generator in it ever end?")
    return found


def declarations(answer: object, kind: type[T], most: int) -> list[T]:
    """The declarations of one kind that a hook returned."""
    found = items(answer, kind.__name__, most)
    for item in found:
        if not isinstance(item, kind):
            raise PluginError(
                f"its answer contains {kind_of(item)}", hint=f"Return a list of {kind.__name__} and nothing else."
            )
    return found


def lifespan(answer: object) -> AbstractAsyncContextManager[object] | None:
    if answer is None or isinstance(answer, AbstractAsyncContextManager):
        return answer  # pyright: ignore[reportUnknownVariableType]
    raise PluginError(
        f"it returned {kind_of(answer)}",
        hint="Decorate the hook with @asynccontextmanager, below @hookimpl, or return an async context manager.",
    )


def nothing(answer: object) -> None:
    """For hooks that answer nothing. What they return is of no use, and does no harm."""


def key(answer: object) -> Secret | None:
    """A database key; never quoted in an error."""
    if answer is None:
        return None
    if isinstance(answer, str):
        answer = Secret(answer)
    if not isinstance(answer, Secret):
        raise PluginError(f"it returned {kind_of(answer)}", hint="Return the key as a string or Secret, or None.")
    text = answer.reveal()
    if not text or text != text.strip():
        raise PluginError(
            "it returned a key that is empty, or begins or ends with white space",
            hint="Return None where there is no key, and strip what was read from a file or a command.",
        )
    return answer


def figures(answer: object, most: int) -> tuple[Figure, ...]:
    """What a stats provider answered: figures, each code once."""
    found = declarations([] if answer is None else answer, Figure, most)
    codes = [figure.code for figure in found]
    for code in codes:
        if codes.count(code) > 1:
            raise PluginError(f"it returned two figures of the code {code!r}", hint="Give each figure its own code.")
    return tuple(found)


def html(answer: object) -> Markup:
    """What a panel rendered, as HTML that is inserted as it is."""
    if not isinstance(answer, str):
        raise PluginError(f"it returned {kind_of(answer)}", hint="Return HTML as a string.")
    if len(answer) > _MOST_HTML:
        raise PluginError(
            f"it returned {len(answer):,} characters of HTML, of {_MOST_HTML:,} that a page has room for",
            hint="Show the newest, and the rest on a page of your own.",
        )
    return Markup(carried(answer))  # noqa: S704 - a panel's HTML is trusted, as its code is


def export_result(answer: object, snapshot: Snapshot, folder: Path) -> ExportResult:
    """What an exporter answered. A file is there, and will be removed with its folder."""
    if isinstance(answer, Delivered):
        return answer
    if not isinstance(answer, ExportedFile):
        raise PluginError(f"it returned {kind_of(answer)}", hint="Return an ExportedFile or Delivered.")
    inside = answer.path.resolve().is_relative_to(folder.resolve())
    if not inside and answer.path != snapshot.path:
        raise PluginError(
            f"its file {answer.path.name} is outside of the folder that it was given",
            hint="Write to folder / filename, where `folder` is the second argument of the exporter.",
        )
    if not answer.path.is_file():
        raise PluginError(f"its file {answer.path.name} does not exist", hint="Write the file before returning it.")
    return answer


def judgement(answer: object) -> Judgement:
    """What a restore guard answered. Nothing that merely looks like consent is taken for it."""
    if isinstance(answer, Allow | Warn | Refuse):
        return answer
    hint = "Return Allow(), Warn(...) or Refuse(...), in each branch of the function."
    if isinstance(answer, type) and issubclass(answer, Allow | Warn | Refuse):
        hint = f"Call it: {answer.__name__}(...)."
    raise PluginError(f"it returned {kind_of(answer)}", hint=hint)


def rehearsed(answer: object) -> Rehearsed:
    """What came of a rehearsal. What was not checked proves nothing: it has to say what it did."""
    if not isinstance(answer, Rehearsed):
        raise PluginError(f"it returned {kind_of(answer)}", hint="Return a Rehearsed, in each branch of the function.")
    return answer


def conditions(answer: object, most: int) -> tuple[Condition, ...]:
    """What a part of the shop answered: what is not well there, each code once. None and no item: all is well."""
    found = [answer] if isinstance(answer, Condition) else declarations(answer, Condition, most)
    codes = [condition.code for condition in found]
    for code in codes:
        if codes.count(code) > 1:
            raise PluginError(f"it returned two conditions of the code {code!r}", hint="Give each its own code.")
    return tuple(found)


def yes_or_no(answer: object) -> bool:
    """Nothing that merely looks like a yes is taken for one."""
    if not isinstance(answer, bool):
        raise PluginError(f"it returned {kind_of(answer)}", hint="Return True or False, in each branch.")
    return answer


def findings(answer: object, check: str, most: int) -> tuple[Finding, ...]:
    """What a doctor's check found: at least one thing, under the name of the check. Silence is not taken for health."""
    found = [answer] if isinstance(answer, Finding) else declarations(answer, Finding, most)
    if not found:
        raise PluginError("it found nothing", hint='Say so: Finding(check=..., level="pass", title=...).')
    for finding in found:
        if finding.check != check:
            raise PluginError(f"its finding is of the check {finding.check!r}", hint=f"Give it check={check!r}.")
    return tuple(found)
