"""docs/hooks.md, taken apart: its sections, and the files in them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "hooks.md"

FIRST_PLUGIN = "Your first plugin: a CSV exporter in twenty lines"

_FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """The text of each section, by its heading. What looks like a heading within code is none."""
    found: dict[str, list[str]] = {}
    heading, in_code = "", False
    for line in text().splitlines():
        in_code ^= line.startswith("```")
        if line.startswith("## ") and not in_code:
            heading = line.removeprefix("## ")
        found.setdefault(heading, []).append(line)
    return {heading: "\n".join(lines) for heading, lines in found.items()}


def files(heading: str) -> dict[str, str]:
    """The complete files in a section, by their names."""
    return dict(_FILE.findall(sections()[heading]))


def write(heading: str, folder: Path) -> None:
    """Write the files of a section, as a reader would."""
    for name, content in files(heading).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
