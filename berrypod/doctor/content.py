"""Checks of what is in the file: its schema, the times in it, the fields under the second key, and all of its pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import failed, from_error, passed, warned
from berrypod.doctor.subject import Subject
from berrypod.keys.base_key import encrypted_columns
from berrypod.keys.kept import KEPT_SETTING, NEXT_SETTING, in_words, kept_in
from berrypod.storage import integrity, schema, structure
from berrypod.storage.fields import opens_fields
from berrypod.storage.keys import passphrase_fingerprint
from berrypod.storage.log import log_path
from berrypod.stored import tokens_in

_TOLD = 3

# This version did not exist before.
_FIRST_RELEASE = datetime(2026, 1, 1, tzinfo=UTC)
_SLACK = timedelta(minutes=5)
_FAR_OFF = timedelta(days=1)
_LONG_SILENCE = timedelta(days=2 * 365)
# Of each table, the rows that came last.
_ROWS_LOOKED_AT = 200
_TIME_COLUMN = re.compile(r"created_at|updated_at|placed_at|last_seen_at|last_login_at|last_at")
_SET_THE_CLOCK = "Set the clock, and let it be kept right: `timedatectl set-ntp true`."

# A page that was being written when it was read looks damaged once. One that is damaged does each time.
_TIMES_DAMAGED = 2


def schema_at_head(subject: Subject) -> Finding:
    """The tables are those that this version works with."""
    name = "schema"
    with subject.connection() as connection:
        try:
            schema.check(connection)
        except errors.ForeignDatabase:
            return from_error(name, errors.ForeignDatabase(f"{subject.path} has no tables of a shop"))
        except errors.StorageError as error:
            return from_error(name, error)
        found = structure.differences(connection)
    if found:
        why = f"{'; '.join(found[:_TOLD])}{' and more' if len(found) > _TOLD else ''}."
        what_to_do = "Whoever added or removed that should undo it: an upgrade, and a restore, may stumble over it."
        return warned(name, "The tables are not quite those of a shop", why, what_to_do)
    return passed(name, "The schema is this version's", schema.head())


def clock(subject: Subject) -> Finding:
    """The clock is not behind what was written already, nor years off."""
    name = "clock"
    now = subject.now
    told = f"It is {now:%Y-%m-%d %H:%M} UTC"
    if now < _FIRST_RELEASE:
        return failed(name, "The clock is years behind", f"{told} by it: this version is newer.", _SET_THE_CLOCK)
    newest = _newest(subject)
    if newest is None:
        return passed(name, "The clock can be right", told)
    what, at = newest
    if at > now + _SLACK:
        why = f"{told} by it, and {what} is of {at:%Y-%m-%d %H:%M}. Sessions, tokens and backups go by the clock."
        finding = failed if at > now + _FAR_OFF else warned
        return finding(name, "The clock is behind", why, _SET_THE_CLOCK)
    if now - at > _LONG_SILENCE:
        why = f"{told} by it, and {what} is of {at:%Y-%m-%d}: nothing was written since."
        return warned(name, "The clock may be years ahead", why, f"If the shop was not asleep: {_SET_THE_CLOCK}")
    return passed(name, "The clock is right, as far as the shop knows", told)


def encrypted_fields(subject: Subject) -> Sequence[Finding]:
    """SECRET_KEY_BASE is the one with which authenticators were stored. Nothing to say where there are none."""
    name, settings = "encrypted-fields", subject.settings
    stored: list[str] = []
    with subject.connection() as connection:
        for table, column in encrypted_columns():
            # Names of our own tables.
            query = f"SELECT {column.name} FROM {table.name} WHERE {column.name} IS NOT NULL"  # noqa: S608
            stored += [str(row[0]) for row in connection.execute(query)]
        stored += tokens_in(connection)
    former = settings.secret_key_base_former
    if not stored and not former:
        return []
    not_present = [each for each in stored if not opens_fields(settings.secret_key_base, each)]
    if lost := [each for each in not_present if not any(opens_fields(key, each) for key in former)]:
        why = (
            f"{_fields(len(lost))} stored under another one: whoever has an authenticator there cannot sign in, "
            "and a password that is stored there (of a mail server, say) cannot be used."
        )
        what_to_do = (
            "Set SECRET_KEY_BASE_FORMER to the former SECRET_KEY_BASE, and run `berrypod key rotate-base`. "
            "If it is lost: `berrypod admin disable-totp EMAIL`, for each of the admins, and enter such passwords anew."
        )
        return [failed(name, "SECRET_KEY_BASE is not this shop's", why, what_to_do)]
    if not_present:
        why = f"{_fields(len(not_present))} still under a key of SECRET_KEY_BASE_FORMER."
        return [warned(name, "The change of SECRET_KEY_BASE is not complete", why, "Run `berrypod key rotate-base`.")]
    if former:
        why = "Nothing in the file needs SECRET_KEY_BASE_FORMER; sessions of admins who have not come since do."
        what_to_do = "Take SECRET_KEY_BASE_FORMER out of the environment, and start the shop anew."
        return [warned(name, "SECRET_KEY_BASE_FORMER may go", why, what_to_do)]
    tried = "tried with the one that there is" if len(stored) == 1 else f"tried with all {len(stored)} of them"
    return [passed(name, "SECRET_KEY_BASE opens the encrypted fields", tried)]


def _fields(count: int) -> str:
    return "1 encrypted field is" if count == 1 else f"{count} encrypted fields are"


def key_kept(subject: Subject) -> Sequence[Finding]:
    """Somebody has shown that the key is kept elsewhere. Nothing to say of a shop that has none."""
    name, key = "key-kept", subject.passphrase
    if key is None or not subject.encrypted:
        return []
    with subject.connection() as connection:
        query = "SELECT CAST(value AS TEXT) FROM settings WHERE key IN (?, ?)"
        notes = [str(row[0]) for row in connection.execute(query, (KEPT_SETTING, NEXT_SETTING))]
    fingerprint = passphrase_fingerprint(key)
    kept = next(filter(None, (kept_in(note, fingerprint) for note in notes)), None)
    if kept is not None:
        why = f"Shown on {kept.at:%Y-%m-%d} by {in_words(kept.by)}; the fingerprint of the key is {fingerprint}"
        return [passed(name, "The key is kept elsewhere", why)]
    why = f"Nobody has shown that the key {fingerprint} is kept anywhere but here. A lost key is a lost shop."
    what_to_do = "`berrypod key kit` prints it to be kept; then `berrypod key kept`, or the page /admin/key."
    return [warned(name, "The key may be kept nowhere else", why, what_to_do)]


def whole(subject: Subject) -> Finding:
    """Every page is as it was written, indexes agree with their tables, and no row refers to one that is missing."""
    name = "integrity"
    found: list[str] = []
    for _ in range(_TIMES_DAMAGED):
        with subject.connection() as connection:
            try:
                found = integrity.problems(connection, encrypted=subject.encrypted)
            except MemoryError:
                found = ["a page is damaged"]
        if not found:
            return passed(name, "Every page is as it was written, and what is in them agrees")
    why = f"{'; '.join(found[:_TOLD])}{' and more' if len(found) > _TOLD else ''}."
    return failed(name, "The database is damaged", why, errors.DatabaseDamaged.default_hint)


def _newest(subject: Subject) -> tuple[str, datetime] | None:
    """The newest time that something was written: in the shop, as far as it can be opened, else by the file."""
    found = [
        (f"the last change of {path.name}", datetime.fromtimestamp(path.stat().st_mtime, UTC))
        for path in (subject.path, log_path(subject.path))
        if path.exists()
    ]
    if subject.unreadable is None:
        with subject.connection() as connection:
            rows = _newest_rows(connection)
        # A file that was copied is new; what is in it is not. Only a copy from the future says something.
        found = rows + [one for one in found if one[1] > subject.now + _SLACK] if rows else found
    return max(found, key=lambda one: one[1], default=None)


def _newest_rows(connection: dbapi2.Connection) -> list[tuple[str, datetime]]:
    found: list[tuple[str, datetime]] = []
    columns = connection.execute(
        "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns "
        "WHERE tables.type = 'table'"
    ).fetchall()
    for table, column in columns:
        if not _TIME_COLUMN.fullmatch(str(column)):
            continue
        # The names are of the file's own schema, and quoted.
        rows = f'SELECT "{column}" AS at FROM "{table}" ORDER BY rowid DESC LIMIT {_ROWS_LOOKED_AT}'  # noqa: S608
        (newest,) = connection.execute(f"SELECT max(at) FROM ({rows})").fetchone()  # noqa: S608
        if at := _parsed(newest):
            found.append((f"a row of {table}", at))
    return found


def _parsed(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
