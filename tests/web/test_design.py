"""The design's promises that can be computed: contrast in light and dark, names that exist, files that are small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from berrypod.web.assets import STATIC

CSS = STATIC / "css"

_TOKEN = re.compile(r"--([a-z0-9-]+):\s*([^;]+);")
_GROUNDS = ("paper", "surface", "sunken")

# Text and the grounds on which it stands.
PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-muted", "link", "good", "warn", "bad") for ground in _GROUNDS),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-accent-soft", "accent-soft"),
    ("on-ribbon", "ribbon"),
    ("good", "good-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("info", "info-soft"),
]


def tokens(scheme: str) -> dict[str, str]:
    text = (CSS / "tokens.css").read_text()
    light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
    found = dict(_TOKEN.findall(light))
    return found | dict(_TOKEN.findall(dark)) if scheme == "dark" else found


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(scheme: str) -> None:
    """WCAG AA: 4.5 to 1 for text of any size, 3 to 1 for the borders of controls and the ring around what has focus."""
    colours = tokens(scheme)
    for ink, ground in PAIRS:
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ground in _GROUNDS:
        assert contrast(colours["line-strong"], colours[ground]) >= 3, ground
        assert contrast(colours["focus"], colours[ground]) >= 3, ground


def test_every_token_that_is_used_is_defined() -> None:
    """A misspelt name is no error to a browser: the colour is just missing."""
    for sheet in CSS.glob("*.css"):
        text = sheet.read_text()
        own = dict(_TOKEN.findall(text))
        for name in re.findall(r"var\(--([a-z0-9-]+)", text):
            assert name in tokens("light") or name in own, (sheet.name, name)


def test_nothing_is_loaded_from_elsewhere() -> None:
    """The Content-Security-Policy would refuse it; the page would wait for it first."""
    for file in [*CSS.glob("*.css"), *Path(STATIC, "js").glob("*.js")]:
        assert not re.search(r"url\(|@import|https?://", file.read_text()), file.name
