"""What of the accounts survives when another file takes the place of the shop's: who is signed in, and who is shut out.

A backup brings its own admins and tokens back, with the passwords that they had. It must not bring back what was ended
since it was made: a session that was ended, a token that was revoked, an admin who was disabled. And whoever does the
restore must not be locked out by it.

All of it is a few rows, whatever the size of the shop: it is done while the shop is closed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlcipher3 import dbapi2

from berrypod.accounts.admins import normal_email
from berrypod.storage.models import Admin, AdminSession, ApiToken, LoginAttempts
from berrypod.storage.models.base import Base

log = logging.getLogger("berrypod.accounts")

_Row: TypeAlias = dict[str, Any]

# An attack from a million addresses must not be what keeps the shop closed.
_ATTEMPTS_AT_MOST: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Who does the restore. Their account and their token go on being good, whatever the file holds."""

    admin_email: str | None = None
    token_prefix: str | None = None


def missing_admin(candidate: dbapi2.Connection, email: str) -> bool:
    """Whether the admin with this address could not sign in to the shop of `candidate`: not there, or disabled."""
    query = "SELECT 1 FROM admins WHERE email = ? AND disabled_at IS NULL"
    return candidate.execute(query, (normal_email(email),)).fetchone() is None


def carry(live: dbapi2.Connection, staged: dbapi2.Connection, keep: Keep) -> None:
    """Bring the accounts of `staged` up to date with `live`, in one transaction on `staged`.

    - Sessions are those of `live`, of admins who are in both files, by e-mail address, and disabled in neither.
    - Admins who were disabled, and tokens that were revoked, since the file was made stay so; the former unless nobody
      else could sign in.
    - The admin of `keep` is taken over from `live` if missing or disabled in `staged`; the token of `keep` if missing.
      Neither comes back if it was disabled or revoked meanwhile.
    - Failed attempts to sign in go on being counted.

    A table of `live` that is damaged is as if it were empty: a restore is what helps then.

    :param live: the shop's file, for reading.
    :param staged: the file that takes its place, with the schema of this program, in autocommit mode.
    :raises sqlcipher3.dbapi2.Error: `staged` cannot be written. Nothing has changed in it then.
    """
    accounts = _Accounts.of(live)
    staged.execute("BEGIN IMMEDIATE")
    try:
        _keep_admin(staged, accounts, keep)
        _keep_disabled(staged, accounts)
        _replace_sessions(staged, accounts)
        _keep_revoked(staged, accounts)
        _keep_token(staged, accounts, keep)
        staged.execute("DELETE FROM login_attempts")
        for attempts in accounts.attempts:
            _insert(staged, LoginAttempts, attempts)
        staged.execute("COMMIT")
    except BaseException:
        staged.rollback()
        raise


@dataclass(frozen=True)
class _Accounts:
    """What the live file has, as raw values of its columns."""

    admins: Sequence[_Row]
    sessions: Sequence[_Row]
    tokens: Sequence[_Row]
    attempts: Sequence[_Row]

    @classmethod
    def of(cls, live: dbapi2.Connection) -> _Accounts:
        return cls(
            admins=_rows(live, Admin),
            sessions=_rows(live, AdminSession),
            tokens=_rows(live, ApiToken),
            attempts=_rows(live, LoginAttempts, f"ORDER BY last_at DESC LIMIT {_ATTEMPTS_AT_MOST}"),
        )

    def enabled_admin(self, email: str | None) -> _Row | None:
        wanted = normal_email(email or "")
        return next((row for row in self.admins if row["email"] == wanted and row["disabled_at"] is None), None)


def _keep_admin(staged: dbapi2.Connection, accounts: _Accounts, keep: Keep) -> None:
    admin = accounts.enabled_admin(keep.admin_email)
    if admin is None or not missing_admin(staged, admin["email"]):
        return
    # The whole row, not only that it is enabled: with the password, the authenticator and the recovery codes of today.
    staged.execute("DELETE FROM admins WHERE email = ?", (admin["email"],))
    _insert(staged, Admin, admin)


def _keep_disabled(staged: dbapi2.Connection, accounts: _Accounts) -> None:
    """Disabled after the account was last changed in the file, that is: an undo brings back who was enabled in it."""
    changed_at = dict(staged.execute("SELECT email, updated_at FROM admins WHERE disabled_at IS NULL"))
    disabled_at = {row["email"]: row["disabled_at"] for row in accounts.admins if row["disabled_at"] is not None}
    shut_out = {email for email, at in disabled_at.items() if email in changed_at and at > changed_at[email]}
    if shut_out and not changed_at.keys() - shut_out:
        log.warning("admins who were disabled since the backup can sign in again: nobody else could")
        return
    for email in shut_out:
        staged.execute("UPDATE admins SET disabled_at = ? WHERE email = ?", (disabled_at[email], email))


def _replace_sessions(staged: dbapi2.Connection, accounts: _Accounts) -> None:
    staged.execute("DELETE FROM admin_sessions")
    emails = {row["id"]: row["email"] for row in accounts.admins if row["disabled_at"] is None}
    ids = dict(staged.execute("SELECT email, id FROM admins WHERE disabled_at IS NULL"))
    for session in accounts.sessions:
        admin_id = ids.get(emails.get(session["admin_id"]))
        if admin_id is not None:
            _insert(staged, AdminSession, session | {"admin_id": admin_id})


def _keep_revoked(staged: dbapi2.Connection, accounts: _Accounts) -> None:
    revoked = [(row["revoked_at"], row["prefix"]) for row in accounts.tokens if row["revoked_at"] is not None]
    staged.executemany("UPDATE api_tokens SET revoked_at = ? WHERE prefix = ? AND revoked_at IS NULL", revoked)


def _keep_token(staged: dbapi2.Connection, accounts: _Accounts, keep: Keep) -> None:
    there = {prefix for (prefix,) in staged.execute("SELECT prefix FROM api_tokens")}
    for token in accounts.tokens:
        if token["prefix"] == keep.token_prefix and token["prefix"] not in there and token["revoked_at"] is None:
            _insert(staged, ApiToken, token)


def _rows(live: dbapi2.Connection, model: type[Base], which: str = "") -> Sequence[_Row]:
    """The rows of a table of the live file, which may be of an older schema, or damaged."""
    table = model.__tablename__
    try:
        there = {row[1] for row in live.execute(f"PRAGMA table_info({table})")}
        columns = [column.name for column in model.__table__.columns if column.name in there]
        if not columns:
            return ()
        query = f"SELECT {', '.join(columns)} FROM {table} {which}"  # noqa: S608 - names of our own models
        return [dict(zip(columns, row, strict=True)) for row in live.execute(query)]
    except (dbapi2.Error, MemoryError) as error:  # a damaged page; MemoryError: sqlcipher3 0.6.0, ever after one
        log.warning("%s of the former file cannot be read, and nothing of it is carried over: %s", table, error)
        return ()


def _insert(staged: dbapi2.Connection, model: type[Base], row: _Row) -> None:
    """Add a row under a new id: the former one may be another row's.

    What a damaged index let in twice, or without a value, is left out: it must not be what stops a restore.
    """
    names = [name for name in row if name != "id"]
    marks = ", ".join("?" * len(names))
    statement = f"INSERT OR IGNORE INTO {model.__tablename__} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - as above
    staged.execute(statement, [row[name] for name in names])
