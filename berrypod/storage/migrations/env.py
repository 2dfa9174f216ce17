"""Alembic's environment: one transaction for the whole upgrade, so that a file is at the old revision or the new one.

Run by Alembic only (`schema.upgrade`, and `alembic revision` while developing), never imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from alembic import context

from berrypod.errors import DatabaseDamaged
from berrypod.storage.models import metadata

if TYPE_CHECKING:
    from advanced_alchemy.alembic.commands import AlembicCommandConfig
    from sqlalchemy import Engine

config = cast("AlembicCommandConfig", context.config)

with cast("Engine", config.engine).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=config.version_table_name,
        render_as_batch=config.render_as_batch,
        compare_type=True,
        # Alembic takes SQLite for one that cannot; the driver is in autocommit mode, and ours can.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        # References are not enforced while tables are rebuilt (see `schema`), so they are checked before the commit.
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise DatabaseDamaged(
                f"{len(broken)} rows refer to rows that are not there",
                hint="The database is as it was. Keep a copy of the file, and restore a backup.",
            )
    connection.commit()
