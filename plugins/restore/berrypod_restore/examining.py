"""From staged to `ready` or `refused`: what the file is, the shop's key and schema, and what guards say of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from berrypod.cancelling import in_thread
from berrypod.errors import Invalid, StorageError, WrongKey
from berrypod.events import RestoreInspected, RestoreRefused
from berrypod.records import Trouble
from berrypod.settings import Secret
from berrypod.storage.faults import reach
from berrypod.storage.files import require_space
from berrypod.storage.keys import DatabaseKey, passphrase_fingerprint
from berrypod.storage.rekeying import rekey
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod_restore import guarding
from berrypod_restore.faults import RestoreNotReady
from berrypod_restore.inspection import Candidate, Inspection, inspect
from berrypod_restore.judging import Came, judge
from berrypod_restore.preparation import Prepared, prepare
from berrypod_restore.records import RestoreRecord
from berrypod_restore.verdicts import Verdict
from berrypod_restore.workroom import Telling, Workroom

# Where each stage begins, and how much of the whole it is.
_SHARES: Final = {
    "rekeying": (0.0, 0.4),
    "reading": (0.0, 0.3),
    "checking": (0.3, 0.4),
    "preparing": (0.7, 0.15),
    "guards": (0.85, 0.15),
}


class Examining:
    """All slow work is done here, before anybody has to wait."""

    def __init__(self, workroom: Workroom) -> None:
        self._workroom = workroom

    async def examine(self, restore_id: str) -> None:
        """Take a staged file from `inspecting` to `ready` or `refused`. The caller holds its claim."""
        async with Telling(self._workroom, restore_id) as telling:
            record, prepared = await self._examined(restore_id, telling)
        if prepared is None:
            await self._refuse(record)
        else:
            await self._ready(record, prepared)
        reach("restore.examined")

    async def rekey(self, restore_id: str, passphrase: Secret | None) -> RestoreRecord:
        """See `Restores.rekey`."""
        record = await self._workroom.record(restore_id)
        _require_rekeyable(record, passphrase)
        self._workroom.require_running()
        claim = await self._workroom.claim(restore_id)
        try:

            def begin(found: RestoreRecord) -> RestoreRecord:
                _require_rekeyable(found, passphrase)
                return msgspec.structs.replace(
                    found, state="inspecting", stage="rekeying", progress=0.0, error=None, guards=()
                )

            record = await self._workroom.update(restore_id, begin)
        except BaseException:
            claim.close()
            raise
        self._workroom.begin(restore_id, claim, lambda: self._rekey_and_examine(restore_id, passphrase))
        return record

    async def refuse_again(self, record: RestoreRecord, verdict: Verdict) -> None:
        """What was `ready` is no more, by what was changed about the shop. Its file stays, and waits for a key."""

        def change(found: RestoreRecord) -> RestoreRecord:
            if found.state != "ready" or found.mark != record.mark:
                return found  # Somebody else was quicker.
            return msgspec.structs.replace(found, state="refused", verdict=verdict, guards=(), mark=None, error=None)

        changed = await self._workroom.update(record.id, change)
        if changed.verdict == verdict:
            self._emit_refused(changed)

    # --- inside ---

    async def _examined(self, restore_id: str, telling: Telling) -> tuple[RestoreRecord, Prepared | None]:
        """The record with all that was found out; and the file made ready, or None for one that is refused."""
        path, passphrase = self._workroom.store.candidate(restore_id), self._workroom.passphrase
        record = await self._workroom.record(restore_id)
        inspection = await inspect(
            path, passphrase, progress=lambda stage, share: _tell(telling, stage, share), shop_key=self._shop_key()
        )
        reach("restore.inspected")
        record = await self._inspected(record, inspection)
        if not inspection.verdict.acceptable:
            return record, None
        _tell(telling, "preparing", 0.0)
        prepared = await prepare(path, passphrase)
        reach("restore.prepared")
        _tell(telling, "guards", 0.0)
        record = await self._ask_guards(record, prepared, path)
        return record, None if guarding.refused(record.guards) else prepared

    async def _rekey_and_examine(self, restore_id: str, passphrase: Secret | None) -> None:
        store = self._workroom.store
        path = store.candidate(restore_id)
        before = await self._workroom.record(restore_id)
        try:
            size = await asyncio.to_thread(lambda: path.stat().st_size)
            await asyncio.to_thread(require_space, path.parent, size + SPARE_BYTES)
            await rekey(path, passphrase, self._workroom.passphrase)
        except StorageError as error:
            # The file is as it was: there is another try.
            trouble = _not_that_key() if isinstance(error, WrongKey) else Trouble.of(error)
            await self._workroom.update(
                restore_id, lambda found: msgspec.structs.replace(found, state="refused", stage="", error=trouble)
            )
            return
        reach("restore.rekeyed")
        fingerprint = await asyncio.to_thread(passphrase_fingerprint, passphrase) if passphrase else None
        came = Candidate(
            size_bytes=before.received_bytes,
            page_count=0,
            schema_revision="",
            row_counts={},
            encrypted=passphrase is not None,
            key_fingerprint=fingerprint,
        )
        await self._workroom.update(
            restore_id, lambda found: msgspec.structs.replace(found, rekeyed=True, candidate=came)
        )
        await self.examine(restore_id)

    async def _inspected(self, record: RestoreRecord, inspection: Inspection) -> RestoreRecord:
        candidate = inspection.candidate
        if record.rekeyed and record.candidate and candidate:
            # What is told is how it came, and not what was made of it here.
            came = record.candidate
            candidate = msgspec.structs.replace(
                candidate,
                size_bytes=came.size_bytes,
                encrypted=came.encrypted,
                key_fingerprint=came.key_fingerprint,
            )
        verdict = inspection.verdict
        changed = await self._workroom.update(
            record.id, lambda found: msgspec.structs.replace(found, verdict=verdict, candidate=candidate)
        )
        assert changed.sha256 is not None, "it was staged"
        self._workroom.emit(
            RestoreInspected(
                restore_id=record.id,
                sha256=changed.sha256,
                size_bytes=changed.received_bytes,
                verdict=verdict.code,
                acceptable=verdict.acceptable,
                actor=record.by,
                address=record.address,
            )
        )
        return changed

    async def _ask_guards(self, record: RestoreRecord, prepared: Prepared, path: Path) -> RestoreRecord:
        context, came = self._workroom.context, record.candidate
        assert came is not None, "what is acceptable could be read"
        assert record.sha256 is not None, "it was staged"
        results = await judge(
            context,
            path,
            prepared,
            Came(size_bytes=record.received_bytes, sha256=record.sha256, facts=came),
            shop_opens=await self._workroom.unavailable() is None,
        )
        return await self._workroom.update(record.id, lambda found: msgspec.structs.replace(found, guards=results))

    async def _ready(self, record: RestoreRecord, prepared: Prepared) -> None:
        expires_at = self._workroom.context.now() + self._workroom.pace.keep
        await self._workroom.update(
            record.id,
            lambda found: msgspec.structs.replace(
                found, state="ready", stage="", progress=1.0, mark=prepared.mark, expires_at=expires_at
            ),
        )

    async def _refuse(self, record: RestoreRecord) -> None:
        now, keep = self._workroom.context.now(), self._workroom.pace.keep

        def change(found: RestoreRecord) -> RestoreRecord:
            refused = msgspec.structs.replace(found, state="refused", stage="", progress=1.0)
            if refused.staged:
                return msgspec.structs.replace(refused, expires_at=now + keep)
            return msgspec.structs.replace(refused, finished_at=now)

        changed = await self._workroom.update(record.id, change)
        if not changed.staged:
            await in_thread(lambda: self._workroom.store.remove_data(record.id))
        self._emit_refused(changed)

    def _emit_refused(self, record: RestoreRecord) -> None:
        verdict = record.verdict
        assert verdict is not None, "it was inspected"
        by_guard = next((one for one in record.guards if one.answer == "refuse"), None)
        reason = by_guard or verdict
        self._workroom.emit(
            RestoreRefused(
                restore_id=record.id,
                code=reason.code,
                error=reason.message,
                hint=reason.hint,
                plugin=by_guard and by_guard.plugin,
                guard=by_guard and by_guard.guard,
                sha256=record.sha256,
                size_bytes=record.received_bytes,
                actor=record.by,
                address=record.address,
            )
        )

    def _shop_key(self) -> DatabaseKey | None:
        database = self._workroom.context.database
        return database.key if database.is_open else None


def _tell(telling: Telling, stage: str, share: float) -> None:
    begin, part = _SHARES.get(stage, (0.0, 0.0))
    telling.tell(stage, begin + part * share)


def _require_rekeyable(record: RestoreRecord, passphrase: Secret | None) -> None:
    """:raises RestoreNotReady: no key is asked for."""
    if passphrase is not None and not passphrase:
        raise Invalid("No key was given", fields={"key": "Please enter the key with which the backup was made."})
    if record.wants_key and passphrase is None:
        raise Invalid("The file is encrypted", fields={"key": "Please enter the key with which it was made."})
    if record.wants_encryption and passphrase is not None:
        raise Invalid("The file is not encrypted", fields={"key": "Send null: there is no key to it."})
    if not record.wants_key and not record.wants_encryption:
        raise RestoreNotReady(
            f"It is {record.state}, and no other key is asked for", hint="Only a file that this shop's key cannot open."
        )


def _not_that_key() -> Trouble:
    return Trouble(
        code="wrong_key",
        message="That key does not open the file either.",
        hint="Check it for a typing error, and try again. The file stays staged.",
    )
