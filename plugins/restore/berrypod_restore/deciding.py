"""What must hold before the database is replaced: the words typed, the file and the shop as they were compared."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from berrypod.accounts.carrying import Keep
from berrypod.cancelling import in_thread
from berrypod.errors import (
    BerrypodError,
    DatabaseDamaged,
    Invalid,
    KeyMissing,
    KeyNotNeeded,
    NotADatabase,
    WrongKey,
)
from berrypod.records import new_id
from berrypod.storage.files import PRIVATE_FILE, file_mark, make_private_folder, require_space
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod_restore.applying import Applying, Plan, Ready, Tell
from berrypod_restore.comparing import Compared, Comparing, Contender
from berrypod_restore.confirming import Expectation, Seen
from berrypod_restore.contenders import Contenders
from berrypod_restore.differences import Comparison, FileFacts
from berrypod_restore.faults import (
    FormerUnusable,
    RestoreError,
    StateChanged,
    WouldLose,
)
from berrypod_restore.formers import Formers
from berrypod_restore.inspection import inspect
from berrypod_restore.preparation import prepare
from berrypod_restore.records import CONFIRMATION, Former, RestoreRecord
from berrypod_restore.state import both_states
from berrypod_restore.workroom import Workroom


class Deciding:
    """Everything that can be said at once is said at once, to whoever asks; what takes longer is said by the record."""

    def __init__(
        self, workroom: Workroom, contenders: Contenders, comparing: Comparing, formers: Formers, applying: Applying
    ) -> None:
        self._workroom = workroom
        self._contenders = contenders
        self._comparing = comparing
        self._formers = formers
        self._applying = applying

    async def apply(
        self,
        record: RestoreRecord,
        *,
        confirm: str,
        expect: str,
        accept_newer: bool,
        keep: Keep,
        by: str | None,
        address: str | None,
    ) -> RestoreRecord:
        """See `Restores.apply`."""
        if confirm.strip() != CONFIRMATION:
            raise Invalid("The words do not match", fields={"confirm": f"Type: {CONFIRMATION}"})
        contender = await self._contenders.of(record)
        seen = await self._require_expected(contender, expect, accept_newer=accept_newer)
        held = await self._applying.hold(record, by)
        try:

            def begin(found: RestoreRecord) -> RestoreRecord:
                if self._contenders.ready(found) != contender:
                    raise StateChanged("The file is not the one that you compared")
                return msgspec.structs.replace(
                    found, state="applying", stage="waiting", progress=0.0, by=by, address=address, error=None
                )

            record = await self._workroom.update(record.id, begin)
        except BaseException:
            held.close()
            raise

        async def make_ready(tell: Tell) -> Ready:
            await asyncio.to_thread(self._require_same_disk, contender.path)
            return await self._ready(contender)

        self._applying.begin(
            Plan(record=record, seen=seen, accept_newer=accept_newer, keep=keep, make_ready=make_ready), held
        )
        return record

    async def undo(
        self, former: Former, *, expect: str | None, accept_newer: bool, keep: Keep, by: str | None, address: str | None
    ) -> RestoreRecord:
        """See `Restores.undo`."""
        contender = await asyncio.to_thread(self.former, former)
        if expect is None:
            seen = await self._require_no_loss(former, contender)
        else:
            seen = await self._require_expected(contender, expect, accept_newer=accept_newer)
        now = self._workroom.context.now()
        record = RestoreRecord(
            id=new_id(now),
            operation="undo",
            state="applying",
            stage="waiting",
            created_at=now,
            by=by,
            address=address,
            filename=former.filename,
            source="former",
            received_bytes=former.size_bytes,
            put_back=former.id,
        )
        held = await self._applying.hold(record, by)
        try:
            await in_thread(lambda: self._workroom.store.add(record))
        except BaseException:
            held.close()
            raise

        async def make_ready(tell: Tell) -> Ready:
            return await self._make_former_ready(record, contender, tell)

        self._applying.begin(
            Plan(record=record, seen=seen, accept_newer=accept_newer, keep=keep, make_ready=make_ready), held
        )
        return record

    def former(self, former: Former) -> Contender:
        """The file of a former database. Blocks.

        :raises FormerUnusable: it could not be opened when it was replaced.
        """
        path = self._formers.path_of(former.id)
        if not former.openable:
            raise FormerUnusable(
                f"{former.filename} could not be opened and read when it was replaced, and is not put back",
                hint="It is kept as it was. Choose an older one or a backup; or, if there is none, have somebody who "
                "knows SQLite look at a copy of it, and of the log beside it.",
            )
        try:
            mark = file_mark(path)
        except FileNotFoundError:
            raise RestoreError(
                f"{former.filename} is no longer there", hint="Somebody may just have put it back."
            ) from None
        return Contender(
            path=path, name=f"former {former.id}", mark=mark, facts=FileFacts(size_bytes=former.size_bytes)
        )

    async def compare_former(self, contender: Contender) -> Compared:
        """:raises FormerUnusable: it cannot be read."""
        try:
            return await self._comparing.compare(contender)
        except (WrongKey, KeyMissing, KeyNotNeeded) as error:
            raise _under_another_key(contender) from error
        except (DatabaseDamaged, NotADatabase) as error:
            raise FormerUnusable(f"{contender.path.name}: {error.message}") from error

    # --- inside ---

    async def _require_expected(self, contender: Contender, expect: str, *, accept_newer: bool) -> Seen:
        """The shop as it is, which is what was confirmed, or newer.

        :raises StateChanged: it is not, or the file is another one.
        """
        expected = Expectation.parse(expect)
        if expected is None or not expected.is_of_file(contender.token):
            raise await self._told(StateChanged, "What you confirmed is not this file as it is now", contender)
        seen = await self._comparing.seen()
        if expected.is_of_state(seen):
            return seen
        if not accept_newer:
            raise await self._told(StateChanged, "The shop has changed since you compared", contender)
        # What came between the comparison and now is told afterwards, too.
        return replace(seen, newest_order=expected.newest_order)

    async def _require_no_loss(self, former: Former, contender: Contender) -> Seen:
        """What the replacement itself has brought is no loss, as long as nothing was done with it.

        :raises WouldLose: something is in the shop that is not in the file, or it is newer there.
        """
        compared = await self.compare_former(contender)
        if compared.comparison.loses and not await self._is_as_it_was_put_there(former, compared.comparison):
            raise await self._told(WouldLose, "Something is in the shop that is not in the former database", contender)
        return compared.seen

    async def _is_as_it_was_put_there(self, former: Former, comparison: Comparison) -> bool:
        if former.followed_by is None or comparison.current is None:
            return False
        return await self._workroom.context.database.run_in_thread(both_states) == former.followed_by

    async def _ready(self, contender: Contender) -> Ready:
        passphrase = self._workroom.passphrase
        return Ready(
            contender=contender,
            key=await asyncio.to_thread(self._comparing.key_of, contender),
            passphrase=passphrase,
            content=await asyncio.to_thread(self._comparing.content_of, contender),
        )

    async def _told(self, kind: Callable[..., RestoreError], message: str, contender: Contender) -> RestoreError:
        """The error, with the comparison as it is now and what stands for it."""
        details: dict[str, Any] = {}
        try:
            comparison = (await self._comparing.compare(contender)).comparison
            details["comparison"] = msgspec.to_builtins(comparison)
            details["expect"] = await self._comparing.expect(contender, comparison)
        except BerrypodError as error:
            message = f"{message}; and it cannot be compared now ({error.message})"
        return kind(message, **details)

    def _require_same_disk(self, path: Path) -> None:
        """:raises RestoreError: the file cannot be renamed to the shop's."""
        folder = self._workroom.context.database.path.parent
        if path.stat().st_dev != folder.stat().st_dev:
            raise RestoreError(
                f"{path.parent} and {folder} are on different disks, and a file cannot change its name across them",
                hint="Make the work folder one beside the database, and no link to elsewhere; then stage it again.",
            )

    async def _make_former_ready(self, record: RestoreRecord, contender: Contender, tell: Tell) -> Ready:
        """It was whole when it was replaced. That it is still is read from every page: disks are not for ever.

        :raises FormerUnusable: it is not.
        """
        inspection = await inspect(
            contender.path, self._workroom.passphrase, progress=lambda stage, share: tell(share * 0.8)
        )
        verdict = inspection.verdict
        if verdict.code == "schema_older":
            # By a version from before an upgrade. The kept file stays as it is; a copy is brought up to date.
            copy = await in_thread(lambda: _copied(contender.path, self._workroom.store.candidate(record.id)))
            prepared = await prepare(copy, self._workroom.passphrase)
            return await self._ready(replace(contender, path=copy, mark=prepared.mark))
        if verdict.wants_key or verdict.code == "plain":
            raise _under_another_key(contender)
        if not verdict.acceptable:
            raise FormerUnusable(f"{contender.path.name}: {verdict.title}. {verdict.message}", hint=verdict.hint)
        return await self._ready(contender)


def _under_another_key(contender: Contender) -> FormerUnusable:
    return FormerUnusable(
        f"The shop's key does not open {contender.path.name}: it is from before the key was changed",
        hint="Choose it among the kept backups (*Before a restore*; `POST /api/restores/kept/former?copy=ID`; "
        "`berrypod restore apply FILE`): there the key that it was made with can be entered.",
    )


def keep_of(by: str | None, *, account: bool) -> Keep:
    """Who must be able to go on afterwards: the token always, the account unless it was said otherwise."""
    kind, _, name = (by or "").partition(":")
    return Keep(
        admin_email=name if kind == "admin" and account else None, token_prefix=name if kind == "token" else None
    )


def _copied(path: Path, target: Path) -> Path:
    require_space(make_private_folder(target.parent), path.stat().st_size + SPARE_BYTES)
    shutil.copyfile(path, target)
    target.chmod(PRIVATE_FILE)
    return target
