"""What the `file` program takes a shop's file for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from berrypod.storage.keys import PLAIN_HEADER

PROGRAM: Final = shutil.which("file")

# The 16 random bytes that a file begins with are by chance, 1 time in 20, how a file of another kind begins: "OpenPGP
# Public Key", or "DOS executable". These are none of those, and all that follows stays what it is.
_SALT: Final = bytes.fromhex("c3a5965af1e2d3c4b5a69788796ab5c6")


def file_type(path: Path) -> str:
    """What `file` says of this one, whatever salt it has."""
    assert PROGRAM is not None
    content = path.read_bytes()
    if not content.startswith(PLAIN_HEADER):
        content = _SALT + content[len(_SALT) :]
    told = subprocess.run([PROGRAM, "--brief", "-"], input=content, capture_output=True, check=True)
    return told.stdout.decode().strip()
