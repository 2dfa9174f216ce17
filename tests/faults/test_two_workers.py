"""Two workers under write load while the database is replaced and put back, by the API and by the command line."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.faults.served import Customers, Program, command, digest, former_files, notes_in, stocked, told
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

ORDERS_BETWEEN = 20


@dataclass
class Epochs:
    """Which file was the shop's, and when. A file keeps its inode whatever name it has."""

    settings: Settings
    spans: list[tuple[int, float, float]] = field(default_factory=list)
    """The inode, and from when to when it was the shop's for certain."""
    replaced: dict[int, str] = field(default_factory=dict)
    """The digest of each file since it was replaced."""
    _since: float = 0.0

    def begin(self) -> None:
        self._since = time.monotonic()

    def replace(self, how: Callable[[], object]) -> None:
        former = self._inode()
        self.spans.append((former, self._since, time.monotonic()))
        how()
        self._since = time.monotonic()
        current = self._inode()
        assert current != former, "nothing was replaced"
        kept = former_files(self.settings)[-1]
        assert kept.stat().st_ino == former
        self.replaced.pop(current, None)
        self.replaced[former] = digest(kept)

    def end(self) -> None:
        self.spans.append((self._inode(), self._since, time.monotonic()))

    def _inode(self) -> int:
        return self.settings.database_path.stat().st_ino


def test_each_order_is_in_the_file_that_was_current_when_it_was_confirmed(
    encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    """None is lost, none is in two files, and nobody writes to a file that was replaced."""
    token = stocked(encrypted_settings)
    backup = tmp_path / "backup.db"
    shutil.copyfile(encrypted_settings.database_path, backup)
    server = serve(encrypted_settings, workers=2, env={"BERRYPOD_RESTORE_FORMERS": "20"})
    program, epochs = Program(server.url, token), Epochs(encrypted_settings)

    def by_command(*arguments: str) -> Callable[[], object]:
        return lambda: told(command(encrypted_settings, "restore", *arguments, "--yes", "--accept-newer", "--json"))

    steps = {
        "the API restores": lambda: program.ended(program.apply(program.staged(backup))),
        "the API undoes": lambda: program.ended(program.undo()),
        "a command restores": by_command("apply", str(backup)),
        "a command undoes": by_command("undo"),
        "the API restores again": lambda: program.ended(program.apply(program.staged(backup))),
    }
    with Customers(server.url).ordering() as customers:
        epochs.begin()
        for step in steps.values():
            customers.wait_for(ORDERS_BETWEEN)
            epochs.replace(step)
        customers.wait_for(ORDERS_BETWEEN)
        epochs.end()
    assert server.stop() == 0

    formers = former_files(encrypted_settings)
    assert {file.stat().st_ino: digest(file) for file in formers} == epochs.replaced, "a replaced file was written to"
    notes = {file.stat().st_ino: notes_in(file) for file in (encrypted_settings.database_path, *formers)}
    everywhere = [note for found in notes.values() for note in found]
    assert customers.failures == []
    assert len(everywhere) == len(set(everywhere)), "an order is in two files"
    assert set(everywhere) == set(customers.confirmed), "what was confirmed is there, and what was turned away is not"
    for inode, since, until in epochs.spans:
        certain = {
            note for note, (sent, confirmed) in customers.confirmed.items() if since < sent and confirmed < until
        }
        assert certain
        assert certain <= notes[inode]
    print(f"{len(customers.confirmed)} orders, {len(epochs.spans) - 1} swaps, {len(customers.told)} turned away")
