"""Coming in through the gate, to a file of which nothing is left half done."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import schema, swap_journal
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.storage.failures import explain
from berrypod.storage.gate import Gate
from berrypod.storage.swap_outcomes import Outcome

_TURN_SECONDS = 0.1


def enter(gate: Gate, path: Path, passphrase: Secret | None) -> None:
    """Hold the gate together with others, after finishing or taking back a replacement that a crash cut short.

    :raises DatabaseLocked: another process has the file alone, and did not let go in time.
    :raises StorageError: the replacement cannot be settled before the file can be opened (its key, its folder).
    """
    settle(gate, path, passphrase)
    gate.enter()
    while swap_journal.is_cut_short(path):  # Begun, and cut short, between the two.
        gate.leave()
        settle(gate, path, passphrase)
        gate.enter()
    swap_journal.sweep_notes(path)


def settle(gate: Gate, path: Path, passphrase: Secret | None, *, timeout: float = 10.0) -> Outcome | None:
    """Finish or take back a replacement of the file that a crash cut short. This gate must not be held.

    :returns: what became of it; None if there is none to settle.
    :raises DatabaseLocked: another process has the file.
    """
    deadline = monotonic() + timeout
    while swap_journal.is_cut_short(path):
        # In short turns: another process may settle it and stay inside, and then there is nothing to wait for. A
        # replacement that is under way has its note there too.
        try:
            with gate.alone(timeout=_TURN_SECONDS):
                return recover(path, passphrase)
        except errors.DatabaseLocked:
            if monotonic() >= deadline:
                raise
    return None


def recover(path: Path, passphrase: Secret | None) -> Outcome | None:
    """As `settle`, for whoever has the gate alone."""

    def connect() -> dbapi2.Connection:
        key = find_key(path, passphrase)
        try:
            connection = open_connection(path, key)
        except (dbapi2.Error, MemoryError) as error:
            raise explain(error, path) from error
        try:
            schema.revision_of(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    swap_journal.sweep_notes(path)
    return swap_journal.recover(path, connect)
