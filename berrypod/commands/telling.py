"""Events of commands that do not open the shop's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from berrypod.commands.common import current_plugins
from berrypod.settings import Settings

if TYPE_CHECKING:
    from berrypod.events import Event


def write_down(event: Event) -> None:
    """Tell the audit log and the observers, whether or not the shop's database can be opened."""
    from berrypod.parts import create_parts  # noqa: PLC0415 - slow to import

    parts = create_parts(Settings.from_env(), current_plugins())
    parts.plugins.emit(event)
    parts.audit.close()
