"""API tokens: `bp_<prefix>_<secret>`. The prefix finds the row and may be shown; of the whole only a hash is stored."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select, update
from sqlcipher3 import dbapi2

from berrypod.accounts.caching import VersionedCache
from berrypod.accounts.clock import from_nullable_column
from berrypod.accounts.principals import SCOPES, TokenPrincipal
from berrypod.clock import Clock, utc_now
from berrypod.errors import Invalid, NotFound, StorageError
from berrypod.settings import Secret
from berrypod.storage.database import Database
from berrypod.storage.models import ApiToken

USED_EVERY: Final = timedelta(minutes=10)

# Letters and digits alone, so that a double click selects the whole; 43 of them are 256 bits.
_ALPHABET: Final = string.ascii_letters + string.digits
_PREFIX_CHARACTERS: Final = 8
_SECRET_CHARACTERS: Final = 43
_TOKEN: Final = re.compile(
    rf"bp_(?P<prefix>[a-z0-9]{{{_PREFIX_CHARACTERS}}})_[A-Za-z0-9]{{{_SECRET_CHARACTERS}}}", re.ASCII
)
_LONGEST_NAME: Final = 100

_LOOK_UP: Final = """
SELECT id, name, scopes, secret_hash, expires_at, last_used_at
FROM api_tokens WHERE prefix = ? AND revoked_at IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class TokenRecord:
    """A token as it may be listed."""

    id: int
    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True)
class NewToken:
    """`token` is told once, here."""

    token: Secret
    record: TokenRecord


@dataclass(frozen=True)
class _Known:
    principal: TokenPrincipal
    expires_at: datetime | None
    last_used_at: datetime | None


class Tokens:
    """The tokens of programs."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._cache: VersionedCache[_Known] = VersionedCache(database)

    async def create(
        self, *, name: str, scopes: Iterable[str], expires_at: datetime | None = None, created_by: str = ""
    ) -> NewToken:
        """Make a token.

        :param expires_at: with a time zone; None for a token that is good until it is revoked.
        :raises Invalid: no name, no scope, an unknown scope, or an expiry in the past.
        """
        given = set(scopes)
        wanted = tuple(scope for scope in SCOPES if scope in given)
        _require_valid(name, wanted, given - set(SCOPES), expires_at, self._clock())
        prefix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(_PREFIX_CHARACTERS))
        token = f"bp_{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_SECRET_CHARACTERS))}"
        row = ApiToken(
            prefix=prefix,
            secret_hash=_hashed(token),
            name=name.strip(),
            scopes=list(wanted),
            created_by=created_by,
            expires_at=expires_at,
        )
        async with self._database.write() as session:
            session.add(row)
        return NewToken(Secret(token), _record(row))

    async def authenticate(self, header_value: str) -> TokenPrincipal | None:
        """Whose `Authorization` header this is; None if it is malformed, unknown, expired or revoked."""
        scheme, _, token = header_value.strip().partition(" ")
        matched = _TOKEN.fullmatch(token.strip())
        if scheme.lower() != "bearer" or matched is None:
            return None
        token_hash, now = _hashed(matched.group()), self._clock()
        known = self._cache.get(token_hash) or await self._look_up(matched["prefix"], token_hash)
        if known is None or (known.expires_at is not None and known.expires_at <= now):
            return None
        if known.last_used_at is None or now - known.last_used_at >= USED_EVERY:
            await self._note_used(known.principal.token_id, now)
        return known.principal

    async def list(self) -> tuple[TokenRecord, ...]:
        """All tokens, revoked ones too, the newest first."""
        async with self._database.read() as session:
            rows = await session.scalars(select(ApiToken).order_by(ApiToken.id.desc()))
            return tuple(_record(row) for row in rows)

    async def find(self, prefix: str) -> TokenRecord:
        """The token with this prefix; `bp_<prefix>` is understood as well.

        :raises NotFound: there is none.
        """
        async with self._database.read() as session:
            wanted = select(ApiToken).where(ApiToken.prefix == prefix.strip().removeprefix("bp_"))
            row = (await session.scalars(wanted)).one_or_none()
        if row is None:
            raise NotFound(f"There is no token with the prefix {prefix}", hint="`berrypod token list` shows all.")
        return _record(row)

    async def revoke(self, token_id: int) -> TokenRecord:
        """Make a token worthless, from the next request on. Revoking it twice changes nothing.

        :raises NotFound: there is no such token.
        """
        async with self._database.write() as session:
            row = await session.get(ApiToken, token_id)
            if row is None:
                raise NotFound("There is no such token")
            row.revoked_at = row.revoked_at or self._clock()
            return _record(row)

    async def _look_up(self, prefix: str, token_hash: str) -> _Known | None:
        version = self._cache.version()

        def job(connection: dbapi2.Connection) -> _Known | None:
            row = connection.execute(_LOOK_UP, (prefix,)).fetchone()
            if row is None or not hmac.compare_digest(row[3], token_hash):
                return None
            token_id, name, scopes, _, expires_at, last_used_at = row
            principal = TokenPrincipal(token_id, name, frozenset(json.loads(scopes)), prefix)
            return _Known(principal, from_nullable_column(expires_at), from_nullable_column(last_used_at))

        known = await self._database.fetch(job)
        if known is not None:
            self._cache.put(version, token_hash, known)
        return known

    async def _note_used(self, token_id: int, now: datetime) -> None:
        """Best effort, as for sessions: monitoring goes on when the disk is full."""
        long_ago = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - USED_EVERY)
        try:
            async with self._database.write() as session:
                await session.execute(
                    update(ApiToken).where(ApiToken.id == token_id, long_ago).values(last_used_at=now)
                )
        except StorageError:
            return


def _require_valid(
    name: str, scopes: tuple[str, ...], unknown: set[str], expires_at: datetime | None, now: datetime
) -> None:
    fields: dict[str, str] = {}
    if not 0 < len(name.strip()) <= _LONGEST_NAME:
        fields["name"] = f"A name of 1 to {_LONGEST_NAME} characters, so that you know later what uses it."
    if unknown:
        fields["scopes"] = f"There is no scope {', '.join(sorted(unknown))}. The scopes are: {', '.join(SCOPES)}."
    elif not scopes:
        fields["scopes"] = "Choose what the token may do."
    if expires_at is not None and expires_at <= now:
        fields["expires_at"] = "That is in the past."
    if fields:
        raise Invalid("The token cannot be made like this", fields=fields)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(row: ApiToken) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        scopes=tuple(row.scopes),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
