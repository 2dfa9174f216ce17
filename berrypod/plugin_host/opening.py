"""Opening archives by their address: whichever plugin knows that kind of place."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from typing import Final

from berrypod.archive.archive import Archive
from berrypod.archive.faults import AddressUnknown
from berrypod.declarations import ArchiveSource, Declared
from berrypod.errors import BerrypodError, PluginError
from berrypod.isolation import Failed
from berrypod.plugin_host.answers import kind_of
from berrypod.plugin_host.calls import Calls

_LONGEST_SHOWN: Final = 40


async def open_archive(calls: Calls, sources: Sequence[Declared[ArchiveSource]], address: str) -> Archive:
    """See `Plugins.open_archive`."""
    source = _source(sources, address)
    told: list[BerrypodError] = []

    def opened() -> object:
        try:
            answer = source.declaration.open(address)
        except BerrypodError as error:  # with its class and its hint, which the isolation would make words of
            return told.append(error)
        return finished(answer) if inspect.isawaitable(answer) else answer

    async def finished(answer: Awaitable[object]) -> object:
        try:
            return await answer
        except BerrypodError as error:
            return told.append(error)

    what = f"archive source {source.declaration.name}"
    outcome = await calls.call(
        source.plugin,
        opened,
        timeout_seconds=source.declaration.timeout_seconds,
        expect=lambda answer: answer if told else _archive(answer),
        what=what,
    )
    if told:
        raise told[0]
    if isinstance(outcome, Failed):
        raise PluginError(f"{source.declaration.title}: {outcome.error}", hint=outcome.hint)
    return _archive(outcome.value)


def _source(sources: Sequence[Declared[ArchiveSource]], address: str) -> Declared[ArchiveSource]:
    """:raises AddressUnknown: no plugin knows this kind."""
    scheme, colon, _ = address.partition("://")
    for source in sources:
        if colon and source.declaration.scheme == scheme.lower():
            return source
    # Only what stands before `://`: somebody may have written a password into the rest.
    shown = f"{scheme[:_LONGEST_SHOWN]}://..." if colon else "What has no :// in it"
    known = ", ".join(f"{source.declaration.scheme}://..." for source in sources) or "none: no plugin brings one"
    raise AddressUnknown(f"{shown} is no address of an archive that is known here", hint=f"Known are {known}.")


def _archive(answer: object) -> Archive:
    if not isinstance(answer, Archive):
        raise PluginError(f"it returned {kind_of(answer)}", hint="Return a berrypod.archive.archive.Archive.")
    return answer
