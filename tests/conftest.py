"""What all tests share: a shop in a folder of its own, unencrypted unless encryption is what is tested."""

from __future__ import annotations

import inspect
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from litestar import router
from litestar.utils.signature import ParsedSignature

from berrypod.settings import Secret, Settings
from berrypod.storage import keys, schema
from berrypod.storage.database import Database
from berrypod.storage.keys import DatabaseKey
from tests.support.browser import browser_missing
from tests.support.server import RunningServer, start_server

if sys.dont_write_bytecode:
    # Hundreds of modules would be compiled by each worker, and by each process that a test starts. Whoever does not
    # want compiled files beside the source has them elsewhere.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Of whoever starts the tests in the background of a script. What a test starts would not hear Ctrl+C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something of the machine alone. The first one in a fresh clone is slow on any:
# Hypothesis makes its tables of characters, and reads the source for constants (3 s beside other work on 2 cores).
hypothesis.settings.register_profile("berrypod", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("berrypod")

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests and those that drive a browser run in CI, or when `-m` asks; the latter only where there is one."""
    if IN_CI:
        _long_files_first(items)
        return
    asked = bool(config.option.markexpr)
    missing = browser_missing()
    for item in items:
        for name in ("slow", "browser"):
            if item.get_closest_marker(name) and not asked:
                item.add_marker(pytest.mark.skip(reason=f"{name}: runs in CI, or with `pytest -m {name}`"))
        if missing and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=missing))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of the time is spent waiting, for disks, time-outs and servers."""
    return (os.cpu_count() or 1) + 1


def _long_files_first(items: list[pytest.Item]) -> None:
    """A file is the work of one process: one that takes long and begins last is waited for by all the others."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser"))
    items.sort(key=lambda item: -slow[item.path])


KEY = Secret("the key of the tests, long enough for production")


class _Same(Secret):
    """A secret that equals another with the same value."""

    def __init__(self, secret: Secret) -> None:
        super().__init__(secret.reveal())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())


@pytest.fixture(scope="session", autouse=True)
def quick_keys() -> Iterator[None]:
    """Derive each key once: the shops of the tests are copies of one file, and a derivation takes 90 ms."""
    derive = DatabaseKey.derive

    @cache
    def derived(passphrase: Secret, salt: bytes, rounds: int) -> DatabaseKey:
        return derive(passphrase, salt)

    with pytest.MonkeyPatch.context() as patch:
        # With the rounds, which a test may make fewer: what it derives is nobody else's key.
        patch.setattr(DatabaseKey, "derive", lambda passphrase, salt: derived(_Same(passphrase), salt, keys._ROUNDS))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_apps() -> Iterator[None]:
    """Make an app in half the time: hundreds are made, of the same handlers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ParsedSignature, "from_fn", _signatures_read_once(ParsedSignature.from_fn))
        # A plugin's router is made anew for each app: there is nobody from whom it would have to be copied.
        patch.setattr(router, "deepcopy", lambda value: value if "plugin" in value.opt else deepcopy(value))
        yield


def _signatures_read_once(parse: Callable[..., ParsedSignature]) -> Callable[..., ParsedSignature]:
    known: dict[Any, ParsedSignature] = {}

    def from_fn(fn: Any, signature_namespace: dict[str, Any]) -> ParsedSignature:
        # A function that is made for each app anew has the same code each time, and the same words for its types.
        types = getattr(fn, "__annotations__", {"": fn})
        code = getattr(inspect.unwrap(fn), "__code__", None)
        if code is None or not all(isinstance(words, str) for words in types.values()):
            return parse(fn, signature_namespace)
        key = (code, inspect.ismethod(fn), *types.items())
        if key not in known:
            known[key] = parse(fn, signature_namespace)
        return known[key]

    return from_fn


@pytest.fixture(scope="session")
def empty_shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty plain shop, made once: a copy costs a millisecond, creating one a tenth of a second."""
    path = tmp_path_factory.mktemp("empty") / "shop.db"
    schema.create(path, None)
    return path


@pytest.fixture(scope="session")
def empty_encrypted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, encrypted with `KEY`."""
    path = tmp_path_factory.mktemp("encrypted") / "shop.db"
    schema.create(path, KEY)
    return path


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """What `berrypod --env-file` puts into the environment of a test's process is gone with the test."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def settings(tmp_path: Path, empty_shop_file: Path) -> Settings:
    path = tmp_path / "shop.db"
    shutil.copyfile(empty_shop_file, path)
    return Settings(environment="test", database_path=path)


@pytest.fixture
def encrypted_settings(tmp_path: Path, empty_encrypted_file: Path) -> Settings:
    path = tmp_path / "encrypted.db"
    shutil.copyfile(empty_encrypted_file, path)
    return Settings(environment="test", database_path=path, secret_key_db=KEY)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., RunningServer]]:
    """Start real servers in processes of their own, on free ports; they are stopped when the test ends."""
    running: list[RunningServer] = []

    def start(
        settings: Settings, *, workers: int = 1, env: dict[str, str] | None = None, module: str = "berrypod"
    ) -> RunningServer:
        server = start_server(settings, workers=workers, env=env, module=module)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
