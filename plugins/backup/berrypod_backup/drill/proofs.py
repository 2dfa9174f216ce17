"""Where the outcome of a drill is written down: in the backup's manifest, which moves with it. Exporters that have no
manifests (a third party's `kept` alone) have their proofs here, in the work folder."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from berrypod.archive.manifest import Manifest, Proof
from berrypod.decoding import decoder
from berrypod.storage.files import make_private_folder, sweep, write_durably
from berrypod_backup.archives import Archives
from berrypod_backup.drill.copies import Copy

_NOTE_SECONDS: Final = 60.0


class KeptProof(msgspec.Struct, frozen=True, kw_only=True):
    """The newest drill of a copy that has no manifest, and when one last succeeded."""

    exporter: str
    copy_id: str
    proof: Proof
    proven_at: datetime | None = None

    @property
    def proven(self) -> bool:
        return self.proof.problem is None


_decoder = decoder(KeptProof)


class Proofs:
    """All of them."""

    def __init__(self, archives: Archives, folder: Callable[[], Path]) -> None:
        self._archives = archives
        self._folder = folder

    async def note(self, copy: Copy, proof: Proof, *, conclusive: bool) -> None:
        """Write down what came of a drill. One that was not conclusive takes no earlier proof away.

        :raises BerrypodError: it cannot be written; what was there stays.
        """
        if copy.manifest is None:
            await asyncio.to_thread(self._note_here, copy, proof, conclusive=conclusive)
            return

        def change(manifest: Manifest) -> Manifest:
            if not conclusive and manifest.proven:
                return manifest
            proven_at = proof.at if proof.problem is None else manifest.proven_at
            return msgspec.structs.replace(manifest, proof=proof, proven_at=proven_at)

        await self._archives.call(
            self._archives.declared(copy.exporter),
            lambda archive: archive.update(copy.copy_id, change),
            seconds=_NOTE_SECONDS,
        )

    def of(self, exporter: str, copy_id: str) -> KeptProof | None:
        """The proof of a copy without a manifest, if there was a drill of it. In a thread."""
        try:
            return _decoder.decode(self._path(exporter, copy_id).read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def _note_here(self, copy: Copy, proof: Proof, *, conclusive: bool) -> None:
        before = self.of(copy.exporter, copy.copy_id)
        if before is not None and before.proven and not conclusive:
            return
        proven_at = proof.at if proof.problem is None else before and before.proven_at
        kept = KeptProof(exporter=copy.exporter, copy_id=copy.copy_id, proof=proof, proven_at=proven_at)
        write_durably(self._path(copy.exporter, copy.copy_id), msgspec.json.encode(kept))
        self._forget_others(copy.exporter, copy.all_ids)

    def _forget_others(self, exporter: str, kept: Collection[str]) -> None:
        """The proofs of copies that `exporter` no longer keeps."""
        sweep(self._proofs)
        names = {self._path(exporter, copy_id).name for copy_id in kept}
        for path in self._proofs.glob(f"{exporter}.*.json"):
            # Names may have dots: another exporter's may begin like this one's.
            if path.name not in names and path.name.removeprefix(f"{exporter}.").count(".") == 1:
                path.unlink(missing_ok=True)

    @property
    def _proofs(self) -> Path:
        return make_private_folder(self._folder() / "proofs")

    def _path(self, exporter: str, copy_id: str) -> Path:
        # An exporter's ids are its own, and may be anything: no name of a file is made of one.
        return self._proofs / f"{exporter}.{hashlib.sha256(copy_id.encode()).hexdigest()}.json"
