"""A process that forks, and the files that its shops are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.forks import Forks
from tests.faults.shops import Templates


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with Forks.ready() as forks:
        yield forks


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, empty_encrypted_file: Path, forks: Forks) -> Templates:
    return Templates.make(tmp_path_factory.mktemp("templates"), empty_encrypted_file, forks)
