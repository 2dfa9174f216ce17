"""Records are decoded by several threads at once, and the process lives; what is none is told in one way."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import berrypod
from berrypod.archive.manifest import Manifest
from berrypod.decoding import decoder
from tests.storage.processes import python

_THREADS = """
import sys, threading
from types import ModuleType
from berrypod.decoding import decoder

sys.setswitchinterval(1e-6)
source = '''
from __future__ import annotations
from datetime import datetime
import msgspec
class Inner(msgspec.Struct, kw_only=True):
    text: str
    inner: Inner | None = None
class Outer(msgspec.Struct, kw_only=True):
    at: datetime
    first: Inner | None = None
    others: tuple[Inner, ...] = ()
'''
data = b'{"at": "2026-07-01T12:00:00Z", "first": {"text": "a"}, "others": [{"text": "b", "inner": {"text": "c"}}]}'
found = []
for number in range(300):
    module = ModuleType(f"records_{number}")
    sys.modules[module.__name__] = module
    exec(source, vars(module))
    start = threading.Barrier(4)

    def read():
        start.wait()
        found.append(decoder(module.Outer).decode(data).others[0].inner.text)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(len(found))
"""


def test_a_type_that_several_threads_meet_first_at_the_same_time_ends_no_process() -> None:
    """Without the lock, msgspec ends it within a few hundred of them, by a segmentation fault."""
    assert python(_THREADS) == "1200\n"


def test_nothing_decodes_a_record_in_another_way() -> None:
    """`dict[str, str]` and the like need no looking at; a class does."""
    root = Path(berrypod.__file__).parents[1]
    sources = [path for folder in ("berrypod", "plugins") for path in (root / folder).rglob("*.py")]
    assert len(sources) > 100
    offenders = [
        f"{path.name}: {match[0]}"
        for path in sources
        for match in re.finditer(r"json\.decode\([^\n]*type=_?(?:list\[)?[A-Z]\w*", path.read_text())
        if path.name not in {"dbstat_process.py", "helper.py"}  # one thread has the first, the event loop the second
    ]
    assert offenders == []


def test_what_is_no_utf_8_is_no_record() -> None:
    """msgspec itself lets Python's error through, which nobody expects."""
    for content in (b'{"format": 1, "id": "\xb4"}', b"\xff", b'{"\x80": 1}'):
        with pytest.raises(msgspec.MsgspecError):
            decoder(Manifest).decode(content)
