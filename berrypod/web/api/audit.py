"""The audit log, for a program that watches over shops."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from berrypod.audit import AuditEntry, AuditLog, Kind
from berrypod.audit.words import describe
from berrypod.shop.fields import described
from berrypod.web.access import scope
from berrypod.web.api.describing import Search, problems

_LIMIT: Final = 50
_MOST: Final = 500


class AuditItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log."""

    id: Annotated[str, described("Its place in the log: unique, and good for as long as the line is kept", "2a41-8192")]
    at: Annotated[datetime, described("When it happened")]
    event: Annotated[str, described("The name of the event, as plugins know it", "backup.downloaded")]
    kind: Annotated[Kind | None, described("What it is about; null for an event of another version")]
    actor: Annotated[
        str | None,
        described(
            "`admin:<e-mail>`, `token:<prefix>` or `cli`; null for the shop itself, and for whoever failed to sign in",
            "admin:ana@example.com",
        ),
    ]
    address: Annotated[str | None, described("The network address that it was asked from", "192.0.2.7")]
    title: Annotated[str, described("What happened, for people", "A backup was downloaded")]
    text: Annotated[str, described("The particulars, for people", "8.4 MB · 20260701-120000-3f9a")]
    details: Annotated[
        dict[str, Any], described("The fields of the event: identifiers, digests, codes; those that are null left out")
    ]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditItem:
        told = describe(entry)
        return cls(
            id=entry.id,
            at=entry.at,
            event=entry.event,
            kind=entry.kind,
            actor=entry.actor,
            address=entry.address,
            title=told.title,
            text=told.text,
            details=entry.details,
        )


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest lines first."""

    items: list[AuditItem]
    older: Annotated[str | None, described("Send it as `before` for what is older; null at the end", "2a41-8192")]


@get(
    "/audit",
    opt={"access": scope("audit:read")},
    operation_id="listAudit",
    tags=["audit"],
    summary="Who did what to the shop, when and from where, the newest first",
    description="Sign-ins, admins, tokens, backups, restores, broken plugins. The log is kept outside the database, "
    "so that a restore does not change it. Its newest 25 MB are kept.",
    responses=problems(),
)
async def audit_api(
    audit: NamedDependency[AuditLog],
    kind: Annotated[Kind | None, QueryParameter(description="Only what is about this")] = None,
    q: Search = None,
    before: Annotated[
        str | None, QueryParameter(max_length=60, description="The `id` of a line: only what is older")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=_MOST, description="How many at most")] = _LIMIT,
) -> AuditList:
    found = await audit.page(limit=limit, before=before, kind=kind, text=q or "")
    return AuditList(items=[AuditItem.of(entry) for entry in found.entries], older=found.older)
