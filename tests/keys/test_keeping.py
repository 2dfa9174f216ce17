"""Whether the key is kept elsewhere: shown by the key itself, and asked again for the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from berrypod.clock import utc_now
from berrypod.errors import Invalid, Throttled
from berrypod.keys.kept import KEPT_SETTING, kept_in
from berrypod.keys.kit import NoKey
from berrypod.parts import Parts, put_together
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.shop.settings import ABOUT_THE_FILE
from berrypod.storage.keys import passphrase_fingerprint
from tests.commands.conftest import Run, run
from tests.conftest import KEY

__all__ = ["run"]


@pytest.fixture
async def parts(encrypted_settings: Settings) -> AsyncIterator[Parts]:
    made = put_together(encrypted_settings, Plugins.discover(encrypted_settings, installed=False))
    await made.database.open()
    yield made
    await made.database.close()


async def test_it_is_asked_until_the_key_is_entered(parts: Parts) -> None:
    assert (await parts.key.state()).to_be_asked

    await parts.key.confirm(f"  {KEY.reveal()}\n", by="admin:ana@example.com", attempts_of="1")

    state = await parts.key.state()
    assert not state.to_be_asked
    assert state.kept
    assert state.kept.by == "admin:ana@example.com"


@pytest.mark.parametrize(
    "entered", ["", "a guess, a long one", KEY.reveal()[:-1], KEY.reveal() + "x", "\ud800", KEY.reveal().upper()]
)
async def test_anything_else_is_not_the_key_and_is_in_no_error(parts: Parts, entered: str) -> None:
    with pytest.raises(Invalid) as error:
        await parts.key.confirm(entered, by="cli")

    told = f"{error.value.message} {error.value.hint} {error.value.details}"
    assert not entered or entered not in told
    assert KEY.reveal() not in told
    assert (await parts.key.state()).to_be_asked


async def test_guessing_is_made_slow_for_one_admin_and_not_for_the_others(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = utc_now()
    monkeypatch.setattr(parts.accounts.throttle, "_clock", lambda: moment)
    for _ in range(5):
        with pytest.raises(Invalid):
            await parts.key.confirm("a guess", by="admin:eve@example.com", attempts_of="2")
    with pytest.raises(Throttled):
        await parts.key.confirm(KEY.reveal(), by="admin:eve@example.com", attempts_of="2")

    await parts.key.confirm(KEY.reveal(), by="admin:ana@example.com", attempts_of="1")


async def test_another_key_is_asked_for_anew(parts: Parts) -> None:
    await parts.key.confirm(KEY.reveal(), by="cli")
    record = await parts.shop.settings.get(KEPT_SETTING)
    await parts.shop.settings.put(KEPT_SETTING, {**record, "fingerprint": "00000000"})

    assert (await parts.key.state()).to_be_asked


@pytest.mark.parametrize("stored", [None, 1, "yes", {}, {"fingerprint": "b6b58c77"}])
async def test_a_note_that_makes_no_sense_is_none(parts: Parts, stored: object) -> None:
    await parts.shop.settings.put(KEPT_SETTING, stored)

    assert (await parts.key.state()).to_be_asked


def test_the_note_stays_when_a_backup_takes_the_place_of_the_shop() -> None:
    assert any(KEPT_SETTING.startswith(each.rstrip("%")) for each in ABOUT_THE_FILE)


async def test_a_shop_without_a_key_is_not_asked(settings: Settings) -> None:
    parts = put_together(settings, Plugins.discover(settings, installed=False))
    await parts.database.open()
    try:
        assert not (await parts.key.state()).to_be_asked
        with pytest.raises(NoKey):
            await parts.key.confirm("", by="cli")
    finally:
        await parts.database.close()


class TestTheCommand:
    def test_it_takes_the_key_from_standard_input(self, encrypted_settings: Settings, run: Run) -> None:
        noted = run("key", "kept", "--key-stdin", settings=encrypted_settings, input=KEY.reveal() + "\n")

        assert noted.exit_code == 0, noted.stderr
        assert passphrase_fingerprint(KEY) in noted.stdout
        assert KEY.reveal() not in noted.output

    def test_another_key_is_refused(self, encrypted_settings: Settings, run: Run) -> None:
        refused = run("key", "kept", "--key-stdin", settings=encrypted_settings, input="another\n")

        assert refused.exit_code == 1
        assert "not the key of this shop" in refused.stderr

    def test_without_a_terminal_it_says_how(self, encrypted_settings: Settings, run: Run) -> None:
        assert run("key", "kept", settings=encrypted_settings).exit_code == 2


def test_what_is_stored_is_read_or_ignored() -> None:
    assert kept_in("", "00000000") is None
    assert kept_in("not JSON", "00000000") is None
