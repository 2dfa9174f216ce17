"""A healthy shop, encrypted and in production, for tests to make ill."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from berrypod.accounts import Accounts
from berrypod.declarations import Finding
from berrypod.doctor.checks import GROUPS, Check
from berrypod.doctor.circumstances import understand
from berrypod.doctor.examining import make
from berrypod.doctor.subject import Subject
from berrypod.keys.kept import KEPT_SETTING
from berrypod.plugins import Plugins
from berrypod.settings import Secret, Settings
from berrypod.shop.settings import store
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import passphrase_fingerprint
from berrypod.storage.models import Admin
from berrypod.testing_shop import create_sample_shop
from tests.conftest import KEY

BASE = Secret("the base of the tests, as long as production wants it")
OTHER = Secret("another secret, which is just as long as the others are")

CHECKS: dict[str, Check] = {check.name: check for group in GROUPS for check in group.checks}


@dataclass
class Shop:
    """A shop's file with its environment, both to be spoilt."""

    path: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.environ)

    def beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    def subject(self, plugins: Plugins | None = None, **changes: Any) -> Subject:
        settings, misunderstood = understand(self.environ)
        given: dict[str, Any] = {"now": datetime.now(UTC), **changes}
        return Subject(settings=settings, misunderstood=misunderstood, plugins=plugins, **given)

    def look(self, name: str, **changes: Any) -> list[Finding]:
        """What the check of that name finds."""
        with self.subject(**changes) as subject:
            return list(make(CHECKS[name], subject, lambda _: None))

    def level(self, name: str, **changes: Any) -> str:
        """`pass`, `warn` or `fail`, of a check that finds one thing."""
        (finding,) = self.look(name, **changes)
        return finding.level

    def run(self, *statements: str) -> None:
        """Run SQL on the file, and close it."""
        with self.opened() as connection:
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def opened(self) -> Generator[Any]:
        key = self.environ.get("SECRET_KEY_DB")
        connection = open_connection(self.path, find_key(self.path, Secret(key) if key else None))
        try:
            yield connection
        finally:
            connection.close()


@pytest.fixture(scope="session")
def healthy_file(tmp_path_factory: pytest.TempPathFactory, quick_keys: None) -> Path:
    """Two products, two orders, an admin with an authenticator; and its key is kept elsewhere."""
    path = tmp_path_factory.mktemp("healthy") / "shop.db"
    create_sample_shop(path, KEY)
    settings = Settings(environment="test", database_path=path, secret_key_db=KEY, secret_key_base=BASE)
    asyncio.run(_complete(settings))
    return path


async def _complete(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    try:
        admin = await Accounts(database, settings).admins.create(
            email="ada@example.org", name="Ada", password="a password for tests"
        )
        async with database.write() as session:
            (await session.get_one(Admin, admin.id)).totp_secret = "JBSWY3DPEHPK3PXP"
            kept = {"fingerprint": passphrase_fingerprint(KEY), "at": "2026-01-01T00:00:00Z", "by": "cli"}
            await store(session, KEPT_SETTING, kept)
    finally:
        await database.close()


@pytest.fixture
def shop(tmp_path: Path, healthy_file: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o700)
    return copied(healthy_file, folder)


def copied(healthy_file: Path, folder: Path) -> Shop:
    path = folder / "shop.db"
    shutil.copyfile(healthy_file, path)
    path.chmod(0o600)
    environ = {
        "BERRYPOD_ENV": "prod",
        "DATABASE_PATH": str(path),
        "SECRET_KEY_DB": KEY.reveal(),
        "SECRET_KEY_BASE": BASE.reveal(),
        "BERRYPOD_TRUSTED_PROXIES": "127.0.0.1",
    }
    return Shop(path, environ)


@pytest.fixture
def without_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put no app together, which takes a quarter of a second: only what is said of plugins' routes depends on it."""
    monkeypatch.setattr("berrypod.doctor.circumstances.app_of", lambda parts: None)


@pytest.fixture
def plain_shop(tmp_path: Path, empty_shop_file: Path) -> Shop:
    """One of a developer, without any key."""
    folder = tmp_path / "plain"
    folder.mkdir(mode=0o700)
    shutil.copyfile(empty_shop_file, folder / "shop.db")
    (folder / "shop.db").chmod(0o600)
    return Shop(folder / "shop.db", {"DATABASE_PATH": str(folder / "shop.db")})


Mounted = Callable[..., Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounted]:
    """`mounted("tmpfs", "size=2m")`: a folder with a file system of its own."""
    folders: list[Path] = []

    def mount(kind: str, options: str) -> Path:
        folder = tmp_path / f"mounted {len(folders)}"
        folder.mkdir()
        command = ["mount", "-t", kind, "-o", options, kind, str(folder)]
        try:
            made = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no `mount` here")
        if made.returncode:
            pytest.skip(f"a file system cannot be mounted here: {made.stderr.strip()}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
