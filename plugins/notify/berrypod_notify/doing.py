"""What `berrypod notify` does. Apart from its commands: to show their help, nothing of this need be imported."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape

from berrypod.commands.common import echo_json, opened_context
from berrypod_notify.faults import NotSent
from berrypod_notify.plugin import alarms_of
from berrypod_notify.status import NotifierStatus, Status
from berrypod_notify.wire import AlarmsAnswer, TrialAnswer, TrialItem

_PLUGIN: Final = "notify"
_SHOWN: Final = 5


async def status(*, as_json: bool) -> None:
    """Print the status."""
    async with opened_context(_PLUGIN) as context:
        found = await alarms_of(context).status()
    if as_json:
        echo_json(AlarmsAnswer.of(found))
    else:
        _show(found, Console())


async def test(notifier: str | None, *, as_json: bool) -> None:
    """Send a test, and print what came of it.

    :raises NotSent: one of them failed.
    """
    async with opened_context(_PLUGIN) as context:
        found = await alarms_of(context).test(notifier, by="cli")
    if as_json:
        echo_json(TrialAnswer(results=[TrialItem.of(one) for one in found]))
    for one in found:
        if one.trouble is None and not as_json:
            Console().print(f"{escape(one.title)}: handed over. Look whether it has arrived.")
    failed = [one for one in found if one.trouble]
    if failed:
        told = "\n".join(f"{one.title}: {one.trouble.message}" for one in failed if one.trouble)
        raise NotSent(told, hint="\n".join(dict.fromkeys(one.trouble.hint for one in failed if one.trouble)))


def _show(found: Status, console: Console) -> None:
    if not found.present:
        console.print("[green]All is well.[/]")
    for one in found.present:
        colour = "red" if one.condition.severity == "bad" else "yellow"
        console.print(f"[bold {colour}]{escape(one.condition.title)}[/] ({one.part}: {one.condition.code})")
        console.print(f"  {escape(one.condition.text)}\n  {escape(one.condition.what_to_do)}")
    console.print()
    for one in found.notifiers:
        console.print(f"{escape(one.title)} ({one.name}): {escape(_state(one))}")
    if not found.watched:
        console.print("Nobody has looked lately: alarms are sent while the server runs.")
    if found.waiting:
        console.print(f"Waiting to be sent: {len(found.waiting)}")
    for one in found.sent[:_SHOWN]:
        console.print(f"{one.at:%Y-%m-%d %H:%M} UTC  {one.notifier}  {one.kind}  {escape(one.title)}")


def _state(one: NotifierStatus) -> str:
    if one.failing:
        return f"fails since {one.failing.since:%Y-%m-%d %H:%M} UTC: {one.failing.trouble.message}"
    if one.set_up is None:
        return "cannot say whether it is set up"
    return (f"to {one.to}" if one.to else "set up") if one.set_up else "not set up"
