"""A process that forks, and the files that its shops are made of."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.forks import Forks
from tests.faults.shops import Templates


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with Forks.ready() as forks:
        yield forks


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory, where there is such a folder: a kill does not care for what is on the disk, and syncs take time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="berrypod-faults-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, empty_encrypted_file: Path, forks: Forks) -> Templates:
    return Templates.make(tmp_path_factory.mktemp("templates"), empty_encrypted_file, forks)
