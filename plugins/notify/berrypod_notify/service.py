"""The alarms of one shop: what the page, the API and the command line call, in any process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from berrypod.context import PluginContext
from berrypod.declarations import Condition, Declared, HealthPart, Notification, NotificationKind, Notifier
from berrypod.errors import Invalid
from berrypod.events import NotificationFailed, NotificationSent, NotificationSettingsChanged
from berrypod.isolation import Ok
from berrypod_notify import checking, health, names, settings
from berrypod_notify.faults import NotifierUnknown, NotSetUp
from berrypod_notify.notifiers import notifiers
from berrypod_notify.sending import Sender
from berrypod_notify.settings import Configuration, Saved, Targets
from berrypod_notify.state import State, Tried
from berrypod_notify.status import NotifierStatus, Present, Status, Trial
from berrypod_notify.store import Store
from berrypod_notify.watching import Watch

# Whoever has just put something right wants to see that it is.
SECONDS_OLD: Final = 1.0

_TEST: Final = Condition(
    code="test",
    severity="warn",
    title="This is a test",
    text="Somebody tries whether alarms arrive. All may be well with the shop.",
    what_to_do="Nothing. You would be told here if something were not well.",
    path=names.PATH,
)


class Alarms:
    """See the module."""

    def __init__(self, context: PluginContext) -> None:
        """:raises SettingsError: a variable of the environment makes no sense."""
        self._context = context
        self._configuration = Configuration(context)
        self._store = Store(context.work_folder)
        self._sender = Sender(context, self._store)
        self.watch = Watch(context, self._configuration, self._store, self._sender)

    # --- what is declared ---

    def notifiers(self) -> list[Notifier]:
        return notifiers(self._configuration)

    def health_part(self) -> HealthPart:
        return health.health_part(self._store, lambda: health.titles_of(self._context.plugins.notifiers))

    def running(self) -> AbstractAsyncContextManager[None]:
        return self.watch.running()

    # --- what is asked ---

    async def status(self) -> Status:
        """What is not well now, who is told, and what was sent."""
        report = await self._context.plugins.health.look(seconds_old=SECONDS_OLD)
        targets, unreadable = await self._configuration.latest()
        state = await asyncio.to_thread(self._store.read)
        standing = {one.key: one for one in state.standing if one.over_at is None}
        return Status(
            watched=self._is_watched(state),
            looked_at=state.looked_at,
            present=tuple(
                Present(
                    part=part.name,
                    part_title=part.title,
                    condition=condition,
                    standing=standing.get((part.name, condition.code)),
                )
                for part in report.parts
                for condition in part.conditions
            ),
            notifiers=tuple(await asyncio.gather(*(self._status(one, state, targets) for one in self._declared))),
            waiting=state.waiting,
            sent=state.sent,
            targets=targets,
            unreadable=unreadable,
        )

    async def test(self, notifier: str | None, *, by: str | None, address: str | None = None) -> list[Trial]:
        """Send a test by `notifier`, or by all that are set up, and write down what came of it.

        :raises NotifierUnknown: there is none of this name.
        :raises NotSetUp: nobody would be told.
        """
        chosen = [one for one in self._declared if notifier in (None, one.declaration.name)]
        if not chosen:
            raise NotifierUnknown(f"There is no notifier {str(notifier)[:80]!r}")
        ready = await self.watch.set_up()
        chosen = [one for one in chosen if one in ready]
        if not chosen:
            raise NotSetUp(None if notifier is None else f"The notifier {notifier} is not set up")
        name, now = await self.watch.shop_name(), self._context.now()
        told = Notification(kind="test", part=names.PART, condition=_TEST, since=now, at=now, shop=name or "Berrypod")
        return list(await asyncio.gather(*(self._test(one, told, by, address) for one in chosen)))

    # --- what is changed ---

    async def save_mail(
        self,
        *,
        host: str,
        port: str,
        security: str,
        username: str,
        password: str,
        sender: str,
        recipients: str,
        by: str | None,
        address: str | None,
    ) -> None:
        """Set e-mail up. An empty password keeps the one that is there, for the same server and user.

        :raises Invalid: with a line for each field that makes no sense.
        """
        before = (await self._configuration.latest())[0].mail
        kept = ""
        if before and not password and before.password and username.strip() == before.username:
            if host.strip().lower() != before.host.lower():
                # Whoever can change the server must not get the password of the former one by it.
                raise Invalid(
                    "The settings for e-mail cannot be accepted",
                    fields={"password": "Enter it anew: the one that is kept is sent to no other server."},
                )
            kept = before.password
        found = settings.mail(
            host=host,
            port=port,
            security=security,
            username=username,
            password=password or kept,
            sender=sender,
            recipients=recipients,
        )
        await self._save(names.EMAIL, lambda saved: replace(saved, mail=found), by, address)

    async def save_hook(self, *, url: str, secret: str, unsigned: bool, by: str | None, address: str | None) -> None:
        """Set the webhook up. An empty address or secret keeps the one that is there; `unsigned`: without a secret.

        :raises Invalid: with a line for each field that makes no sense.
        """
        before = (await self._configuration.latest())[0].hook
        found = settings.hook(
            url=url.strip() or (before.url if before else ""),
            secret="" if unsigned else secret or (before.secret if before else ""),
        )
        await self._save(names.WEBHOOK, lambda saved: replace(saved, hook=found), by, address)

    async def save_pace(self, remind_hours: str, *, by: str | None, address: str | None) -> None:
        """Set after how many hours it is told again. :raises Invalid: they make no sense."""
        try:
            found = checking.hours(remind_hours)
        except Invalid as error:
            raise Invalid(error.message, fields={"remind_hours": error.message}) from None
        await self._save(names.PACE, lambda saved: replace(saved, remind_hours=found), by, address)

    async def remove(self, name: str, *, by: str | None, address: str | None) -> None:
        """Send no more by `name`: `email` or `webhook`. :raises NotifierUnknown: it is neither."""
        if name == names.EMAIL:
            await self._save(name, lambda saved: replace(saved, mail=None), by, address, change_words="removed")
        elif name == names.WEBHOOK:
            await self._save(name, lambda saved: replace(saved, hook=None), by, address, change_words="removed")
        else:
            raise NotifierUnknown(f"There is no notifier {name[:80]!r} that is set up here")

    # --- inside ---

    @property
    def _declared(self) -> Sequence[Declared[Notifier]]:
        return self._context.plugins.notifiers

    def _is_watched(self, state: State) -> bool:
        if state.looked_at is None:
            return False
        late = timedelta(seconds=3 * self.watch.look_seconds + 60)
        return self._context.now() - state.looked_at < late

    async def _status(self, one: Declared[Notifier], state: State, targets: Targets) -> NotifierStatus:
        name, answer = one.declaration.name, await self._context.plugins.is_set_up(one)
        return NotifierStatus(
            name=name,
            title=one.declaration.title,
            plugin=one.plugin,
            set_up=answer.value if isinstance(answer, Ok) else None,
            to=_to(name, targets),
            given=name in targets.given,
            failing=state.failing.get(name),
            tried=state.tried.get(name),
        )

    async def _test(self, one: Declared[Notifier], told: Notification, by: str | None, address: str | None) -> Trial:
        name, trouble = one.declaration.name, await self._sender.send(one, told)
        tried = Tried(at=self._context.now(), by=by, trouble=trouble)
        await asyncio.to_thread(self._store.update, lambda state: _tried(state, name, tried))
        kind: NotificationKind = "test"
        self._context.emit(
            NotificationSent(
                notifier=name, kind=kind, part=told.part, condition="test", title=_TEST.title, actor=by, address=address
            )
            if trouble is None
            else NotificationFailed(
                notifier=name,
                kind=kind,
                part=told.part,
                condition="test",
                error=trouble.message,
                hint=trouble.hint,
                actor=by,
                address=address,
            )
        )
        return Trial(notifier=name, title=one.declaration.title, trouble=trouble)

    async def _save(
        self,
        name: str,
        change: Callable[[Saved], Saved],
        by: str | None,
        address: str | None,
        *,
        change_words: str = "set",
    ) -> None:
        if name in (await self._configuration.latest())[0].given:
            raise Invalid(
                "This is set by the environment",
                hint=f"Change the variables {names.PREFIX}... and start the shop anew.",
            )
        await self._configuration.save(change)
        # What has failed may have failed for what was just put right: it is tried at the next look, and not in an hour.
        await asyncio.to_thread(self._store.update, lambda state: _forgiven(state, name))
        self._context.emit(NotificationSettingsChanged(notifier=name, change=change_words, actor=by, address=address))


def _tried(state: State, name: str, tried: Tried) -> State:
    state = replace(state, tried={**state.tried, name: tried})
    return state if tried.trouble else _forgiven(state, name)


def _forgiven(state: State, name: str) -> State:
    """What waits for the notifier is tried at the next look. That it failed is known until it has sent."""
    failing = state.failing.get(name)
    if failing is None:
        return state
    at_once = replace(failing, next_at=failing.since)
    return replace(state, failing={**state.failing, name: at_once})


def _to(name: str, targets: Targets) -> str:
    if name == names.EMAIL and targets.mail:
        return f"{', '.join(targets.mail.recipients)} by {targets.mail.host}:{targets.mail.port}"
    if name == names.WEBHOOK and targets.hook:
        return targets.hook.shown + (", signed" if targets.hook.secret else ", not signed")
    return ""
