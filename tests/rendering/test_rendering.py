"""Pages rendered from a file, as a proof that a shop can be run on it; in a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from berrypod import rendering_process, rendering_wire
from berrypod.rendering import NotRendered, render
from berrypod.settings import Secret
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.testing_shop import create_sample_shop
from tests.conftest import KEY

PICTURE = b"\x89PNG not really, and shown to nobody"
LINKED = (
    "INSERT INTO product_images (product_id, image_id, alt, position, created_at, updated_at)"
    " VALUES (1, 1, '', 0, '2026-01-01', '2026-01-01')"
)
STORED = (
    "INSERT INTO images (id, sha256, media_type, width, height, size_bytes, filename, alt, data, created_at,"
    " updated_at) VALUES (1, ?, 'image/png', 1, 1, ?, '', '', ?, '2026-01-01', '2026-01-01')"
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain shop with a product in a category, and a picture of it."""
    path = tmp_path_factory.mktemp("sample") / "shop.db"
    create_sample_shop(path)
    digest = hashlib.sha256(PICTURE).hexdigest()
    with closing(open_connection(path, None)) as connection:
        connection.execute(STORED, (digest, len(PICTURE), PICTURE))
        connection.execute(LINKED)
    return path


@pytest.fixture
def copy(sample: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "throw-away"
    folder.mkdir(mode=0o700)
    return Path(shutil.copyfile(sample, folder / "copy.db"))


def answer(path: Path, *statements: str, key: Secret | None = None) -> rendering_wire.Said:
    """What the process answers for the file, on which the statements were run; in this process, for its speed."""
    if statements:
        with closing(open_connection(path, find_key(path, key))) as connection:
            for statement in statements:
                connection.execute(statement)
    order = rendering_wire.Order(path=str(path), passphrase=key.reveal() if key else None)
    return rendering_process._answer(order)  # pyright: ignore[reportPrivateUsage]


def refused(said: rendering_wire.Said) -> rendering_wire.Refused:
    assert isinstance(said, rendering_wire.Refused), said
    return said


async def test_a_process_renders_the_shop_and_leaves_nothing_beside_its_file(tmp_path: Path) -> None:
    """The whole way, encrypted: the key goes by a pipe."""
    path = tmp_path / "throw-away" / "copy.db"
    path.parent.mkdir()
    create_sample_shop(path, KEY)
    pages = await render(path, KEY)

    assert pages == ("the front page", "the category “Pantry”", "the product “Raspberry jam”")
    assert [one.name for one in path.parent.iterdir()] == ["copy.db"]
    assert [one.name for one in tmp_path.iterdir()] == ["throw-away"]


def test_a_shop_with_pictures_is_shown_with_one(copy: Path) -> None:
    said = answer(copy)

    assert isinstance(said, rendering_wire.Rendered)
    assert said.pages[-1] == "a picture"


def test_an_empty_shop_is_a_shop(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    schema.create(path, None)
    said = answer(path)

    assert said == rendering_wire.Rendered(pages=("the front page (there are no products)",))


def test_a_title_with_signs_of_html_is_found_as_the_page_quotes_it(copy: Path) -> None:
    said = answer(copy, """UPDATE products SET title = 'Jam & <b>"jelly"</b>' WHERE id = 1""")

    assert isinstance(said, rendering_wire.Rendered)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE product_variants SET options = '[1'", "The page /products/raspberry-jam answers 500"),
        ("UPDATE images SET data = x'00'", "is not the one that was uploaded"),
    ],
)
def test_a_page_that_does_not_come_out_is_named(copy: Path, statement: str, words: str) -> None:
    found = refused(answer(copy, statement))

    assert words in found.message
    assert (found.code, bool(found.hint)) == ("page_not_rendered", True)


def test_a_file_that_does_not_open_is_told_in_the_words_of_whoever_opens_it(copy: Path, tmp_path: Path) -> None:
    encrypted = tmp_path / "encrypted.db"
    create_sample_shop(encrypted, KEY)

    assert refused(answer(encrypted, key=None)).code == "key_missing"
    assert refused(answer(tmp_path / "nothing.db")).code == "database_missing"
    copy.write_bytes(copy.read_bytes()[:9000])
    assert refused(answer(copy)).message


async def test_the_key_is_in_no_argument_environment_or_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_DB", KEY.reveal())
    script = (
        "import json, os, sys\n"
        "seen = [*sys.argv, *os.environ.values()]\n"
        "order = json.loads(sys.stdin.readline())\n"
        "print(json.dumps({'type': 'rendered', 'pages': [str(any(order['passphrase'] in one for one in seen))]}))"
    )
    assert await render(tmp_path / "x.db", KEY, command=[sys.executable, "-c", script]) == ("False",)
    order = rendering_wire.Order(path="/x.db", passphrase=KEY.reveal())
    assert KEY.reveal() not in repr(order)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit(7)", "ended (status 7)"),
        ("print('nonsense')", "made no sense"),
        ("print('x' * 1_000_000)", "made no sense"),
        (f"import os; os.kill(os.getpid(), {signal.SIGKILL})", "ended (status -9)"),
    ],
)
async def test_a_process_that_fails_is_an_error_in_words(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(NotRendered) as error:
        await render(tmp_path / "x.db", None, command=[sys.executable, "-c", script])
    assert words in error.value.message


async def test_one_that_hangs_or_cannot_be_started_is_given_up(tmp_path: Path) -> None:
    hang = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(NotRendered, match="longer than"):
        await render(tmp_path / "x.db", None, command=hang, timeout_seconds=0.05)
    with pytest.raises(NotRendered, match="cannot be started"):
        await render(tmp_path / "x.db", None, command=[str(tmp_path / "no-such-program")])


async def test_it_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    """A cancellation (a restore begins, a server stops) leaves no process that has the file open."""
    note = tmp_path / "pid"
    script = (
        f"import os, sys, time; open({str(note)!r}, 'w').write(str(os.getpid())); sys.stdin.readline(); time.sleep(60)"
    )
    task = asyncio.create_task(render(tmp_path / "x.db", None, command=[sys.executable, "-c", script]))
    async with asyncio.timeout(60):
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_nonsense_on_standard_input_is_refused_without_quoting_it() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "berrypod.rendering_process"],
        input=f'{{"passphrase": "{KEY.reveal()}"}}\n',
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert KEY.reveal() not in done.stderr
