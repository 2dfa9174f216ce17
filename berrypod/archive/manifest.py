"""What is written down beside each kept backup: enough to know what it is, without opening it.

It is JSON, and its last member is the SHA-256 of all the others as they stand there: one bit that flipped could make
a proven backup of one that is not, or move it to another year, and nothing else would tell.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.decoding import decoder
from berrypod.errors import BackupError

FORMAT: Final = 1

Storage = Literal["file", "pages"]
Origin = Literal["manual", "schedule", "before_restore"]

_Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Bytes = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class ManifestUnreadable(BackupError):
    code = "manifest_unreadable"
    title = "The manifest of the backup cannot be read"
    default_hint = (
        "If the backup is one file (its name ends with .db), it may be good: `berrypod restore check FILE` tells. "
        "Otherwise see whether another place has this backup. Make a new one now, and look after the disk: `dmesg`."
    )


READ_BACK: Final = "All that is stored of it was read back."


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A drill: the backup was fetched back and a shop was run on it. `problem` says why not; None is a proof.

    Or a check that found damage: `how` is then READ_BACK, and `problem` names what is damaged or missing.
    """

    at: datetime
    seconds: float
    by: str | None = None
    how: Annotated[str, Meta(description="What was done, in words.")]
    problem: str | None = None
    hint: str | None = None

    @property
    def of_check(self) -> bool:
        """True for damage that a check has found; of a drill otherwise."""
        return self.how == READ_BACK


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`size_bytes` and `sha256` are of the ordinary file that comes out, however it is stored; `stored_bytes` is what
    it took when it was added. `key_fingerprint` is of the passphrase, None for a file that is not encrypted.

    `storage`: `file`, one object beside the manifest; `pages`, a map beside it, of pages that lie in shared chunks.
    `verified_at`: when the stored bytes were last read back and found whole. `made_by` as in events.
    """

    format: Literal[1] = FORMAT
    id: Annotated[str, Meta(pattern=r"^\d{8}-\d{6}-[0-9a-f]{8}$")]
    created_at: Annotated[datetime, Meta(description="What was committed later is not in it.", tz=True)]
    finished_at: Annotated[datetime, Meta(tz=True)]
    size_bytes: _Bytes
    sha256: _Sha256
    page_count: Annotated[int, Meta(ge=0)]
    schema_revision: str
    row_counts: dict[str, int]
    encrypted: bool
    key_fingerprint: str | None
    salt: Annotated[str, Meta(description="The file's first 16 bytes, in hex: spoilt, no passphrase opens it.")]
    method: Annotated[str, Meta(description="`compact` leaves out unused pages; `snapshot` is a copy, byte for byte.")]
    storage: Storage
    stored_bytes: _Bytes
    app_version: str
    origin: Origin = "manual"
    made_by: str | None = None
    shop: Annotated[str | None, Meta(description="Of which shop, by a name made at random; None: not noted.")] = None
    map_sha256: _Sha256 | None = None
    note: Annotated[str, Meta(max_length=500)] = ""
    verified_at: Annotated[datetime, Meta(tz=True)] | None = None
    proof: Annotated[Proof | None, Meta(description="The newest drill.")] = None
    proven_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description="When a drill last succeeded.")
    ] = None

    @property
    def filename(self) -> str:
        """What a download is called."""
        return f"berrypod-backup-{self.created_at:%Y%m%d-%H%M%S}.db"

    @property
    def proven(self) -> bool:
        """True if the newest drill found that a shop can be run on it."""
        return self.proof is not None and self.proof.problem is None


_decoder = decoder(Manifest)
_SEAL: Final = re.compile(rb',\n  "sha256_of_the_above": "([0-9a-f]{64})"\n\}\n\Z')


def encode(manifest: Manifest) -> bytes:
    """As it is stored: JSON that a person can read."""
    above = msgspec.json.format(msgspec.json.encode(manifest), indent=2).removesuffix(b"\n}")
    return above + b',\n  "sha256_of_the_above": "%s"\n}\n' % hashlib.sha256(above).hexdigest().encode()


def decode(content: bytes) -> Manifest:
    """:raises ManifestUnreadable: it is not as it was written, or of a later version."""
    try:
        manifest = _decoder.decode(content)
    except msgspec.MsgspecError as error:
        raise ManifestUnreadable(f"The manifest makes no sense: {str(error).split(' - at', 1)[0]}") from None
    seal = _SEAL.search(content)
    if seal is None or seal[1] != hashlib.sha256(content[: seal.start()]).hexdigest().encode():
        raise ManifestUnreadable("The manifest is not as it was written")
    return manifest
