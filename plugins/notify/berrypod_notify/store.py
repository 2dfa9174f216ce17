"""The state on the disk, in the plugin's work folder: any process of the shop answers for all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from berrypod.decoding import decoder
from berrypod.errors import StorageError
from berrypod.storage.files import make_private_folder, sweep, write_durably
from berrypod.storage.locks import locked
from berrypod_notify.state import State

log = logging.getLogger("berrypod.notify")

STATE_FILE: Final = "told.json"

_decoder = decoder(State)


class Store:
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        """`folder` is asked at each use: its disk may not be there at start."""
        self._folder = folder
        self._unwritten: State | None = None

    @property
    def watch_path(self) -> Path:
        """Locked by the one process that watches."""
        return make_private_folder(self._folder()) / "watching"

    def read(self) -> State:
        """:raises StorageError: the folder is not there, and cannot be made."""
        return self._unwritten or read_state(self._folder() / STATE_FILE)

    def update(self, change: Callable[[State], State]) -> State:
        """Read, change and write, alone with it. `change` may be called twice.

        If it cannot be written, it is known to this process alone until it can: that the disk is full is what somebody
        must be told of. After a restart it may then be told twice.
        """
        try:
            return self._write(change)
        except StorageError as error:
            log.warning("what was told cannot be written down: %s", error.message)
            self._unwritten = change(self._unwritten or self._on_disk())
            return self._unwritten

    def sweep(self) -> None:
        """Remove what a process has left that was killed while it wrote."""
        sweep(self._folder())

    def _write(self, change: Callable[[State], State]) -> State:
        folder = make_private_folder(self._folder())
        with locked(folder / "lock"):
            before = read_state(folder / STATE_FILE)
            after = change(self._unwritten or before)
            if after != before:
                write_durably(folder / STATE_FILE, msgspec.json.encode(after))
            self._unwritten = None
            return after

    def _on_disk(self) -> State:
        try:
            return self.read()
        except StorageError:
            return State()


def read_state(path: Path) -> State:
    """The state in a file; of one that is not there, or makes no sense, that nothing was told yet."""
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return State()
    except msgspec.MsgspecError as error:
        log.warning("%s makes no sense (%s): what was told is not known, and may be told again", path, error)
        return State()
