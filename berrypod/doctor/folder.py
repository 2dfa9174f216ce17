"""Checks of who may touch the shop's files: the shop's own user, all of them; nobody else."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Sequence
from pathlib import Path

from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import failed, passed, warned
from berrypod.doctor.subject import Subject
from berrypod.storage.files import PRIVATE_FILE, PRIVATE_FOLDER

_FILES = ("", "-wal", "-shm", "-lock", "-announcement", "-swap", "-swaps.json", "-audit.jsonl", "-key")
# What lies in these is a shop's, and not encrypted everywhere.
_FOLDERS = ("-work", "-former")

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def modes(subject: Subject) -> Sequence[Finding]:
    """Nobody but their owner can read the files, let alone write them."""
    name = "modes"
    found = [_open_to_others(name, path, PRIVATE_FILE) for path in _there(subject, _FILES)]
    found += [_open_to_others(name, path, PRIVATE_FOLDER) for path in _there(subject, _FOLDERS)]
    found.append(_replaceable_by_others(name, subject.path.parent))
    wrong = [finding for finding in found if finding is not None]
    return wrong or [passed(name, "Only their owner can read and write the shop's files")]


def owners(subject: Subject) -> Sequence[Finding]:
    """All of it is one user's: what an admin's `sudo` has made, the shop cannot write."""
    name = "owner"
    there = _there(subject, (*_FILES, *_FOLDERS))
    if not there:
        return []
    owner = there[0].stat().st_uid
    strangers = [path for path in there if path.stat().st_uid != owner]
    if strangers:
        named = ", ".join(f"{path.name} is {user_name(path.stat().st_uid)}'s" for path in strangers)
        why = f"{there[0].name} is {user_name(owner)}'s, and {named}: the shop, which runs as one of them, gets stuck."
        what_to_do = f"chown -R {user_name(owner)} {' '.join(map(str, strangers))}"
        return [failed(name, "The shop's files have several owners", why, what_to_do)]
    return [passed(name, "The shop's files have one owner", user_name(owner))]


def writable(subject: Subject) -> Finding:
    """Whoever runs this can write the file, and SQLite's files beside it."""
    name = "folder"
    folder, path = subject.path.parent, subject.path
    me = f"you ({user_name(os.geteuid())})"
    own_it = "Run this as the user that runs the shop. If you did: give that user the file and its folder (chown)."
    if not folder.is_dir():
        what_to_do = "Make the folder, or correct DATABASE_PATH."
        return failed(name, "The folder of the database is not there", f"There is no folder {folder}.", what_to_do)
    if not os.access(folder, os.W_OK | os.X_OK):
        why = f"{folder} cannot be written by {me}: SQLite keeps its log beside the file."
        return failed(name, "The folder of the database cannot be written", why, own_it)
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        why = f"{path} cannot be read and written by {me}."
        return failed(name, "The database cannot be written", why, own_it)
    return passed(name, "The file and its folder can be written", f"by {me}")


def _open_to_others(name: str, path: Path, private: int) -> Finding | None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & _OTHERS:
        return None
    why, what_to_do = f"{path} has the mode {mode:04o}.", f"chmod {private:o} {path}"
    if mode & _OTHERS_WRITE:
        return failed(name, f"Others can write {path.name}"[:80], why, what_to_do)
    if private == PRIVATE_FOLDER:
        return failed(name, f"Others can look into {path.name}"[:80], f"{why} What is in it is the shop's.", what_to_do)
    return warned(name, f"Others can read {path.name}"[:80], f"{why} The key alone protects what is in it.", what_to_do)


def _replaceable_by_others(name: str, folder: Path) -> Finding | None:
    """Whoever may write a folder may put another file in the place of the shop's, whatever the modes of that."""
    if not folder.is_dir():
        return None
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & stat.S_IWOTH or mode & stat.S_ISVTX:
        return None
    why = f"{folder} has the mode {mode:04o}: everybody on this machine can delete or exchange the file."
    return failed(name, "Everybody can write the folder of the database", why, f"chmod o-w {folder}")


def _there(subject: Subject, ends: Sequence[str]) -> list[Path]:
    return [path for end in ends if (path := subject.beside(end)).exists()]


def user_name(number: int) -> str:
    """The name of the user with this number; the number, if nobody has it."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
