"""The app as uvicorn's workers make it: each in a process of its own, from the environment."""

from __future__ import annotations

from litestar import Litestar

from berrypod.app import create_app
from berrypod.settings import Settings


def create() -> Litestar:
    return create_app(Settings.from_env())
