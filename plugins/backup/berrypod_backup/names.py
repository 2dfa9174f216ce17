"""The names of the plugin's settings and archive. Apart from what they are for: to tell them, nothing of that need be
imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from berrypod.declarations import SettingDeclaration

FOLDER: Final = "BERRYPOD_BACKUP_FOLDER"

KEEP: Final = "keep"
"""The exporter of the plugin's own archive, on this machine: it is always there, and needs nothing to be entered."""

SETTINGS: Final[Sequence[SettingDeclaration]] = (
    SettingDeclaration(
        name=FOLDER,
        help="the folder that backups of this shop are kept in, and of no other; else, one beside the shop's file",
    ),
)
