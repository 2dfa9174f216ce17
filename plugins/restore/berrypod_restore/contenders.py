"""The staged file of a restore, as one that may take the place of the shop's: if it is ready, and under the shop's key.

That key may be changed while a file waits. What was made ready before is under the former one then, and would bring
that back without a word: the shop would run, and not start any more with the key that the admin has set since.
"""

from __future__ import annotations

import asyncio
from typing import Final

from berrypod.errors import KeyMissing, KeyNotNeeded, StorageError, WrongKey
from berrypod_restore.comparing import Comparing, Contender
from berrypod_restore.differences import FileFacts
from berrypod_restore.examining import Examining
from berrypod_restore.faults import RestoreNotReady, RestoreRunning
from berrypod_restore.records import RestoreRecord
from berrypod_restore.verdicts import Verdict, verdict
from berrypod_restore.workroom import Workroom

_KEY_CHANGED: Final[dict[type[StorageError], Verdict]] = {
    WrongKey: verdict(
        "wrong_key",
        "The shop's key was changed since the file was looked at, and the file is still under the former one.",
        hint="Enter the former key. It is used for this file once, and not kept.",
    ),
    KeyMissing: verdict("key_needed"),
    KeyNotNeeded: verdict("plain"),
}


class Contenders:
    """Looks at records, and at the keys of their files."""

    def __init__(self, workroom: Workroom, comparing: Comparing, examining: Examining) -> None:
        self._workroom = workroom
        self._comparing = comparing
        self._examining = examining

    async def of(self, record: RestoreRecord) -> Contender:
        """The file of a record. One that is not under the shop's key any more waits for its key again.

        :raises RestoreNotReady: it is not `ready`, or no longer.
        :raises RestoreRunning: it is being applied.
        :raises RestoreError: the file is no longer there.
        """
        contender = self.ready(record)
        try:
            await asyncio.to_thread(self._comparing.key_of, contender)
        except (WrongKey, KeyMissing, KeyNotNeeded) as error:
            await self._examining.refuse_again(record, _KEY_CHANGED[type(error)])
            raise RestoreNotReady(
                "The shop's key was changed since the file was looked at",
                hint="Look at it again: it says what is needed now. Nothing was replaced.",
            ) from error
        return contender

    def ready(self, record: RestoreRecord) -> Contender:
        """As `of`, by the record alone."""
        if record.state == "applying":
            raise RestoreRunning("This one is being applied already", restore_id=record.id)
        if record.state != "ready" or record.mark is None or record.sha256 is None:
            raise RestoreNotReady(f"It is {record.state}", state=record.state)
        candidate = record.candidate
        return Contender(
            path=self._workroom.store.candidate(record.id),
            name=record.sha256,
            mark=record.mark,
            facts=FileFacts(
                size_bytes=record.received_bytes,
                schema_revision=candidate and candidate.schema_revision,
                encrypted=candidate and candidate.encrypted,
                key_fingerprint=candidate and candidate.key_fingerprint,
                made_by=candidate and candidate.made_by,
            ),
        )
