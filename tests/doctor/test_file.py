"""The file and the lock on it: real bad files, a real wrong key, and bytes that really can be read."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod.declarations import Finding
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from tests.conftest import KEY
from tests.doctor.conftest import CHECKS, OTHER, Shop, copied
from tests.storage.processes import as_nobody, can_become_nobody

NEEDS_FILE = ("unreadable", "opens", "needs-key", "wrong-key", "cipher-settings")


def other_program(path: Path, key: str, *pragmas: str) -> None:
    """Write a database as another program would."""
    path.unlink(missing_ok=True)
    connection = dbapi2.connect(str(path))
    connection.set_key(key)
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE jam (id INTEGER PRIMARY KEY, title TEXT)")
    connection.commit()
    connection.close()
    path.chmod(0o600)


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


class TestTheFileItself:
    def test_none(self, shop: Shop) -> None:
        shop.path.unlink()
        (finding,) = shop.look("database")
        assert (finding.level, finding.title) == ("fail", "There is no database at DATABASE_PATH")
        assert "berrypod db create" in finding.what_to_do

    def test_no_folder(self, shop: Shop) -> None:
        shutil.rmtree(shop.folder)
        assert shop.level("database") == "fail"

    @pytest.mark.parametrize(
        ("content", "title"),
        [(b"", "The database file is empty"), (b"Dear Ada,\n" * 900, "The file is not a database")],
    )
    def test_no_database(self, shop: Shop, content: bytes, title: str) -> None:
        shop.path.write_bytes(content)
        (finding,) = shop.look("database")
        assert (finding.level, finding.title) == ("fail", title)

    @pytest.mark.parametrize("bytes_left", [-1, -PAGE_BYTES, -3 * PAGE_BYTES - 100])
    def test_one_that_was_cut_off(self, shop: Shop, bytes_left: int) -> None:
        os.truncate(shop.path, shop.path.stat().st_size + bytes_left)
        (finding,) = shop.look("database")
        assert (finding.level, finding.title) == ("fail", "The file is cut off")

    def test_a_first_page_that_is_damaged(self, shop: Shop) -> None:
        overwrite(shop.path, 2000, b"\0\0\0\0")
        assert shop.level("database") == "fail"
        assert shop.level("opens") == "fail"

    def test_one_of_another_user(self, shop: Shop) -> None:
        if not can_become_nobody():
            pytest.skip("only root can act as another user")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            moved = copied(shop.path, Path(folder))
            told: list[Finding] = as_nobody(lambda: moved.look("database"))
            assert told[0].level == "fail"
            assert "cannot be read" in told[0].why
            Path(folder).chmod(0o700)
            told = as_nobody(lambda: [found for name in CHECKS if name != "plugins" for found in moved.look(name)])
        assert {one.level for one in told if one.check in NEEDS_FILE} == {"warn"}
        assert [one.level for one in told if one.check == "database"] == ["fail"]

    @pytest.mark.parametrize("name", NEEDS_FILE)
    def test_what_needs_a_file_says_that_there_is_none(self, shop: Shop, name: str) -> None:
        shop.path.unlink()
        (finding,) = shop.look(name)
        assert finding.level == "warn"
        assert finding.title.startswith("Not checked: ")
        assert "There is no database" in finding.why


class TestWithoutTheKey:
    """`unreadable` looks at bytes, and is not told of any header or flag."""

    def _told(self, shop: Shop, level: str = "fail", **changes: object) -> str:
        (finding,) = shop.look("unreadable", **changes)
        assert finding.level == level
        return finding.why

    def test_a_plain_database(self, shop: Shop, plain_shop: Shop) -> None:
        shutil.copyfile(plain_shop.path, shop.path)
        assert "begins as unencrypted databases do" in self._told(shop)
        assert self._told(plain_shop, "warn")

    def test_the_title_of_a_product_in_an_encrypted_file(self, shop: Shop) -> None:
        """In the middle of a page that otherwise looks like chance."""
        overwrite(shop.path, 5 * PAGE_BYTES + 900, b"Raspberry jam")
        why = self._told(shop)
        assert "the title of a product in clear, at byte 21,380" in why
        assert "Raspberry" not in why

    def test_an_address_in_the_log(self, shop: Shop) -> None:
        shop.beside("-wal").write_bytes(os.urandom(9000) + b"ben@example.org" + os.urandom(9000))
        assert "shop.db-wal has the e-mail address of a customer in clear, at byte 9,000" in self._told(shop)

    def test_a_table_definition_when_the_key_is_not_known(self, shop: Shop) -> None:
        shop.environ["SECRET_KEY_DB"] = OTHER.reveal()
        overwrite(shop.path, 3 * PAGE_BYTES + 600, b"CREATE TABLE jam (id)")
        assert "the description of its tables in clear" in self._told(shop)

    def test_a_page_of_numbers(self, shop: Shop) -> None:
        """No text gives it away, and it does not look like chance."""
        overwrite(shop.path, 7 * PAGE_BYTES, bytes(range(100)) * 40)
        assert "a page that does not look encrypted, at byte 28,672" in self._told(shop)

    def test_the_log_of_a_plain_database(self, shop: Shop, plain_shop: Shop) -> None:
        with plain_shop.opened() as connection:
            connection.execute("INSERT INTO settings VALUES ('jam', '\"good\"', '2026-03-14 12:00:00')")
            shutil.copyfile(plain_shop.beside("-wal"), shop.beside("-wal"))
        assert "shop.db-wal has a page that does not look encrypted, at byte 56" in self._told(shop)

    def test_a_log_of_its_own_passes(self, shop: Shop) -> None:
        with shop.opened() as connection:
            connection.execute("INSERT INTO settings VALUES ('jam', '\"good\"', '2026-03-14 12:00:00')")
            shutil.copytree(shop.folder, shop.folder.with_name("elsewhere"))
        elsewhere = Shop(shop.folder.with_name("elsewhere") / "shop.db", dict(shop.environ))
        elsewhere.environ["DATABASE_PATH"] = str(elsewhere.path)
        assert elsewhere.beside("-wal").stat().st_size > PAGE_BYTES
        assert elsewhere.level("unreadable") == "pass"

    def test_a_text_across_two_blocks_and_only_in_what_is_looked_at(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A big file, in the size of a small one: blocks of two pages, four of which are looked at."""
        for name, value in (("BLOCK_BYTES", 2 * PAGE_BYTES), ("_MOST_BLOCKS", 4), ("_ENDS", 1)):
            monkeypatch.setattr(f"berrypod.doctor.plaintext.{name}", value)
        (sampled,), (all_of_it,) = shop.look("unreadable"), shop.look("unreadable", thorough=True)
        assert (sampled.level, all_of_it.level) == ("pass", "pass")
        assert "--thorough looks at all" in sampled.why
        overwrite(shop.path, 2 * PAGE_BYTES - 5, b"newsletter_subscribers")
        assert self._told(shop)
        shop.run("SELECT 1")

    def test_one_that_is_left_out_is_found_by_thorough(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in (("BLOCK_BYTES", PAGE_BYTES), ("_MOST_BLOCKS", 4), ("_ENDS", 1)):
            monkeypatch.setattr(f"berrypod.doctor.plaintext.{name}", value)
        overwrite(shop.path, 3 * PAGE_BYTES + 1000, b"newsletter_subscribers")
        assert shop.level("unreadable") == "pass"
        assert self._told(shop, thorough=True)

    def test_a_page_that_was_never_written_is_no_fault(self, shop: Shop) -> None:
        with shop.path.open("ab") as file:
            file.write(bytes(3 * PAGE_BYTES))
        assert shop.level("unreadable") == "pass"


class TestKeys:
    def test_a_wrong_key(self, shop: Shop) -> None:
        shop.environ["SECRET_KEY_DB"] = OTHER.reveal()
        (finding,) = shop.look("opens")
        assert finding.level == "fail"
        assert "does not open" in finding.why

    def test_no_key(self, shop: Shop) -> None:
        del shop.environ["SECRET_KEY_DB"]
        assert shop.level("opens") == "fail"
        assert shop.level("cipher-settings") == "warn"

    def test_a_key_for_a_plain_file(self, shop: Shop, plain_shop: Shop) -> None:
        shutil.copyfile(plain_shop.path, shop.path)
        (finding,) = shop.look("opens")
        assert finding.level == "fail"
        assert "is not encrypted" in finding.why

    def test_a_file_that_needs_no_key(self, shop: Shop, plain_shop: Shop) -> None:
        assert plain_shop.level("opens") == "pass"
        assert plain_shop.level("needs-key") == "warn"
        assert plain_shop.level("wrong-key") == "warn"
        shutil.copyfile(plain_shop.path, shop.path)
        assert shop.level("needs-key") == "fail"

    def test_an_empty_file_which_any_key_opens(self, shop: Shop) -> None:
        """SQLite takes it for a new database."""
        shop.path.write_bytes(b"")
        assert shop.level("needs-key") == "fail"
        assert shop.level("wrong-key") == "fail"


class TestSettings:
    @pytest.mark.parametrize(
        "pragma",
        [
            "cipher_compatibility = 3",
            "cipher_compatibility = 2",
            "cipher_page_size = 8192",
            "cipher_page_size = 1024",
            "cipher_hmac_algorithm = HMAC_SHA1",
            "cipher_use_hmac = OFF",
        ],
    )
    def test_others_than_those_of_sqlcipher_4(self, shop: Shop, pragma: str) -> None:
        other_program(shop.path, KEY.reveal(), pragma)
        (finding,) = shop.look("cipher-settings")
        assert finding.level == "fail"
        assert pragma in finding.why
        assert shop.level("opens") == "fail"

    def test_a_key_that_other_programs_take_for_a_raw_one(self, shop: Shop, tmp_path: Path) -> None:
        """SQLCipher would not derive anything from it; here it is a passphrase like any other."""
        raw_looking = "x'" + "0123456789abcdef" * 4 + "'"
        shop.path.unlink()
        salt = os.urandom(16)
        connection = dbapi2.connect(str(shop.path), isolation_level=None)
        derived = DatabaseKey.derive(type(KEY)(raw_looking), salt)
        connection.set_key(derived.raw())
        connection.execute("CREATE TABLE products (id INTEGER)")
        connection.close()
        shop.environ["SECRET_KEY_DB"] = raw_looking
        assert shop.level("opens") == "pass"
        (finding,) = shop.look("cipher-settings")
        assert (finding.level, finding.title) == ("fail", "Other programs cannot open the file")

    def test_a_file_that_no_setting_opens(self, shop: Shop) -> None:
        shop.environ["SECRET_KEY_DB"] = OTHER.reveal()
        (finding,) = shop.look("cipher-settings")
        assert finding.level == "warn"
        assert finding.title.startswith("Not checked")
