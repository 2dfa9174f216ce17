"""The two ways to tell that come with the plugin. Each is there always, and sends when it is set up."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable

from berrypod.declarations import Notification, Notifier
from berrypod_notify import messages, names
from berrypod_notify.faults import NotSent, NotSetUp
from berrypod_notify.settings import Configuration

_SECONDS = 30.0


def notifiers(configuration: Configuration) -> list[Notifier]:
    """E-mail and webhook."""

    async def mail_is_set_up() -> bool:
        return (await configuration.latest())[0].mail is not None

    async def hook_is_set_up() -> bool:
        return (await configuration.latest())[0].hook is not None

    # Plain functions that return coroutines: these begin in a thread, where the libraries are imported and the
    # system's certificates are read, and go on in the event loop.
    def send_mail(*notifications: Notification) -> Awaitable[None]:
        from berrypod_notify import smtp  # noqa: PLC0415 - see above

        tls = ssl.create_default_context()

        async def send() -> None:
            mail = (await configuration.latest())[0].mail
            if mail is None:
                raise NotSetUp("E-mail is not set up")
            message = messages.mail(*notifications, sender=mail.sender, recipients=mail.recipients)
            refused = await smtp.deliver(mail, message, tls)
            if refused and notifications[0].kind == "test":
                # An alarm has reached the others, and would reach them again and again. Whoever tries can correct it.
                raise NotSent(f"The mail server took it, but not for: {refused}"[:500], hint="Correct these addresses.")

        return send()

    def post(notification: Notification) -> Awaitable[None]:
        from berrypod_notify import webhook  # noqa: PLC0415 - see above

        tls = ssl.create_default_context()

        async def send() -> None:
            hook = (await configuration.latest())[0].hook
            if hook is None:
                raise NotSetUp("The webhook is not set up")
            await webhook.deliver(hook, notification, tls)

        return send()

    return [
        Notifier(
            name=names.EMAIL,
            title="E-mail",
            send=send_mail,
            send_together=lambda notifications: send_mail(*notifications),
            is_set_up=mail_is_set_up,
            timeout_seconds=_SECONDS,
        ),
        Notifier(name=names.WEBHOOK, title="Webhook", send=post, is_set_up=hook_is_set_up, timeout_seconds=_SECONDS),
    ]
