"""A key in a file of its own, for whoever takes it from there to where keys are kept."""

from __future__ import annotations

import os
from pathlib import Path

from berrypod.errors import BerrypodError
from berrypod.settings import Secret
from berrypod.storage.files import PRIVATE_FILE, fsync_folder, translate_os_error


class KeyFileExists(BerrypodError):
    code = "key_file_exists"
    status = 409
    title = "There is a file of that name already"
    default_hint = "Name a file that does not exist, in a folder that does: a key never overwrites another one."


def write_key(path: Path, key: Secret) -> None:
    """Write the key to a new file that its owner alone can read, and see that it is on the disk.

    :raises KeyFileExists: there is a file of that name, or no such folder.
    :raises FolderNotWritable: (or DiskFull) it cannot be written; nothing is left of it.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    except FileExistsError:
        raise KeyFileExists(f"There is a file {path} already") from None
    except FileNotFoundError:
        raise KeyFileExists(f"There is no folder {path.parent}") from None
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, opened with its mode
            os.fchmod(file.fileno(), PRIVATE_FILE)  # Whatever the umask says.
            file.write(key.reveal().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fsync_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise translate_os_error(error, path.parent) from error
