"""One change of the key, from the copy to the swap.

copying       a process of its own writes the file anew, page by page, while the shop sells
catching_up   the pages that changed meanwhile, by the log's frames; again and again
verifying     the new file is read to its last page, as on another machine
replacing     requests wait: the last pages, the note for whoever knows the former key, the swap
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import cast

from berrypod import errors
from berrypod.keys.formers import former_path
from berrypod.keys.rewriter import Rewriter, rewriting
from berrypod.keys.rotation_records import Rotated, Rotation, RotationFailed, Stage
from berrypod.maintenance import Maintenance
from berrypod.settings import Secret
from berrypod.storage import handover
from berrypod.storage.database import Database
from berrypod.storage.faults import reach
from berrypod.storage.files import (
    PRIVATE_FILE,
    claimed,
    file_mark,
    make_private_folder,
    require_space,
    temporary_path,
)
from berrypod.storage.journals import remove_database
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.rewriting_wire import Done
from berrypod.storage.standstill import SPARE_BYTES, Bounds
from berrypod.storage.swap import Swap
from berrypod.storage.swap_outcomes import outcomes
from berrypod.storage.verification import check_content

_GATE_SECONDS = 10.0
_LEVEL_PAGES = 256
_ROUNDS = 5

Progress = Callable[[Stage, float], None]


@dataclass
class Rotating:
    """`old` and `new` are passphrases, with their `fingerprints`; `id` is the rotation's."""

    database: Database
    maintenance: Maintenance
    old: Secret
    new: Secret
    fingerprints: tuple[str, str]
    id: str
    at: datetime
    by: str
    progress: Progress
    bounds: Bounds = field(default_factory=Bounds)
    _ended_by_others: bool = field(default=False, init=False)
    _ours: bool = field(default=False, init=False)

    async def run(self) -> Rotated:
        """:raises StorageError: it could not be done; the shop goes on with the key that it had."""
        begun = monotonic()
        path, old_key = self.database.path, self.database.key
        assert old_key is not None
        fingerprints = self.fingerprints
        new_key = await asyncio.to_thread(DatabaseKey.for_new_file, self.new)
        size = path.stat().st_size
        require_space(path.parent, size + SPARE_BYTES)
        former = former_path(path, fingerprints[0], self.at)
        make_private_folder(former.parent)
        target = temporary_path(path)
        with claimed(target):
            try:
                async with rewriting(path, old_key, target, new_key, bounds=self.bounds, tell=self._told) as rewriter:
                    with self._interruptible(rewriter):
                        await self._make_level(rewriter, target, new_key)
                        last, closed = await self._swap(rewriter, target, former, (old_key, new_key), fingerprints)
            except errors.StorageError:
                if self._ended_by_others:
                    raise RotationFailed(
                        "The shop's file was needed by somebody else (a restore, say)",
                        hint="Try again when it is done.",
                    ) from None
                raise
            finally:
                remove_database(target)
        return Rotated(
            rotation=Rotation(
                id=self.id,
                at=self.at,
                by=self.by,
                former_fingerprint=fingerprints[0],
                new_fingerprint=fingerprints[1],
                former_file=str(former),
                former_bytes=former.stat().st_size,
            ),
            seconds=monotonic() - begun,
            closed_seconds=closed,
            pages=last.pages,
            caught_up_pages=last.caught_up,
            last_pages=last.last,
        )

    # --- inside ---

    async def _make_level(self, rewriter: Rewriter, target: Path, new_key: DatabaseKey) -> None:
        """Copy, catch up, verify; and catch up with what came while that was done."""
        self.progress("copying", 0.0)
        await rewriter.level()
        self.progress("verifying", 0.0)
        await check_content(target, new_key, progress=lambda share: self.progress("verifying", share))
        await rewriter.proven()
        reach("rotation.verified")
        self.progress("catching_up", 0.0)
        for _ in range(_ROUNDS):
            if (await rewriter.catch_up()).last <= _LEVEL_PAGES:
                break

    async def _swap(
        self,
        rewriter: Rewriter,
        target: Path,
        former: Path,
        keys: tuple[DatabaseKey, DatabaseKey],
        fingerprints: tuple[str, str],
    ) -> tuple[Done, float]:
        """Returns the end of the catching up, and for how long requests waited."""
        path = self.database.path
        self.progress("replacing", 0.0)
        self._ours = True
        try:
            async with self.maintenance.alone("key rotation", timeout=_GATE_SECONDS) as alone:
                last = await rewriter.finish()
                reach("rotation.finished")
                mark = await asyncio.to_thread(file_mark, target)
                await asyncio.to_thread(
                    lambda: handover.write_note(
                        path,
                        rotation=self.id,
                        at=self.at,
                        by=self.by,
                        fingerprints=fingerprints,
                        former=former,
                        former_key=keys[0],
                        new=self.new,
                        new_key=keys[1],
                    )
                )
                reach("rotation.noted")
                try:
                    await alone.replace(
                        Swap(
                            id=self.id,
                            operation="rotate",
                            staged=target,
                            staged_key=keys[1],
                            staged_mark=mark,
                            former=former,
                            look=lambda _: None,
                            carry=lambda _former, _staged: None,
                        )
                    )
                except errors.StorageError:
                    # What was exchanged all the same (the note of it could not be written, say) is done.
                    if not any(one.id == self.id and one.result == "replaced" for one in outcomes(path)):
                        raise
                await asyncio.to_thread(_make_private, former)
        finally:
            self._ours = False
        self.progress("replacing", 1.0)
        return last, monotonic() - alone.since

    def _told(self, stage: str, share: float) -> None:
        self.progress(cast("Stage", stage), share)

    @contextmanager
    def _interruptible(self, rewriter: Rewriter) -> Generator[None]:
        """Whoever else must have the file alone is not kept waiting: this can be done again."""

        def stop() -> None:
            if not self._ours:
                self._ended_by_others = True
                rewriter.kill()

        with self.database.interruptible(stop):
            yield


def _make_private(former: Path) -> None:
    """Whatever mode it had as the shop's."""
    with suppress(OSError):
        former.chmod(PRIVATE_FILE)
