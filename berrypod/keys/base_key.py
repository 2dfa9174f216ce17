"""A change of SECRET_KEY_BASE: what is encrypted under the former one is brought under the present one.

    1. SECRET_KEY_BASE is the new one, SECRET_KEY_BASE_FORMER the one from before; the shop is started anew. It reads
       what either has encrypted, and writes with the new one.
    2. `renew` brings the rest there: all of it, or nothing, in one transaction.
    3. SECRET_KEY_BASE_FORMER goes.

Sessions and baskets are cookies: those of the former key are accepted and sent back under the new one, until 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, Text, delete, select, type_coerce, update

from berrypod.settings import Secret
from berrypod.storage.database import Database
from berrypod.storage.fields import EncryptedText, reencrypted
from berrypod.storage.models import AdminSession, metadata
from berrypod.stored import put_sealed, sealed_records


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """How many fields are brought under the present key, were there already, or open with none of the keys.

    The latter stay as they are. `sessions_ended` counts those of admins that were ended.
    """

    renewed: int
    already: int
    unreadable: int
    sessions_ended: int


async def renew(database: Database, *, end_sessions: bool = False) -> Renewed:
    """Bring all encrypted fields under the present SECRET_KEY_BASE, in one transaction: all of them, or none.

    Those are columns, and the records of secrets among the settings.

    :param end_sessions: sign all admins out as well, wherever they are: whoever knew the former key may have
        looked into their cookies.
    :raises DatabaseBusy: (and other StorageErrors) nothing was changed.
    """
    settings = database.settings
    keys = (settings.secret_key_base, *settings.secret_key_base_former)
    counts = {"renewed": 0, "already": 0, "unreadable": 0}
    async with database.write() as session:
        for table, column in encrypted_columns():
            key = next(iter(table.primary_key.columns))
            # As it is stored: the type would decrypt it, and stop at the first that no key opens.
            stored = type_coerce(column, Text)
            for row_key, token in (await session.execute(select(key, stored).where(stored.is_not(None)))).all():
                how, value = _looked_at(str(token), keys)
                counts[how] += 1
                if value is not None:
                    changed = update(table).where(key == row_key).values({column: type_coerce(value, Text)})
                    await session.execute(changed)
        for name, token in (await sealed_records(session)).items():
            how, value = _looked_at(token, keys)
            counts[how] += 1
            if value is not None:
                await put_sealed(session, name, value)
        ended = 0
        if end_sessions:
            ended = len((await session.execute(delete(AdminSession).returning(AdminSession.id))).all())
    return Renewed(**counts, sessions_ended=ended)


def encrypted_columns() -> Iterator[tuple[Table, Column[Any]]]:
    """All columns of the shop's tables with a second layer of encryption."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, EncryptedText):
                yield table, column


def _looked_at(token: str, keys: Sequence[Secret]) -> tuple[str, str | None]:
    """What to count it as, and what to put in its place."""
    which, value = reencrypted(token, keys)
    if which is None:
        return "unreadable", None
    return ("already", None) if which == 0 else ("renewed", value)
