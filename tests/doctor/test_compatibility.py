"""docs/compatibility.md: what opens the file, and what does not."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess

import pytest
from sqlcipher3 import dbapi2

from tests.conftest import KEY
from tests.doctor.conftest import Shop
from tests.support import file_type

COUNT = "SELECT count(*) FROM orders"


def sqlcipher_tool() -> str | None:
    """The `sqlcipher` of this machine, if it is one of version 4 or later. Debian 12 has 3.4.1."""
    tool = shutil.which("sqlcipher")
    if tool is None:
        return None
    told = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(SQLCipher (\d+)", told)
    return tool if version and int(version[1]) >= 4 else None


def typed(tool: str, shop: Shop, *lines: str) -> str:
    """What the tool prints when somebody types this."""
    done = subprocess.run(
        [tool, str(shop.path)], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(sqlcipher_tool() is None, reason="there is no `sqlcipher` of version 4 or later on the path")
class TestSqlcipherTool:
    TOOL = sqlcipher_tool() or ""

    def test_the_key_alone_opens_it(self, shop: Shop) -> None:
        assert typed(self.TOOL, shop, f"PRAGMA key = '{KEY.reveal()}';", f"{COUNT};").split() == ["ok", "2"]

    def test_without_it_nothing_does(self, shop: Shop) -> None:
        assert "file is not a database" in typed(self.TOOL, shop, f"{COUNT};")
        assert "file is not a database" in typed(self.TOOL, shop, "PRAGMA key = 'wrong';", f"{COUNT};")

    def test_what_it_encrypts_is_a_shop(self, shop: Shop, plain_shop: Shop) -> None:
        shop.path.unlink()
        attach = f"ATTACH DATABASE '{shop.path}' AS encrypted KEY '{KEY.reveal()}';"
        typed(self.TOOL, plain_shop, attach, "SELECT sqlcipher_export('encrypted');")
        shop.path.chmod(0o600)
        for name in (
            "database",
            "unreadable",
            "opens",
            "needs-key",
            "wrong-key",
            "cipher-settings",
            "schema",
            "integrity",
        ):
            assert shop.level(name) == "pass"


def test_the_driver_of_python_opens_it_by_its_pragma(shop: Shop) -> None:
    connection = dbapi2.connect(f"file:{shop.path}?mode=ro", uri=True)
    connection.execute(f"PRAGMA key = '{KEY.reveal()}'")
    assert connection.execute(COUNT).fetchone() == (2,)
    connection.close()


def test_plain_sqlite_does_not(shop: Shop) -> None:
    connection = sqlite3.connect(f"file:{shop.path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.DatabaseError, match="file is not a database"):
        connection.execute(COUNT)
    connection.close()


@pytest.mark.skipif(file_type.PROGRAM is None, reason="there is no `file` here")
def test_nothing_gives_away_what_it_is(shop: Shop, plain_shop: Shop) -> None:
    assert file_type.file_type(shop.path) == "data"
    assert "SQLite" in file_type.file_type(plain_shop.path)
