"""`/admin/audit`: who did what to the shop, when and from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from berrypod.audit import KINDS, AuditEntry, AuditLog, AuditPage, AuditTrouble, Kind
from berrypod.audit.words import Told, describe, who
from berrypod.web.admin.pages import page
from berrypod.web.admin.state import AnyRequest

PATH: Final = "/admin/audit"
PAGE_SIZE: Final = 50

_EVERYTHING: Final = ("all", "Everything")
_BY_NAME: Final[dict[str, Kind]] = {name: name for name in KINDS}
_TITLES: Final[dict[Kind, str]] = {
    "access": "Admins, sign-ins and tokens",
    "backups": "Backups",
    "restores": "Restores",
    "keys": "Keys",
    "alarms": "Alarms",
    "shop": "Products and orders",
    "plugins": "Plugins",
}


@dataclass(frozen=True)
class Row:
    """An entry as it is shown."""

    entry: AuditEntry
    told: Told
    who: str


@get(PATH, include_in_schema=False)
async def audit_page(
    request: AnyRequest,
    audit: NamedDependency[AuditLog],
    kind: Annotated[str, QueryParameter(max_length=20)] = "",
    text: Annotated[str, QueryParameter(name="q", max_length=200)] = "",
    before: Annotated[str, QueryParameter(max_length=60)] = "",
) -> Template:
    """Whatever cannot be read or written is told on the page: it is where one looks for it."""
    known = _BY_NAME.get(kind)
    found, unreadable = AuditPage(), None
    try:
        found = await audit.page(limit=PAGE_SIZE, before=before or None, kind=known, text=text)
    except OSError as error:
        unreadable = f"{audit.path.name}: {error.strerror or error}"
    return await page(
        request,
        "audit",
        days=_days(found.entries),
        found=found,
        unreadable=unreadable,
        trouble=_trouble(audit),
        file=audit.path.name,
        kinds=(_EVERYTHING, *((name, _TITLES[name]) for name in KINDS)),
        values={"kind": known or _EVERYTHING[0], "q": text},
        filtered=bool(known or text.strip()),
        newest=_link(known, text) if before else None,
        older=_link(known, text, before=found.older) if found.older else None,
        path=PATH,
    )


def _days(entries: Sequence[AuditEntry]) -> list[tuple[Any, list[Row]]]:
    """Pairs of a day's first moment that is shown, and its rows."""
    rows = [Row(entry, describe(entry), who(entry)) for entry in entries]
    days = [list(group) for _, group in groupby(rows, key=lambda row: row.entry.at.date())]
    return [(day[0].entry.at, day) for day in days]


def _trouble(audit: AuditLog) -> AuditTrouble | None:
    audit.retry()
    return audit.trouble


def _link(kind: Kind | None, text: str, *, before: str = "") -> str:
    chosen = {name: value for name, value in (("kind", kind), ("q", text), ("before", before)) if value}
    return f"{PATH}?{urlencode(chosen, errors='replace')}" if chosen else PATH
