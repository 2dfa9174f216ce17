"""The shop's files under keys that it had before: `<database>-former/<stem>-key-<fingerprint>-<time>.db`.

Not named as those of restores: an undo would bring the former key back.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from berrypod.keys.rotation_records import FormerFile
from berrypod.storage.files import fsync_folder
from berrypod.storage.journals import remove_database

_NAME = re.compile(r".+-key-(?P<fingerprint>[0-9a-f]{8})-(?P<time>\d{8}-\d{6})\.db")
_TIME = "%Y%m%d-%H%M%S"


def former_path(path: Path, fingerprint: str, at: datetime) -> Path:
    """Where the file at `path` goes when its key, of this fingerprint, is changed."""
    return _folder(path) / f"{path.stem}-key-{fingerprint}-{at:{_TIME}}.db"


def former_files(path: Path) -> tuple[FormerFile, ...]:
    """Those that are kept, the newest first."""
    found: list[FormerFile] = []
    folder = _folder(path)
    for each in folder.iterdir() if folder.is_dir() else ():
        name = _NAME.fullmatch(each.name)
        if name and each.name.startswith(f"{path.stem}-key-"):
            with suppress(FileNotFoundError, ValueError):  # removed this moment; or no time
                found.append(
                    FormerFile(
                        path=str(each),
                        fingerprint=name["fingerprint"],
                        replaced_at=datetime.strptime(name["time"], _TIME).replace(tzinfo=UTC),
                        size_bytes=each.stat().st_size,
                    )
                )
    return tuple(sorted(found, key=lambda former: former.replaced_at, reverse=True))


def remove_former(former: Path) -> None:
    """:raises OSError: the disk refuses."""
    remove_database(former)
    if former.parent.is_dir():
        fsync_folder(former.parent)


def _folder(path: Path) -> Path:
    return path.with_name(path.name + "-former")
