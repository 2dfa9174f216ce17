"""A backup in the hands of somebody who has the file, the passphrase and another program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# Another implementation of the format, on another SQLite, in a process of its own.
_LOOK = """
import json, sys
import apsw
path, passphrase = json.loads(sys.stdin.read())
connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
if passphrase is not None:
    connection.pragma("cipher", "sqlcipher")
    connection.pragma("legacy", 4)
    connection.pragma("key", passphrase)
names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
print(json.dumps({
    "counts": {name: next(iter(connection.execute(f'SELECT count(*) FROM "{name}"')))[0] for name in names},
    "check": connection.pragma("integrity_check"),
    "orphans": len(list(connection.execute("PRAGMA foreign_key_check"))),
    "sold": next(iter(connection.execute("SELECT coalesce(sum(quantity), 0) FROM order_items")))[0],
    "stock": next(iter(connection.execute("SELECT coalesce(sum(stock), 0) FROM product_variants")))[0],
    "orders": sorted(number for (number,) in connection.execute("SELECT number FROM orders")),
}))
"""


def look(path: Path, passphrase: str | None) -> dict[str, Any]:
    """What the stranger finds in the file. Fails if it does not open."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK],
        input=json.dumps([str(path), passphrase]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
