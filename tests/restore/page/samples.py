"""Restores in every state, as the page is given them: also those that take a crash or a bad disk to come about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from berrypod_restore.differences import (
    KINDS,
    Amount,
    ChangedItem,
    Comparison,
    Kind,
    Losses,
    LostItem,
    Side,
    TableDifference,
)
from berrypod_restore.guarding import GuardResult
from berrypod_restore.inspection import Candidate
from berrypod_restore.records import Former, RestoreRecord
from berrypod_restore.verdicts import Code, verdict
from msgspec.structs import replace

from berrypod.records import Trouble

NOW: Final = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)

ID: Final = "20260314-093000-0123abcd"


def euros(minor: int) -> Amount:
    return Amount(currency="EUR", value_minor=minor, text=f"€{minor / 100:,.2f}")


def order(
    number: str, minutes_ago: int, minor: int = 3400, detail: str = "Ada Berry · ada@example.org · placed"
) -> LostItem:
    return LostItem(label=number, detail=detail, at=NOW - timedelta(minutes=minutes_ago), value=euros(minor))


THREE_ORDERS: Final = (order("K7QM-2XWD", 4), order("3HVP-9RTA", 26, 10_250), order("W2XC-5MNE", 95, 1_990))


def losses(kind: Kind, *items: LostItem, count: int | None = None, **more: Any) -> Losses:
    values = [item.value.value_minor for item in items if item.value]
    return Losses(
        kind=kind,
        count=len(items) if count is None else count,
        newest_at=max((item.at for item in items if item.at), default=None),
        values=(euros(sum(values)),) if values else (),
        items=items,
        **more,
    )


def comparison(*, lost: Mapping[Kind, Losses] = {}, returning: Mapping[Kind, Losses] = {}) -> Comparison:
    side = Side(
        size_bytes=8_400_000,
        schema_revision="0001",
        encrypted=True,
        key_fingerprint="5f3a-91c2",
        made_by="0.1.0",
        shop_name="The Berry Patch",
        currency="EUR",
        oldest_at=NOW - timedelta(days=400),
        newest_at=NOW - timedelta(minutes=4),
    )
    tables = tuple(
        TableDifference(name=name, title=title, current=now, candidate=then, difference=then - now)
        for name, title, now, then in (
            ("orders", "Orders", 1204, 1201),
            ("order_items", "Lines of orders", 2410, 2404),
            ("products", "Products", 48, 48),
            ("product_variants", "Variants of products", 131, 131),
            ("images", "Pictures", 96, 98),
            ("newsletter_subscribers", "Readers of the newsletter", 311, 311),
            ("settings", "Settings", 22, 22),
        )
    )
    return Comparison(
        current=side,
        candidate=replace(side, size_bytes=8_390_000, newest_at=NOW - timedelta(hours=3)),
        tables=tables,
        lost=tuple(lost.get(kind, Losses(kind=kind, count=0)) for kind in KINDS),
        returning=tuple(returning.get(kind, Losses(kind=kind, count=0)) for kind in KINDS),
        state="state",
    )


def record(state: str, **more: Any) -> RestoreRecord:
    fields: dict[str, Any] = {
        "id": ID,
        "state": state,
        "created_at": NOW - timedelta(minutes=2),
        "by": "admin:owner@example.com",
        "address": "192.0.2.7",
        "filename": "berrypod-backup-20260314-063000.db",
        "received_bytes": 8_390_000,
        "expected_bytes": 8_390_000,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "finished_at": NOW if state in ("applied", "failed", "interrupted") else None,
    }
    return RestoreRecord(**{**fields, **more})


def candidate() -> Candidate:
    return Candidate(
        size_bytes=8_390_000,
        page_count=2048,
        schema_revision="0001",
        row_counts={"orders": 1201},
        encrypted=True,
        key_fingerprint="5f3a-91c2",
        made_by="0.1.0",
        oldest_at=NOW - timedelta(days=400),
        newest_at=NOW - timedelta(hours=3),
    )


def refused(code: Code, message: str | None = None, **more: Any) -> RestoreRecord:
    return record("refused", verdict=verdict(code, message), **more)


def ready(**more: Any) -> RestoreRecord:
    fields: dict[str, Any] = {
        "verdict": verdict("valid"),
        "candidate": candidate(),
        "guards": (
            GuardResult(plugin="restore", guard="integrity", title="Every page is whole", answer="allow"),
            GuardResult(plugin="restore", guard="schema", title="Its schema is known here", answer="allow"),
        ),
        "expires_at": NOW + timedelta(days=1),
    }
    return record("ready", **{**fields, **more})


WARNING: Final = GuardResult(
    plugin="restore",
    guard="shrinkage",
    title="Nothing shrinks by half",
    answer="warn",
    code="orders_shrink",
    message="Orders shrink by 90 %: 1,204 now, 120 in the backup",
    hint="Make sure that this is the backup that you mean.",
)

REFUSAL: Final = GuardResult(
    plugin="tax-archive",
    guard="tax-archive",
    title="The closed year stays as it was filed",
    answer="refuse",
    code="year_closed",
    message="The year 2025 is closed, and this backup has other orders for it",
    hint="Restore a backup that was made after 31 December 2025, or reopen the year in the tax archive first.",
)

BROKEN_GUARD: Final = GuardResult(
    plugin="tax-archive",
    guard="tax-archive",
    title="The closed year stays as it was filed",
    answer="refuse",
    code="guard_failed",
    message="The guard tax-archive of the plugin tax-archive could not look at the file: no answer within 30 seconds",
    hint="Nothing has changed. Put the plugin right and start the shop again; or, if you can do without its judgement, "
    "switch it off with BERRYPOD_DISABLED_PLUGINS=tax-archive and stage the file again.",
)

DAMAGED: Final = Trouble(
    code="database_damaged",
    message="The key is right, but the database is damaged: page 12 of 2,048.",
    hint="Choose an earlier backup.",
)

FORMER: Final = Former(
    id="20260314-092955",
    filename="berrypod-20260314-092955.db",
    size_bytes=8_400_000,
    replaced_at=NOW,
    by="admin:owner@example.com",
    why="restore",
    restore_id=ID,
    newest_at=NOW - timedelta(minutes=4),
)

SOME_LOST: Final = comparison(
    lost={
        "orders": losses("orders", *THREE_ORDERS),
        "products": losses(
            "products",
            LostItem(
                label="Gooseberry Fool Apron", detail="gooseberry-fool-apron · active", at=NOW - timedelta(hours=1)
            ),
            changed=1,
            changed_items=(ChangedItem(label="Raspberry Jam", detail="price: €6.50 now, €5.90 in the backup", at=NOW),),
        ),
    },
    returning={"products": losses("products", LostItem(label="Plum Tee", detail="plum-tee · archived", at=None))},
)

MANY_LOST: Final = comparison(
    lost={
        "orders": losses("orders", *(order(f"K7QM-{number:04}", number * 30) for number in range(50)), count=1084),
        "subscribers": losses(
            "subscribers", LostItem(label="a.very.long.address.of.a.reader@subdomain.example.org", detail="", at=NOW)
        ),
        "admins": losses("admins", LostItem(label="new@example.com", detail="Newcomer", at=NOW)),
    }
)

NOTHING_LOST: Final = comparison()

UNREADABLE: Final = replace(
    comparison(),
    current=None,
    current_error="The key is right, but the database is damaged: page 12 of 2,048.",
    lost=(),
    returning=(),
)
