"""The examination: every check, one after the other, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from berrypod import __version__, errors
from berrypod.declarations import Declared
from berrypod.declarations.doctor import LEVELS, DoctorCheck, Examination, Finding, Level
from berrypod.doctor.checks import GROUPS, Check, Needs, obstacle
from berrypod.doctor.findings import unchecked, warned
from berrypod.doctor.subject import Subject
from berrypod.isolation import Failed
from berrypod.storage.files import translate_os_error

_LONGEST_TITLE = 80

Tell = Callable[[str], None]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, for people and programs. `plugin` is whose check it is, None for one of Berrypod's own."""

    check: str
    level: Level
    title: str
    why: str
    what_to_do: str
    plugin: str | None = None


class ToldGroup(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    findings: tuple[Told, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor found. `level` is the worst of all; `at` is in UTC."""

    level: Level
    database: Path
    version: str
    at: datetime
    thorough: bool
    groups: tuple[ToldGroup, ...]

    @property
    def findings(self) -> tuple[Told, ...]:
        return tuple(finding for group in self.groups for finding in group.findings)


async def examine(subject: Subject, tell: Tell = lambda _: None) -> Report:
    """Make all checks. Changes nothing on the disk, and raises for nothing that is wrong with the shop.

    :param tell: called with what is looked at, before it is.
    """
    groups = [
        ToldGroup(
            title=group.title,
            findings=tuple(
                _told(finding)
                for check in group.checks
                if subject.thorough or not check.thorough
                for finding in make(check, subject, tell)
            ),
        )
        for group in GROUPS
    ]
    if of_plugins := await _ask_plugins(subject, tell):
        groups.append(ToldGroup(title="By plugins", findings=tuple(of_plugins)))
    found: list[Level] = [finding.level for group in groups for finding in group.findings]
    return Report(
        level=max(found, key=LEVELS.index),
        database=subject.path,
        version=__version__,
        at=subject.now,
        thorough=subject.thorough,
        groups=tuple(groups),
    )


def make(check: Check, subject: Subject, tell: Tell) -> Sequence[Finding]:
    """One check of the core. One that cannot be made is a warning, for whatever reason."""
    tell(check.title)
    try:
        if missing := obstacle(check.needs, subject):
            return [unchecked(check.name, check.title, missing)]
        found = check.function(subject)
    except errors.BerrypodError as error:
        return [unchecked(check.name, check.title, error)]
    except OSError as error:
        translated = translate_os_error(error, subject.path.parent)
        if not isinstance(translated, errors.BerrypodError):
            translated = errors.StorageError(str(error), hint="Put right what the message names, and look again.")
        return [unchecked(check.name, check.title, translated)]
    return [found] if isinstance(found, Finding) else found


async def _ask_plugins(subject: Subject, tell: Tell) -> list[Told]:
    if subject.plugins is None:
        return []
    examination = Examination(
        database_path=subject.path, now=subject.now, thorough=subject.thorough, opener=subject.connection
    )
    told: list[Told] = []
    for declared in subject.plugins.doctor_checks:
        tell(declared.declaration.title)
        told += [_told(one, declared.plugin) for one in await _ask(subject, declared, examination)]
    return told


async def _ask(subject: Subject, declared: Declared[DoctorCheck], examination: Examination) -> Sequence[Finding]:
    assert subject.plugins is not None
    check = declared.declaration
    missing = obstacle(Needs.SHOP, subject) if check.needs_database else None
    if missing:
        return [unchecked(check.name, check.title, missing)]
    outcome = await subject.plugins.examine(declared, examination)
    if isinstance(outcome, Failed):
        title = f"The plugin {declared.plugin} could not check: {check.title}"[:_LONGEST_TITLE]
        hint = outcome.hint or f"Tell the author of {declared.plugin}. The check was not made."
        return [warned(check.name, title, f"{outcome.error}.", hint)]
    return outcome.value


def _told(finding: Finding, plugin: str | None = None) -> Told:
    return Told(
        check=finding.check,
        level=finding.level,
        title=finding.title,
        why=finding.why,
        what_to_do=finding.what_to_do,
        plugin=plugin,
    )
