"""Another key for the shop's file: what runs goes on with the former one until the new one is confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from berrypod import errors
from berrypod.events import Event
from berrypod.keys import rotating
from berrypod.keys.kit import NoKey
from berrypod.keys.rotation import KeyRotation
from berrypod.keys.rotation_records import (
    NewKeyNotSet,
    NewKeyUnfit,
    NothingToConfirm,
    RotationFailed,
    RotationRunning,
    RotationUnconfirmed,
)
from berrypod.maintenance import Maintenance
from berrypod.settings import Secret, Settings
from berrypod.storage import files, handover
from berrypod.storage.database import Database
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey, passphrase_fingerprint, read_salt
from berrypod.storage.verification import verify
from tests.conftest import KEY
from tests.storage.making import keys_of, put

NEW = Secret("the key that comes after it, as long as the other")
THIRD = Secret("and one more key of about the same length, for later")


class Process:
    """A process of the shop, with the key that its environment has."""

    def __init__(self, settings: Settings) -> None:
        self.events: list[Event] = []
        self.database = Database(settings)
        self.maintenance = Maintenance(self.database)
        self.rotation = KeyRotation(self.database, self.maintenance, settings, emit=self.events.append)

    @property
    def told(self) -> list[str]:
        return [event.name for event in self.events]


@asynccontextmanager
async def process(settings: Settings) -> AsyncGenerator[Process]:
    one = Process(settings)
    await one.database.open()
    try:
        async with one.maintenance.watching():
            yield one
    finally:
        await one.rotation.close()
        await one.database.close()


@dataclass
class Held:
    """A rotation of which the new file is written and not verified yet: it goes on when it is let."""

    there: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held, check_content = Held(), rotating.check_content

    async def wait_and_check(*arguments: Any, **more: Any) -> object:
        held.there.set()
        await held.go_on.wait()
        return await check_content(*arguments, **more)

    monkeypatch.setattr(rotating, "check_content", wait_and_check)
    return held


def beside(settings: Settings) -> set[str]:
    """All files of the shop but those that are always there."""
    folder = settings.database_path.parent
    names = {path.name.removeprefix(settings.database_path.name) for path in folder.iterdir() if path.is_file()}
    return names - {"", "-lock", "-announcement", "-swaps.json"}


async def test_the_shop_goes_on_under_the_new_key_and_nothing_is_lost(encrypted_settings: Settings) -> None:
    async with process(encrypted_settings) as shop:
        await put(shop.database, "before")
        stages: list[str] = []
        rotated = await shop.rotation.rotate(NEW, by="cli", progress=lambda stage, _: stages.append(stage))
        await put(shop.database, "after")
        assert await shop.database.fetch(keys_of) == ["before", "after"]
        assert list(dict.fromkeys(stages)) == ["copying", "catching_up", "verifying", "replacing"]
        assert shop.told == ["key.rotation_started", "key.rotated"]
        assert rotated.closed_seconds < rotated.seconds
    facts = await verify(encrypted_settings.database_path, NEW)
    assert facts.encrypted
    former = Path(rotated.rotation.former_file or "")
    await verify(former, KEY)
    with pytest.raises(errors.WrongKey):
        await verify(former, NEW)
    assert read_salt(former) != read_salt(encrypted_settings.database_path)
    assert beside(encrypted_settings) == {"-key"}


async def test_a_process_with_the_former_key_opens_the_shop_until_it_is_confirmed(encrypted_settings: Settings) -> None:
    async with process(encrypted_settings) as shop, process(encrypted_settings) as worker:
        await shop.rotation.rotate(NEW, by="cli")
        await put(worker.database, "by the other")  # its file was exchanged under it
        assert await shop.database.fetch(keys_of) == ["by the other"]
        assert worker.database.settings.secret_key_db is not None
        assert worker.database.settings.secret_key_db.reveal() == NEW.reveal(), "what it verifies with, and shows"
    async with process(encrypted_settings) as respawned:
        assert await respawned.database.fetch(keys_of) == ["by the other"]
        status = await respawned.rotation.status()
        assert status.restart_needed
        assert (status.own_fingerprint, status.fingerprint) == (
            passphrase_fingerprint(KEY),
            passphrase_fingerprint(NEW),
        )
        with pytest.raises(NewKeyNotSet):
            await respawned.rotation.confirm(by="cli")
    async with process(replace(encrypted_settings, secret_key_db=NEW)) as renewed:
        status = await renewed.rotation.status()
        assert status.unconfirmed
        assert not status.restart_needed
        confirmed = await renewed.rotation.confirm(by="cli")
        assert confirmed.former_file
        assert (await renewed.rotation.status()).unconfirmed is None
        assert [former.path for former in (await renewed.rotation.status()).former_files] == [confirmed.former_file]
    with pytest.raises(errors.WrongKey):
        await Database(encrypted_settings).open()
    assert beside(encrypted_settings) == set()


@pytest.mark.slow
async def test_confirming_can_remove_the_former_file(encrypted_settings: Settings) -> None:
    async with process(encrypted_settings) as shop:
        await shop.rotation.rotate(NEW, by="cli")
    async with process(replace(encrypted_settings, secret_key_db=NEW)) as renewed:
        confirmed = await renewed.rotation.confirm(by="admin:a@example.com", remove_former=True)
        assert (await renewed.rotation.status()).former_files == ()
        assert renewed.told == ["key.rotation_confirmed"]
        assert confirmed.former_file
        assert not Path(confirmed.former_file).exists()
        with pytest.raises(NothingToConfirm):
            await renewed.rotation.confirm(by="cli")


@pytest.mark.slow
async def test_a_third_key_after_the_second_is_confirmed(encrypted_settings: Settings) -> None:
    async with process(encrypted_settings) as shop:
        await shop.rotation.rotate(NEW, by="cli")
        with pytest.raises(RotationUnconfirmed):
            await shop.rotation.rotate(THIRD, by="cli")
    async with process(replace(encrypted_settings, secret_key_db=NEW)) as renewed:
        await renewed.rotation.confirm(by="cli")
        await renewed.rotation.rotate(THIRD, by="cli")
    await verify(encrypted_settings.database_path, THIRD)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (Secret("short"), "5 bytes"),
        (KEY, "the one that the shop has"),
        (Secret(" " + "x" * 40), "white space"),
        (Secret("x" * 40 + "\n" + "y"), "cannot be printed"),
        (Secret("berrypod-development-only-not-a-secret-0000000000"), "public"),
    ],
)
async def test_what_can_be_no_key_is_refused_at_once(encrypted_settings: Settings, new: Secret, says: str) -> None:
    async with process(encrypted_settings) as shop:
        with pytest.raises(NewKeyUnfit, match=says):
            await shop.rotation.rotate(new, by="cli")
        assert shop.told == []


async def test_a_plain_shop_has_no_key_to_change(settings: Settings) -> None:
    async with process(settings) as shop:
        with pytest.raises(NoKey):
            await shop.rotation.rotate(NEW, by="cli")
        assert (await shop.rotation.status()).fingerprint is None


@pytest.mark.slow
async def test_one_at_a_time_over_all_processes(encrypted_settings: Settings, held: Held) -> None:
    async with process(encrypted_settings) as shop, process(encrypted_settings) as other:
        await shop.rotation.begin(NEW, by="admin:a@example.com")
        await held.there.wait()
        with pytest.raises(RotationRunning):
            await other.rotation.rotate(THIRD, by="cli")
        running = (await other.rotation.status()).running
        assert running
        assert running.by == "admin:a@example.com"
        await shop.rotation.close()


async def test_one_that_is_given_up_leaves_the_shop_as_it_was(encrypted_settings: Settings) -> None:
    async with process(encrypted_settings) as shop:
        begun = asyncio.Event()
        running = asyncio.create_task(shop.rotation.rotate(NEW, by="cli", progress=lambda *_: begun.set()))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await put(shop.database, "after")
    await verify(encrypted_settings.database_path, KEY)
    assert beside(encrypted_settings) == set()


@pytest.mark.slow
async def test_who_must_have_the_file_alone_is_not_kept_waiting(encrypted_settings: Settings, held: Held) -> None:
    """A restore has a customer before it; the key can be changed afterwards."""
    async with process(encrypted_settings) as shop, process(encrypted_settings) as other:
        running = asyncio.create_task(shop.rotation.rotate(NEW, by="cli"))
        await held.there.wait()
        async with other.maintenance.alone("restore"):
            """It has it."""
        held.go_on.set()
        with pytest.raises(RotationFailed, match="somebody else"):
            await running
        assert shop.told == ["key.rotation_started", "key.rotation_failed"]


async def test_a_full_disk_is_told_in_numbers(encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "free_bytes", lambda _: 3_000_000)
    async with process(encrypted_settings) as shop:
        with pytest.raises(errors.DiskFull, match=r"64\.\d MB are needed .* 3\.0 MB are free"):
            await shop.rotation.rotate(NEW, by="cli")
        trouble = (await shop.rotation.status()).trouble
        assert trouble
        assert trouble.code == "disk_full"


async def test_a_damaged_page_is_named_and_the_shop_goes_on(encrypted_settings: Settings) -> None:
    path = encrypted_settings.database_path
    content = bytearray(path.read_bytes())
    last = len(content) // PAGE_BYTES
    content[-2000] ^= 1
    path.write_bytes(content)
    async with process(encrypted_settings) as shop:
        with pytest.raises(errors.DatabaseDamaged, match=f"Page {last} "):
            await shop.rotation.rotate(NEW, by="cli")
        assert await shop.database.fetch(keys_of) == []
    assert beside(encrypted_settings) == set()


@pytest.mark.slow
async def test_neither_key_is_in_any_file_beside_the_shop(encrypted_settings: Settings) -> None:
    async with process(encrypted_settings) as shop:
        await shop.rotation.rotate(NEW, by="cli")
    key = DatabaseKey.derive(NEW, read_salt(encrypted_settings.database_path))
    secrets = [NEW.reveal().encode(), KEY.reveal().encode(), key.derived, key.derived.hex().encode()]
    for path in encrypted_settings.database_path.parent.rglob("*"):
        if path.is_file():
            assert not [secret for secret in secrets if secret in path.read_bytes()], path
            assert path.stat().st_mode & 0o077 == 0 or path == encrypted_settings.database_path, path


@pytest.mark.slow
async def test_a_note_that_makes_no_sense_stops_nobody(encrypted_settings: Settings) -> None:
    handover.note_path(encrypted_settings.database_path).write_bytes(b"{}")
    async with process(encrypted_settings) as shop:
        assert await shop.database.fetch(keys_of) == []
    with pytest.raises(errors.WrongKey):
        await Database(replace(encrypted_settings, secret_key_db=NEW)).open()
