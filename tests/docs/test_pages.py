"""The pages hang together: the list names each, the pictures are there and small, and the README's plugin works."""

from __future__ import annotations

import re
import types
from pathlib import Path

from PIL import Image

from berrypod.declarations import ExportedFile, Snapshot
from berrypod.testing_tools import CheckPlugin
from tests.docs.blocks import PAGES, ROOT, blocks
from tests.docs.screenshots import IMAGES
from tests.docs.screenshots import PAGES as PICTURES

README = ROOT / "README.md"
LIST = ROOT / "docs" / "README.md"

_MOST_BYTES = 150_000
_PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<path>[^)]+)\)")


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links, as GitHub makes it of them."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_list_of_pages_names_each_once_with_a_sentence() -> None:
    listed = re.findall(r"^- \[[^\]]+\]\(([^)#]+)\): .{20,}\.$", LIST.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md") if page != LIST)


def test_links_to_a_place_in_a_page_lead_there() -> None:
    broken: list[str] = []
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(((?!https?://)[^)#]*)#([^)]+)\)", page.read_text()):
            other = page.parent / target if target else page
            if other.suffix == ".md" and anchor not in anchors(other):
                broken.append(f"{page.name}: {target}#{anchor}")
    assert broken == []


def test_the_readme_leads_to_the_list_and_the_key_is_told_of_before_the_backup() -> None:
    text = README.read_text()
    assert "](docs/README.md)" in text
    assert text.index("A lost key is a lost shop") < text.index("## Backup and restore")


def test_pictures_are_small_said_in_words_and_made_by_the_script() -> None:
    shown: set[Path] = set()
    for page in PAGES:
        for found in _PICTURE.finditer(page.read_text()):
            path = (page.parent / found["path"]).resolve()
            assert len(found["words"]) > 30, f"{page.name}: {found['path']} is told to those who do not see it"
            assert path.stat().st_size < _MOST_BYTES
            assert Image.open(path).mode == "P", "of few colours"
            shown.add(path)
    assert shown == set(IMAGES.iterdir()) == {IMAGES / f"{name}.png" for name in PICTURES}


def test_the_two_commands_can_be_found_by_the_gate() -> None:
    """`.ci/run` and `.ci/first-command` take the first line of a block that has these words."""
    lines = [line for block in blocks(README) for line in block.code.splitlines()]
    for words in ("berrypod demo", "pytest"):
        command = next(line for line in lines if words in line)
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q -r requirements")
        assert command.endswith(words)


def test_the_plugin_of_the_readme_gives_the_orders(check_plugin: CheckPlugin, berrypod_snapshot: Snapshot) -> None:
    (block,) = [block for block in blocks(README) if block.language == "python"]
    module = types.ModuleType("orders_csv")
    exec(block.code, module.__dict__)
    exported = check_plugin(module).export("orders-csv", berrypod_snapshot)
    assert isinstance(exported, ExportedFile)
    lines = exported.path.read_text().splitlines()
    assert lines[0].startswith("K7QM-2XWD,2026-03-14")
