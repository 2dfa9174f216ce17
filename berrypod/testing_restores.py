"""Files to be restored, for tests of guards."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from berrypod.declarations import RestoreCandidate
from berrypod.storage import schema
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.verification import count_rows


@dataclass(frozen=True)
class MakeCandidate:
    """`berrypod_candidate(*statements)`: a file with what the test's shop has, but for what the statements change."""

    shop: Path

    def __call__(self, *statements: str) -> RestoreCandidate:
        """Copy the shop, which nobody has open, and run SQL statements on the copy. The shop stays as it is.

        :raises sqlcipher3.dbapi2.Error: a statement is wrong.
        """
        path = next(path for number in count(1) if not (path := self.shop.with_name(f"candidate-{number}.db")).exists())
        shutil.copyfile(self.shop, path)
        with closing(open_connection(path, None)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            revision, row_counts = schema.revision_of(connection), count_rows(connection)
        with closing(open_connection(self.shop, None, read_only=True)) as connection:
            current_row_counts = count_rows(connection)
        content = path.read_bytes()
        return RestoreCandidate(
            path=path,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            schema_revision=revision,
            row_counts=row_counts,
            encrypted=False,
            created_at=datetime(2026, 3, 14, 12, tzinfo=UTC),
            current_row_counts=current_row_counts,
            opener=lambda: open_immutable(path, None),
        )
