"""A shop, encrypted and not."""

from __future__ import annotations

import pytest

from berrypod.settings import Settings


@pytest.fixture(params=["encrypted", "plain"])
def either_settings(request: pytest.FixtureRequest) -> Settings:
    """Each test that takes it runs for an encrypted shop and for a plain one."""
    return request.getfixturevalue("encrypted_settings" if request.param == "encrypted" else "settings")
