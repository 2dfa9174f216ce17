"""Encrypting a plain shop, and back: a new file is written, verified, and put in the place of the shop's.

With the gate held alone from the beginning to the end, and so with the shop stopped: what runs knows one key, or none,
and could not open the file afterwards. Killed at any moment, the shop's file is the one or the other, whole; whoever
opens it next finishes what was begun, or takes it back. The former file is kept until it is removed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import entering, integrity, schema, swap
from berrypod.storage.connection import open_as_stranger, open_connection, open_immutable
from berrypod.storage.diagnosis import find_key, require_file
from berrypod.storage.failures import explain
from berrypod.storage.faults import reach
from berrypod.storage.files import (
    PRIVATE_FILE,
    FileMark,
    file_mark,
    fsync_folder,
    make_private_folder,
    require_space,
    sweep,
    translate_os_error,
)
from berrypod.storage.gate import Gate
from berrypod.storage.journals import remove_database
from berrypod.storage.keys import PLAIN_HEADER, DatabaseKey
from berrypod.storage.rekeying import require_undamaged, temporary_beside, write_anew
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod.storage.swap_journal import is_cut_short
from berrypod.storage.verification import told
from berrypod.storage.watching import in_loop
from berrypod.storage.wholeness import require_alone

_BLOCK: Final = 1 << 20

_STOP: Final = (
    "Stop the server (and what else runs of this shop), and try again. Afterwards it is started with other settings: "
    "what runs now could not open the file."
)

Progress = Callable[[float], None]


class AlreadyDone(errors.StorageError):
    code = "already_done"
    status = 409
    title = "The shop's file is like that already"
    default_hint = "Nothing was changed."


@dataclass(frozen=True, kw_only=True)
class Converted:
    """`former` is where the file from before is kept; both sizes are in bytes."""

    former: Path
    former_bytes: int
    size_bytes: int


async def encrypt(path: Path, key: Secret, *, wait: float, progress: Progress = lambda _: None) -> Converted:
    """Encrypt a plain shop.

    :param wait: seconds for other processes to let go of the file.
    :param progress: called in the event loop with the share (0 to 1) of the new file that is written.
    :raises AlreadyDone: it is encrypted with this key.
    :raises DatabaseLocked: the shop runs.
    :raises SchemaOlder: (and others of the schema) it is not this version's.
    :raises DatabaseDamaged: it is damaged. Nothing was changed.
    :raises DiskFull: (and other StorageErrors) it could not be done. The shop's file is as it was.
    """
    return await _convert(path, None, key, wait, progress)


async def decrypt(path: Path, key: Secret, *, wait: float, progress: Progress = lambda _: None) -> Converted:
    """Take the encryption off a shop's file. Raises and parameters as of `encrypt`; `AlreadyDone` for a plain one.

    :raises WrongKey: the key does not open it.
    """
    return await _convert(path, key, None, wait, progress)


def plain_formers(path: Path) -> list[Path]:
    """The plain ones among the files that were replaced and are kept."""
    folder = _formers(path.resolve())
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.glob("*.db") if _is_plain(each))


def remove_former(path: Path) -> None:
    """Overwrite a former file with zeros, and remove it.

    No promise: an SSD writes elsewhere than it is told, and file systems with snapshots keep what was there.

    :raises FolderNotWritable: (or another StorageError) it cannot be removed.
    """
    try:
        with path.open("r+b") as file:
            left = os.fstat(file.fileno()).st_size
            while left > 0:
                left -= file.write(bytes(min(_BLOCK, left)))
            file.flush()
            os.fsync(file.fileno())
        remove_database(path)
        path.with_suffix(".json").unlink(missing_ok=True)
        fsync_folder(path.parent)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


async def _convert(path: Path, old: Secret | None, new: Secret | None, wait: float, progress: Progress) -> Converted:
    path = path.resolve()  # noqa: ASYNC240 - a command's, alone in its process
    if not is_cut_short(path):
        require_file(path)
    with _stopped(path, wait):
        try:
            return await _convert_alone(path, old, new, in_loop(progress))
        except (dbapi2.Error, MemoryError) as error:
            raise explain(error, path) from error
        except OSError as error:
            raise translate_os_error(error, path.parent) from error


@contextmanager
def _stopped(path: Path, wait: float) -> Generator[None]:
    """The gate, held alone.

    :raises DatabaseLocked: the shop runs.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(Gate(path).alone(timeout=wait))
        except errors.DatabaseLocked:
            raise errors.DatabaseLocked("The shop is running: another process has its file open", hint=_STOP) from None
        yield


async def _convert_alone(path: Path, old: Secret | None, new: Secret | None, tell: Progress) -> Converted:
    key = old or new
    # A crash may have come before this: it is settled first, with what opens the file that is there.
    entering.recover(path, None if not path.exists() or _is_plain(path) else key)  # noqa: ASYNC240 - as above
    sweep(path.parent, of=path)
    _require_to_be_done(path, old, new)
    source_key, mark = _settle(path, old)
    await asyncio.to_thread(_require_sound, path, source_key)
    await require_undamaged(path, source_key)
    require_space(path.parent, mark.size_bytes + SPARE_BYTES)
    with temporary_beside(path) as staged:
        staged_key = await write_anew(path, source_key, staged, new, tell, thorough=True)
        _require_standard(staged, new)
        staged_mark = _make_ready(staged, staged_key)
        reach("convert.ready")
        former = _name_for_former(path)
        plan = swap.Swap(
            id=f"convert-{secrets.token_hex(6)}",
            operation="encrypt" if old is None else "decrypt",
            staged=staged,
            staged_key=staged_key,
            staged_mark=staged_mark,
            former=former,
            look=lambda _: _require_same(path, mark),
            carry=lambda _former, _staged: None,
        )
        swap.replace(path, lambda: open_connection(path, source_key), plan)
    with suppress(OSError):
        former.chmod(PRIVATE_FILE)
    return Converted(former=former, former_bytes=mark.size_bytes, size_bytes=staged_mark.size_bytes)


def _require_to_be_done(path: Path, old: Secret | None, new: Secret | None) -> None:
    plain = _is_plain(path)
    if new is None and plain:
        raise AlreadyDone(f"{path} is not encrypted", hint="Nothing was changed. Unset SECRET_KEY_DB to open it.")
    if old is None and not plain:
        find_key(path, new)  # Or it says why the key does not open it.
        raise AlreadyDone(f"{path} is encrypted, and SECRET_KEY_DB opens it")


def _settle(path: Path, passphrase: Secret | None) -> tuple[DatabaseKey | None, FileMark]:
    """Fold the log into the file, and leave none. Returns what opens the file, and what tells whether it changes."""
    key = find_key(path, passphrase)
    with closing(open_connection(path, key)) as connection:
        schema.check(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    require_alone(path)
    return key, file_mark(path)


def _require_sound(path: Path, key: DatabaseKey | None) -> None:
    """:raises DatabaseDamaged: what is damaged must not come out as if it were whole."""
    with closing(open_immutable(path, key)) as connection:
        found = integrity.problems(connection, encrypted=key is not None)
    if found:
        raise errors.DatabaseDamaged(f"{path} is damaged: {told(found)}")


def _require_standard(path: Path, passphrase: Secret | None) -> None:
    """As any other program opens it: by the passphrase, with SQLCipher's own settings."""
    open_as_stranger(path, passphrase).close()
    if _is_plain(path) is (passphrase is not None):
        raise errors.StorageError("The new file did not come out as it should. It was deleted; nothing was changed.")


def _make_ready(path: Path, key: DatabaseKey | None) -> FileMark:
    """In the mode in which it will be opened, without a log, on the disk."""
    with closing(open_connection(path, key)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    require_alone(path)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    fsync_folder(path.parent)
    return file_mark(path)


def _require_same(path: Path, mark: FileMark) -> None:
    if file_mark(path) != mark:
        raise errors.DatabaseLocked(
            f"Another program has written to {path} meanwhile", hint="Close that program, and try again."
        )


def _name_for_former(path: Path) -> Path:
    """Where restores keep theirs, and named as those are."""
    folder = make_private_folder(_formers(path))
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (f"{path.stem}-{stamp}{more}.db" for more in ("", *(f"-{number}" for number in range(2, 1000))))
    return next(folder / name for name in names if not (folder / name).exists())


def _formers(path: Path) -> Path:
    return path.with_name(path.name + "-former")


def _is_plain(path: Path) -> bool:
    """By its bytes. Nobody has it open: the gate is held alone, or it is a former one."""
    with path.open("rb") as file:
        return file.read(len(PLAIN_HEADER)) == PLAIN_HEADER
