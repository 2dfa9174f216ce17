"""What `berrypod backup retention` and `prune` do. Imported when one of them is called."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import click
import msgspec

from berrypod.commands.common import opened_context
from berrypod.errors import Invalid
from berrypod.storage.files import people_size
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archives import Archives
from berrypod_backup.leftovers import sweep_leftovers
from berrypod_backup.retention.applying import Retention
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.retention.wire import GoingInfo, PlanInfo, PrunedInfo, told_plan, told_pruned
from berrypod_backup.retention.words import in_words

_ACTOR: Final = "cli"
_GIGABYTE: Final = 1_000_000_000
_MOST_GIGABYTES: Final = 1_000_000


@asynccontextmanager
async def _opened() -> AsyncGenerator[Retention]:
    async with opened_context("backup") as context:
        yield Retention(context, Archives(context), KeptBackups(context))


async def settings() -> RetentionSettings:
    async with _opened() as retention:
        return await retention.settings()


async def change(changes: dict[str, Any]) -> RetentionSettings:
    """:raises Invalid: something is wrong with them; nothing is changed."""
    async with _opened() as retention:
        found = changed(await retention.settings(), changes)
        await retention.save(found, by=_ACTOR)
        return found


def changed(before: RetentionSettings, changes: dict[str, Any]) -> RetentionSettings:
    """:raises Invalid: a value is none that the field may have."""
    fields: dict[str, Any] = {**msgspec.to_builtins(before), "enabled": True, **changes}
    if (gigabytes := fields.pop("max_gigabytes", None)) is not None:
        if not 0 <= gigabytes <= _MOST_GIGABYTES:
            raise Invalid(f"There is no limit of {gigabytes} gigabytes", hint="Give a number; 0 for no limit.")
        fields["max_bytes"] = round(gigabytes * _GIGABYTE) or None
    try:
        return msgspec.convert(fields, RetentionSettings)
    except msgspec.ValidationError as error:
        raise Invalid(f"What is kept cannot be set like this: {error}", hint="Nothing was changed.") from None


async def preview() -> list[PlanInfo]:
    async with _opened() as retention:
        return [told_plan(planned) for planned in await retention.preview()]


async def prune(confirm: Callable[[Sequence[PlanInfo]], bool] | None) -> list[PrunedInfo]:
    """:raises click.Abort: `confirm` was shown what would go, and said no."""
    async with _opened() as retention:
        if confirm is not None and not confirm([told_plan(planned) for planned in await retention.preview()]):
            raise click.Abort
        pruned = await retention.prune(by=_ACTOR)
        await sweep_leftovers(retention.context, [one.planned.exporter for one in pruned if not one.planned.error])
        return [told_pruned(one) for one in pruned]


def tell_settings(found: RetentionSettings) -> None:
    """For people."""
    click.echo(f"{in_words(found)}.")
    if found.enabled:
        click.echo("See what would go now: berrypod backup prune --dry-run")


def tell_plans(plans: Sequence[PlanInfo], *, err: bool = False) -> None:
    """For people, on standard output or standard error."""
    for plan in plans:
        click.echo(f"{plan.title} ({plan.location})", err=err)
        if plan.error:
            click.echo(f"  cannot be looked at: {plan.error.message} {plan.error.hint}", err=err)
            continue
        for going in plan.go:
            click.echo(f"  goes   {_named(going)}  {going.words}", err=err)
        for staying in plan.stay:
            click.echo(f"  stays  {staying.id or staying.name}  {staying.words}", err=err)
        if plan.excess_bytes:
            click.echo(
                f"  What stays takes {people_size(plan.excess_bytes)} more than is allowed: none of it may go.", err=err
            )
        if not plan.go:
            click.echo("  Nothing goes.", err=err)


def tell_pruned(pruned: Sequence[PrunedInfo]) -> None:
    """For people."""
    for one in pruned:
        if one.error:
            click.echo(f"{one.title} cannot be looked at: {one.error.message} {one.error.hint}", err=True)
            continue
        click.echo(f"{one.title}: {len(one.deleted)} deleted.")
        for failed in one.failed:
            click.echo(f"  {failed.id} could not be deleted: {failed.error.message} {failed.error.hint}", err=True)


def _named(going: GoingInfo) -> str:
    return f"{going.id}  {people_size(going.size_bytes)}"
