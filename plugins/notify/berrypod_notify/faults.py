"""Errors of this plugin."""

from __future__ import annotations

from berrypod.errors import NotFound, PluginError


class NotSent(PluginError):
    """A notification was not handed over. The message says exactly where it failed, the hint what to do."""

    code = "notification_not_sent"
    status = 502
    title = "The notification was not sent"
    default_hint = "It is tried again by itself. Look at the settings on /admin/alarms if it goes on."


class NotifierUnknown(NotFound):
    code = "notifier_unknown"
    title = "There is no such notifier"
    default_hint = "`berrypod notify status` and GET /api/alarms list them."


class NotSetUp(PluginError):
    code = "notifier_not_set_up"
    status = 409
    title = "Nobody would be told: no notifier is set up"
    default_hint = "Enter where alarms go to on /admin/alarms, or set BERRYPOD_NOTIFY_... in the environment."
