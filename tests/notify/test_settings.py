"""Where alarms go to: from the page or from the environment, and never a mixture of both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from berrypod_notify import checking
from berrypod_notify import plugin as notify_plugin
from hypothesis import given
from hypothesis import strategies as st

from berrypod.errors import Invalid
from berrypod.settings import Secret, Settings
from berrypod.storage.fields import FieldUnreadable
from berrypod.testing_tools import CheckPlugin
from tests.notify.conftest import BAD, Clock, process

MAIL = {
    "BERRYPOD_NOTIFY_SMTP_HOST": "mail.example.com",
    "BERRYPOD_NOTIFY_SMTP_FROM": "shop@example.com",
    "BERRYPOD_NOTIFY_SMTP_TO": "ana@example.com; ben@shop.local",
}
HOOK = {"BERRYPOD_NOTIFY_WEBHOOK_URL": "https://hooks.example.com/s3cr3t", "BERRYPOD_NOTIFY_WEBHOOK_SECRET": "sesame!"}


async def test_the_environment_sets_all_of_it(settings: Settings, clock: Clock) -> None:
    environ = {**MAIL, **HOOK, "BERRYPOD_NOTIFY_REMIND_HOURS": "1", "BERRYPOD_NOTIFY_LOOK_SECONDS": "5"}
    async with process(settings, clock, environ=environ) as world:
        targets = (await world.alarms.status()).targets
        assert targets.mail is not None
        assert (targets.mail.port, targets.mail.security) == (587, "starttls")
        assert targets.mail.recipients == ("ana@example.com", "ben@shop.local")
        assert targets.hook is not None
        assert targets.remind_hours == (1.0,)
        assert targets.given == {"email", "webhook", "pace"}
        assert world.alarms.watch.look_seconds == 5


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("none", 25), ("STARTTLS", 587)])
async def test_each_security_has_its_usual_port(settings: Settings, clock: Clock, security: str, port: int) -> None:
    async with process(settings, clock, environ={**MAIL, "BERRYPOD_NOTIFY_SMTP_SECURITY": security}) as world:
        mail = (await world.alarms.status()).targets.mail
        assert mail is not None
        assert mail.port == port


async def test_what_is_saved_is_there_for_the_next_process_and_secret(settings: Settings, clock: Clock) -> None:
    async with process(settings, clock) as world:
        await world.alarms.save_hook(url=HOOK["BERRYPOD_NOTIFY_WEBHOOK_URL"], secret="sesame!", unsigned=False, **BY)
    async with process(settings, clock) as world:
        status = await world.alarms.status()
        assert status.targets.hook is not None
        assert status.targets.hook.secret == "sesame!"
        assert "s3cr3t" not in repr(status)
        assert "sesame" not in repr(status)
    content = settings.database_path.read_bytes()
    assert b"s3cr3t" not in content
    assert b"sesame" not in content


BY = {"by": "cli", "address": None}


async def test_an_environment_for_mail_takes_nothing_from_the_page(settings: Settings, clock: Clock) -> None:
    async with process(settings, clock) as world:
        await world.alarms.save_mail(
            host="other.example.com",
            port="",
            security="tls",
            username="shop",
            password="open sesame",
            sender="shop@example.com",
            recipients="carl@example.com",
            **BY,
        )
    async with process(settings, clock, environ=MAIL) as world:
        mail = (await world.alarms.status()).targets.mail
        assert mail is not None
        assert (mail.host, mail.username, mail.password) == ("mail.example.com", "", "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"BERRYPOD_NOTIFY_SMTP_PORT": "many"}, "A number from 1 to 65535"),
        ({"BERRYPOD_NOTIFY_SMTP_SECURITY": "rot13"}, "Choose one of"),
        ({"BERRYPOD_NOTIFY_SMTP_TO": ""}, "At least one address"),
        ({"BERRYPOD_NOTIFY_REMIND_HOURS": "0"}, "Hours between reminders"),
        ({"BERRYPOD_NOTIFY_LOOK_SECONDS": "0"}, "Seconds between two looks"),
        ({"BERRYPOD_NOTIFY_WEBHOOK_URL": "gopher://s3cr3t"}, "begins with https://"),
    ],
)
def test_an_environment_that_makes_no_sense_is_told_at_the_start(
    settings: Settings, check_plugin: CheckPlugin, wrong: dict[str, str], words: str
) -> None:
    """The plugin is put in quarantine, which stands on the dashboard: better than alarms that go nowhere."""
    with pytest.raises(AssertionError, match=words) as caught:
        check_plugin(notify_plugin, name="notify", environ=MAIL | wrong)
    assert "s3cr3t" not in str(caught.value)


async def test_settings_that_cannot_be_read_are_told_and_what_held_before_goes_on(
    settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(settings, clock) as world:
        await world.alarms.save_hook(url=HOOK["BERRYPOD_NOTIFY_WEBHOOK_URL"], secret="", unsigned=False, **BY)
        await world.look()

        async def refuse() -> None:
            raise FieldUnreadable

        monkeypatch.setattr(world.alarms._configuration, "now", refuse)
        world.neighbour.conditions = [BAD]
        await world.look(2)
        status = await world.alarms.status()
        assert status.targets.hook is not None
        assert status.unreadable is not None
        assert "settings_unreadable" in [one.condition.code for one in status.present]


async def test_after_the_key_of_secrets_is_lost_they_are_entered_anew(settings: Settings, clock: Clock) -> None:
    async with process(settings, clock) as world:
        await world.alarms.save_hook(url=HOOK["BERRYPOD_NOTIFY_WEBHOOK_URL"], secret="sesame!", unsigned=False, **BY)
    lost = replace(settings, secret_key_base=Secret("another key base of the tests, as long as it has to be"))
    async with process(lost, clock) as world:
        status = await world.alarms.status()
        assert status.unreadable is not None
        assert status.targets.hook is None
        await world.alarms.save_hook(url="https://new.example.com/", secret="", unsigned=False, **BY)
        status = await world.alarms.status()
        assert status.unreadable is None
        assert status.targets.hook is not None
        assert (status.targets.hook.url, status.targets.hook.secret) == ("https://new.example.com/", "")


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_or_refused_in_words(text: str) -> None:
    """Anything else than `Invalid` would fail the test."""
    readers = (checking.host, checking.address, checking.addresses, checking.web_address, checking.hours)
    for read in (*readers, checking.seconds, lambda typed: checking.port(typed, 587)):
        refused = ""
        try:
            assert read(text)
        except Invalid as error:
            refused = error.message
        assert refused == "" or refused.endswith(".")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://hooks.example.com/T0/B0/x?y=z", "https://hooks.example.com/…"),
        ("http://ana:pass@10.0.0.1:8080/", "http://10.0.0.1:8080/…"),
    ],
)
def test_of_an_address_only_the_place_is_shown(address: str, shown: str) -> None:
    assert checking.shown_address(checking.web_address(address)) == shown
