"""Checks of the two secrets: there, long, not public, and not the same. None is ever shown."""

from __future__ import annotations

import stat
from collections.abc import Sequence

from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import from_error, passed
from berrypod.doctor.subject import Subject
from berrypod.env_file import read_env_file
from berrypod.errors import SettingsError
from berrypod.settings import MINIMUM_SECRET_BYTES, Secret, is_public

_DATABASE, _BASE = "SECRET_KEY_DB", "SECRET_KEY_BASE"

# Fewer different ones are a pattern, not chance: 32 random hex digits have some fourteen.
_FEWEST_CHARACTERS = 8

_NEW_DATABASE_KEY = (
    f"For a new shop: export {_DATABASE}=$(berrypod secret) - and keep it somewhere safe, apart from the file. "
    "A shop that exists opens with the key with which it was made, and with no other."
)
_NEW_BASE_KEY = f"export {_BASE}=$(berrypod secret) - admins then sign in anew, with authenticators set up anew."


def database_key(subject: Subject) -> Finding:
    """The key of the file is there, and nobody guesses it."""
    name, key = "secret-key-db", subject.settings.secret_key_db
    if subject.key_trouble is not None:
        return from_error(name, subject.key_trouble, title="The plugin that gives the database key failed")
    weakness = "is not set" if key is None else _weakness(key)
    if weakness is None:
        return passed(name, "The database key is long enough", f"{len(key or '')} bytes")
    why = f"{_DATABASE} {weakness}: whoever has the file, or a backup, can read it."
    return _weak(subject, name, "The database key protects nothing", why, _NEW_DATABASE_KEY)


def base_key(subject: Subject) -> Finding:
    """The key of sessions and encrypted fields is there, and nobody guesses it."""
    name, key = "secret-key-base", subject.settings.secret_key_base
    weakness = _weakness(key)
    if weakness is None:
        return passed(name, "The key of sessions and encrypted fields is long enough", f"{len(key)} bytes")
    if subject.settings.base_key_is_public and not subject.settings.environment_values.get(_BASE):
        weakness = "is not set, and the one that stands in for it is public"
    why = f"{_BASE} {weakness}: whoever knows it can sign in as an admin."
    return _weak(subject, name, "The key of sessions protects nothing", why, _NEW_BASE_KEY)


def two_keys(subject: Subject) -> Sequence[Finding]:
    """The two secrets have nothing to do with one another. Nothing to say while one of them is missing."""
    name, key = "secrets-differ", subject.settings.secret_key_db
    if key is None:
        return []
    if key.reveal() == subject.settings.secret_key_base.reveal():
        why = "Whoever learns the one has the other too: the second layer of encryption is then none."
        return [_weak(subject, name, "Both secrets are the same", why, _NEW_BASE_KEY)]
    return [passed(name, "The two secrets differ")]


def env_file(subject: Subject) -> Sequence[Finding]:
    """The file that the secrets come from can be read, and not by everybody. Nothing to say if there is none."""
    name, path = "env-file", subject.env_file
    if path is None:
        return []
    try:
        read_env_file(path)
    except SettingsError as error:
        return [from_error(name, error, title="The file with the settings cannot be read")]
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        why = f"{path} has the mode {mode:04o}, and in it are the secrets, in clear."
        return [_weak(subject, name, "Others can use the file with the secrets", why, f"chmod 600 {path}")]
    return [passed(name, "The file with the secrets is closed to others", f"{path} has the mode {mode:04o}")]


def _weakness(secret: Secret) -> str | None:
    """What is wrong with a secret, without a word of what it is."""
    if is_public(secret):
        return "is the one of development, which is public"
    if len(secret) < MINIMUM_SECRET_BYTES:
        return f"has {len(secret)} bytes, of which at least {MINIMUM_SECRET_BYTES} are needed"
    if len(set(secret.reveal())) < _FEWEST_CHARACTERS:
        return "is made of few different characters"
    return None


def _weak(subject: Subject, name: str, title: str, why: str, what_to_do: str) -> Finding:
    """In development it need not stop anybody."""
    level = "fail" if subject.settings.production else "warn"
    return Finding(check=name, level=level, title=title, why=why, what_to_do=what_to_do)
