"""The names of the plugin's settings, and of the exporter that lists what restores have put aside."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = "BERRYPOD_RESTORE_MAX_BYTES"
FORMERS_KEPT: Final = "BERRYPOD_RESTORE_FORMERS"
FORMER_COPIES: Final = "former"
