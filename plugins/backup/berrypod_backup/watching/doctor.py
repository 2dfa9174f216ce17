"""What `berrypod doctor` asks about kept backups: was one proven, and who else can touch the folder they lie in?

The shop need not run, and nothing is made or changed: what is read are manifests in the folder, and records of drills.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from berrypod.archive import layout
from berrypod.archive.manifest import Manifest, ManifestUnreadable, Proof, decode
from berrypod.context import PluginContext
from berrypod.declarations import DoctorCheck, Examination, Finding
from berrypod.errors import SettingsError
from berrypod.storage.files import PRIVATE_FOLDER
from berrypod_backup.drill.records import Store
from berrypod_backup.keeping import folder_of, require_own_folder
from berrypod_backup.names import FOLDER, KEEP
from berrypod_backup.watching.limits import DEFAULT_LIMITS

_PROVEN: Final = "backup-proven"
_FOLDER: Final = "backup-folder"
_LONGEST_WORDS: Final = 1000


def checks(context: PluginContext) -> Sequence[DoctorCheck]:
    """Both of them. Neither needs the shop's file."""

    def proven(examination: Examination) -> Sequence[Finding]:
        database = examination.database_path
        drills = database.with_name(f"{database.name}-work") / context.plugin / "drills"
        return list(_proven(_outcomes(_folder(context, database), drills), examination.now))

    def folder(examination: Examination) -> Sequence[Finding]:
        database = examination.database_path
        return list(_of_folder(_folder(context, database), database))

    return [
        DoctorCheck(name=_PROVEN, title="whether a kept backup was proven", check=proven, needs_database=False),
        DoctorCheck(name=_FOLDER, title="the folder of kept backups", check=folder, needs_database=False),
    ]


def _folder(context: PluginContext, database: Path) -> Path:
    return folder_of(database, context.setting(FOLDER))


# --- was one proven? ---


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """Of the newest drill of a backup. `proof` is None for one that nobody has tried."""

    backup_id: str
    proof: Proof | None


def _proven(outcomes: Sequence[_Outcome], now: datetime) -> Iterator[Finding]:
    """By the newest drill of any archive."""
    if not outcomes:
        why = (
            "None is kept on this machine, and of those elsewhere none was tried: `berrypod backup drill` does. One "
            "that was downloaded is proven by bringing it back: `berrypod restore check` looks."
        )
        yield Finding(check=_PROVEN, level="pass", title="There is no kept backup here to be proven", why=why)
        return
    drill = "Have the newest one proven: on its line of /admin/backup, or by `berrypod backup drill`."
    tried = [(one.proof, one.backup_id) for one in outcomes if one.proof is not None]
    if not tried:
        why = "Whether a shop can be run on one of those that are kept, nobody has tried."
        yield Finding(check=_PROVEN, level="warn", title="No backup was ever proven", why=why, what_to_do=drill)
        return
    proof, backup_id = max(tried, key=lambda one: one[0].at)
    days = (now - proof.at).days
    if proof.problem is not None:
        title = "The last drill found a backup that no shop can be run on"
        why = f"{backup_id}, {_at(proof.at)}: {proof.problem}"[:_LONGEST_WORDS]
        yield Finding(check=_PROVEN, level="fail", title=title, why=why, what_to_do=proof.hint or drill)
    elif now - proof.at > DEFAULT_LIMITS.unproven:
        title = f"The last drill that succeeded was {days} days ago"
        why = f"{backup_id}, {_at(proof.at)}. Nobody has tried a newer backup since."
        yield Finding(check=_PROVEN, level="warn", title=title, why=why, what_to_do=drill)
    else:
        why = f"{backup_id}, {_at(proof.at)}: it was fetched back, and a shop was run on it."
        yield Finding(check=_PROVEN, level="pass", title="A backup of the last days is proven", why=why)


def _outcomes(folder: Path, drills: Path) -> list[_Outcome]:
    """What lies in the folder on this machine says it itself; of what lies elsewhere, the records of drills tell."""
    found = [_Outcome(backup_id=manifest.id, proof=manifest.proof) for manifest in _manifests(folder)]
    if drills.is_dir():  # or reading it would make it
        elsewhere = [record for record in Store(lambda: drills).all() if record.exporter != KEEP]
        found += [_Outcome(backup_id=record.copy_id, proof=record.proof) for record in elsewhere if record.proof]
    return found


def _manifests(folder: Path) -> Iterator[Manifest]:
    for path in folder.glob(layout.manifest_name("*")):
        try:
            yield decode(path.read_bytes())
        except (FileNotFoundError, ManifestUnreadable):
            continue  # deleted meanwhile; or damaged, of which the page and the health of the shop tell


# --- whose is the folder? ---


def _of_folder(folder: Path, database: Path) -> Iterator[Finding]:
    """As the doctor's own checks of modes and owners are for what lies beside the shop's file."""
    try:
        require_own_folder(folder, database)
    except SettingsError as error:
        yield _bad("Backups cannot be kept where they are to be", f"{error.message}.", error.hint)
        return
    if not folder.is_dir():
        title = "The folder of kept backups will be made with the first one"
        yield Finding(check=_FOLDER, level="pass", title=title, why=str(folder))
        return
    found = [*_of_others(folder, database)]
    yield from found or [Finding(check=_FOLDER, level="pass", title="Kept backups are their owner's", why=str(folder))]


def _of_others(folder: Path, database: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        why = f"{folder} has the mode {mode:04o}. What is in it is the whole shop, as often as it was backed up."
        yield _bad("Others can get into the folder of kept backups", why, f"chmod {PRIVATE_FOLDER:o} {folder}")
    owner = (database if database.exists() else folder).stat().st_uid
    stranger = next((path for path in (folder, *folder.rglob("*")) if path.lstat().st_uid != owner), None)
    if stranger is not None:
        why = f"{stranger} does not belong to the user who has the shop's file (number {owner}): the shop gets stuck."
        yield _bad("Kept backups have several owners", why, f"chown -R --reference={database} {folder}")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        why = f"{folder} cannot be written by the user who asks (number {os.geteuid()})."
        yield _bad("The folder of kept backups cannot be written", why, "Run this as the user that runs the shop.")


def _bad(title: str, why: str, what_to_do: str) -> Finding:
    return Finding(check=_FOLDER, level="fail", title=title, why=why, what_to_do=what_to_do)


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
