from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from berrypod_backup.drill import trying

from berrypod.rendering import NotRendered
from berrypod.settings import Secret

Rendering = list[Path]


@pytest.fixture
def quick_rendering(monkeypatch: pytest.MonkeyPatch) -> Rendering:
    """Pages are not rendered, for a process takes seconds to start; what would have been is noted."""
    rendered: Rendering = []

    async def render(path: Path, passphrase: Secret | None, **_: Any) -> Sequence[str]:
        rendered.append(path)
        return ("the front page",)

    monkeypatch.setattr(trying, "render", render)
    return rendered


@pytest.fixture
def failing_rendering(monkeypatch: pytest.MonkeyPatch) -> Callable[[NotRendered], None]:
    """Pages cannot be rendered, for the reason that is given."""

    def fail(error: NotRendered) -> None:
        async def render(path: Path, passphrase: Secret | None, **_: Any) -> Sequence[str]:
            raise error

        monkeypatch.setattr(trying, "render", render)

    return fail
