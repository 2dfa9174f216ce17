"""Runs the migrations, by Alembic and Advanced Alchemy. Imported when there is something to migrate: it takes long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.config import AlembicSyncConfig, SQLAlchemySyncConfig
from sqlalchemy import create_engine, event, exc, pool
from sqlcipher3 import dbapi2

T = TypeVar("T")

# Alembic's context is one for the whole process.
_turn = threading.Lock()


def migrate(
    connect: Callable[[], dbapi2.Connection],
    migrations: Path,
    version_table: str,
    *,
    revision: str = "head",
    then: Callable[[dbapi2.Connection], T],
) -> T:
    """Bring the database of `connect` to a revision of the folder `migrations`. Returns what `then` says of it.

    :raises dbapi2.Error: nothing was changed.
    """

    def connect_for_rebuilding() -> dbapi2.Connection:
        connection = connect()
        # Alembic rebuilds tables: rows that refer to a table must survive that it is dropped for a moment.
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection

    # The synchronous dialect with our driver: an upgrade is done while nobody waits.
    engine = create_engine("sqlite://", module=dbapi2, creator=connect_for_rebuilding, poolclass=pool.StaticPool)

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "begin", begin)
    try:
        alembic = AlembicSyncConfig(script_location=str(migrations), version_table_name=version_table)
        with _turn:
            AlembicCommands(SQLAlchemySyncConfig(engine_instance=engine, alembic_config=alembic)).upgrade(revision)
        with engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.rollback()
            return then(driver)
    except exc.DBAPIError as error:
        raise error.orig or error from error
    finally:
        engine.dispose()
