"""Can anything be read in the bytes of the file and its log? Looked for in the bytes themselves.

Three ways, as each of them misses something: the header of a plain database; texts that are in the shop, its tables'
names, its products and customers; and pages that do not look like chance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import passed, unchecked
from berrypod.doctor.subject import Subject
from berrypod.storage.files import people_size
from berrypod.storage.keys import LOCK_PAGE, PAGE_BYTES, PLAIN_HEADER
from berrypod.storage.log import FRAME_HEADER_BYTES, HEADER_BYTES, log_path

BLOCK_BYTES = 256 * PAGE_BYTES

# A bigger file is looked at in its first blocks, its last ones, and some between; with --thorough, in all.
_MOST_BLOCKS = 64
_ENDS = 8

# Of a page, so many bytes are looked at. Chance has some 220 different ones in them, text and tables less than 100.
_PROBED_BYTES = 512
_FEWEST_DIFFERENT = 150

# Shorter ones turn up by chance: 8 bytes once in 18,000,000 TB.
_SHORTEST_TEXT = 8
_TEXTS_OF_A_KIND = 5

_SCHEMA = ("CREATE TABLE ", "alembic_version", "newsletter_subscribers", "product_variants", "sqlite_autoindex")
_QUERIES = {
    "the title of a product": "SELECT title FROM products",
    "the description of a product": "SELECT substr(description, 1, 40) FROM products",
    "the e-mail address of a customer": "SELECT email FROM orders ORDER BY id DESC",
    "the number of an order": "SELECT number FROM orders ORDER BY id DESC",
    "the e-mail address of an admin": "SELECT email FROM admins",
}

_WHAT_TO_DO = (
    "Whoever has this file, or a backup of it, can read it. Encrypt it: stop the shop, set SECRET_KEY_DB, and run "
    "`berrypod db encrypt`."
)


class _Part(NamedTuple):
    """A stretch of a file. `start` is its place in it."""

    start: int
    content: bytes


def unreadable(subject: Subject) -> Finding:
    """Nothing in the file's bytes, nor in its log's, can be read."""
    if isinstance(subject.lock, errors.DatabaseEmpty):
        return unchecked("unreadable", "whether the file can be read without the key", subject.lock)
    texts = _texts(subject)
    looked_at = 0
    sample = b""
    for path, page_starts in ((subject.path, _pages_of_file), (log_path(subject.path), _pages_of_log)):
        for part in _parts(path, subject):
            found = _readable(path, part, texts, page_starts)
            if found:
                return _plain(subject, found)
            looked_at += len(part.content)
            sample = sample or part.content
    chance = f"its bytes look like chance ({_entropy(sample):.3f} of 8 bits)"
    why = f"none of {len(texts)} texts of the shop is in it, and {chance}; {_amount(subject, looked_at)} looked at"
    return passed("unreadable", "The file cannot be read without the key", why)


def _readable(
    path: Path, part: _Part, texts: Mapping[bytes, str], page_starts: Callable[[_Part], Iterator[int]]
) -> str | None:
    """What can be read in a part of a file; None if nothing."""
    if part.start == 0 and part.content.startswith(PLAIN_HEADER):
        return f"{path.name} begins as unencrypted databases do"
    for text, kind in texts.items():
        if (place := part.content.find(text)) >= 0:
            return f"{path.name} has {kind} in clear, at byte {part.start + place:,}"
    for start in page_starts(part):
        page = part.content[start : start + _PROBED_BYTES]
        if len(page) < _PROBED_BYTES or len(set(page)) >= _FEWEST_DIFFERENT:
            continue
        # A page that was never written is all zeros, encrypted or not.
        if any(part.content[start : start + PAGE_BYTES]):
            return f"{path.name} has a page that does not look encrypted, at byte {part.start + start:,}"
    return None


def _plain(subject: Subject, found: str) -> Finding:
    level = "fail" if subject.settings.production or subject.settings.secret_key_db else "warn"
    title = "The file can be read without a key"
    return Finding(check="unreadable", level=level, title=title, why=f"{found}.", what_to_do=_WHAT_TO_DO)


def _texts(subject: Subject) -> Mapping[bytes, str]:
    """What must not be found, and what it is. The texts of the shop itself, as far as it can be opened."""
    texts = {name.encode(): "the description of its tables" for name in _SCHEMA}
    with suppress(errors.StorageError), subject.connection() as connection:
        for kind, query in _QUERIES.items():
            texts |= {text.encode(): kind for text in _column(connection, query)}
    return texts


def _column(connection: dbapi2.Connection, query: str) -> list[str]:
    try:
        rows = connection.execute(f"{query} LIMIT ?", (_TEXTS_OF_A_KIND,)).fetchall()
    except dbapi2.OperationalError:
        return []  # Another schema, or another program's database.
    return [str(text) for (text,) in rows if text and len(str(text).encode()) >= _SHORTEST_TEXT]


def _parts(path: Path, subject: Subject) -> Iterator[_Part]:
    """Blocks of a file, each with the beginning of the next, so that no text is cut in two."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            chosen = _chosen(-(-size // BLOCK_BYTES), everything=subject.thorough)
            for done, block in enumerate(chosen, 1):
                file.seek(block * BLOCK_BYTES)
                yield _Part(block * BLOCK_BYTES, file.read(BLOCK_BYTES + PAGE_BYTES))
                subject.progress(done / len(chosen))
    except FileNotFoundError:
        return


def _chosen(blocks: int, *, everything: bool) -> list[int]:
    if everything or blocks <= _MOST_BLOCKS:
        return list(range(blocks))
    between = range(_ENDS, blocks - _ENDS, -(-(blocks - 2 * _ENDS) // (_MOST_BLOCKS - 2 * _ENDS)))
    return [*range(_ENDS), *between, *range(blocks - _ENDS, blocks)]


def _pages_of_file(part: _Part) -> Iterator[int]:
    """Where in a part its pages begin. What comes after a whole block belongs to the next part."""
    for start in range(0, min(len(part.content), BLOCK_BYTES), PAGE_BYTES):
        # SQLite never writes this one, and it may hold anything.
        if part.start + start != (LOCK_PAGE - 1) * PAGE_BYTES:
            yield start


def _pages_of_log(part: _Part) -> Iterator[int]:
    """As `_pages_of_file`: in the log, each page comes after a header of its own, which is never encrypted."""
    stride = FRAME_HEADER_BYTES + PAGE_BYTES
    first = HEADER_BYTES + FRAME_HEADER_BYTES
    start = first + max(0, -(-(part.start - first) // stride)) * stride - part.start
    yield from range(start, len(part.content) - PAGE_BYTES + 1, stride)


def _entropy(content: bytes) -> float:
    """Shannon's, in bits a byte. Encrypted bytes have 8, less what chance takes from a small sample."""
    counts = Counter(content).values()
    return -sum(count / len(content) * math.log2(count / len(content)) for count in counts) if content else 0.0


def _amount(subject: Subject, looked_at: int) -> str:
    size = subject.path.stat().st_size
    if size > looked_at:
        return f"{people_size(looked_at)} of {people_size(size)} (--thorough looks at all)"
    return f"all {people_size(size)}"
