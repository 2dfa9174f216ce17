"""This program as it may be one day: with a second revision of the schema."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from berrypod.storage import schema
from tests.storage.test_migrations import make_second


@contextmanager
def later_program(folder: Path, then: str = "pass") -> Generator[None]:
    """Its migrations lie in `folder`. The second one gives products a colour, and then does what `then` says."""
    migrations = folder / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    make_second(migrations / "versions" / "0002_second.py", then)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", migrations)
        schema.known_revisions.cache_clear()
        try:
            yield
        finally:
            schema.known_revisions.cache_clear()
