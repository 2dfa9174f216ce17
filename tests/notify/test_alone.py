"""The plugin needs no other one, and the shop does not need it."""

from __future__ import annotations

from berrypod_notify import plugin

from berrypod.testing_tools import CheckPlugin


def test_it_works_alone(check_plugin: CheckPlugin) -> None:
    checked = check_plugin(plugin, name="notify")
    assert [panel.page for panel in checked.admin_panels] == ["alarms"] * 3
    assert "All is well" in checked.render("alarms-now")
    assert "Nobody is told" in checked.render("alarms-told")
    assert "Nothing was sent yet" in checked.render("alarms-sent")
    assert checked.conditions("alarms") == ()
    assert (checked.is_set_up("email"), checked.is_set_up("webhook")) == (False, False)
    assert set(checked.commands) == {"notify"}
    (finding,) = checked.examine("alarms")
    assert finding.level == "pass"


def test_each_of_its_hooks_is_declared() -> None:
    marked = {name for name in dir(plugin) if name.startswith("berrypod_") and callable(getattr(plugin, name))}
    assert marked == {
        "berrypod_admin_panels",
        "berrypod_doctor_checks",
        "berrypod_health_parts",
        "berrypod_lifespan",
        "berrypod_notifiers",
        "berrypod_register_commands",
        "berrypod_route_handlers",
        "berrypod_settings",
    }
