"""What `berrypod s3` does. Apart from its commands: to show their help, nothing of this need be imported."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from berrypod.commands.common import opened_context
from berrypod.errors import BackupError
from berrypod_s3.plugin import configuration_of
from berrypod_s3.trial import Trial, try_out

_WORDS = {True: "ok", False: "FAILED", None: "not tried"}


async def try_configured() -> Trial:
    """Try the storage of this shop.

    :raises NotConfigured: it has none.
    """
    async with opened_context("s3") as context:
        return await try_out(await configuration_of(context).get())


def as_dict(trial: Trial) -> dict[str, Any]:
    return msgspec.to_builtins(trial)


def show(trial: Trial) -> None:
    click.echo(trial.location)
    for step in trial.steps:
        took = f" ({step.seconds:.2f} s)" if step.seconds is not None else ""
        click.echo(f"  {step.title}: {_WORDS[step.ok]}{took}")
    if trial.in_the_clear:
        click.echo("  What is sent can be read on the way: the endpoint begins with http://.")


def require_good(trial: Trial) -> None:
    """:raises BackupError: a step failed."""
    if trial.error is not None:
        failed = trial.failed
        raise BackupError(f"{failed.title if failed else ''}: {trial.error.message}", hint=trial.error.hint)
