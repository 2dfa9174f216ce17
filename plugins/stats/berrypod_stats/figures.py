"""The figures as providers: what a shop's owner wants to know of the file at a glance."""

from __future__ import annotations

from berrypod.declarations import Figure, StatsProvider
from berrypod.storage.files import people_size
from berrypod_stats.facts import Facts
from berrypod_stats.service import Measurements, View

_UNENCRYPTED = "Whoever gets a copy of the file can read every customer's name and address."
_ENCRYPT = "Before you take orders: set SECRET_KEY_DB (`berrypod secret` makes a key) and create the shop with it."

_COUNTS = {
    "products": "Products",
    "orders": "Orders",
    "media_files": "Media files",
    "newsletter_subscribers": "Newsletter subscribers",
}


def providers(measurements: Measurements) -> list[StatsProvider]:
    """Both groups."""

    async def shop() -> list[Figure]:
        return shop_figures(measurements.look())

    async def file() -> list[Figure]:
        return file_figures(measurements.look())

    return [
        StatsProvider(name="stats.shop", title="The shop", figures=shop, order=10),
        StatsProvider(name="stats.file", title="The file", figures=file, order=20),
    ]


def shop_figures(view: View) -> list[Figure]:
    """Key counts of the shop."""
    if view.facts is None:
        return [_missing(code, label, view) for code, label in _COUNTS.items()]
    counts = view.facts.counts
    return [Figure(code=code, label=label, value=getattr(counts, code)) for code, label in _COUNTS.items()]


def file_figures(view: View) -> list[Figure]:
    """The file: how big, whether encrypted, since when, and how SQLite keeps it."""
    return [_file_size(view), _encryption(view), *_sqlite(view)]


def _file_size(view: View) -> Figure:
    if view.file_bytes is None:
        return Figure(
            code="file_size",
            label="File size",
            text="the file is not there",
            warning="The database file was moved or removed while the shop is running.",
            hint="Put it back, or restore a backup, before you restart Berrypod.",
        )
    return Figure(
        code="file_size", label="File size", value=view.file_bytes, text=people_size(view.file_bytes), unit="bytes"
    )


def _encryption(view: View) -> Figure:
    """By the bytes that the measuring process saw, never by what a setting says."""
    if view.measurement is None or view.facts is None:
        return _missing("encryption", "Encryption", view)
    measured = view.measurement.measured
    if measured.header == "plain":
        return Figure(
            code="encryption",
            label="Encryption",
            value="none",
            text="Unencrypted",
            warning=_UNENCRYPTED,
            hint=_ENCRYPT,
        )
    if not measured.cipher_proven:
        return Figure(
            code="encryption",
            label="Encryption",
            value="unverified",
            text="Encrypted, not verified",
            warning="The first page of the file may be damaged.",
            hint="Keep a copy of the file, and look at the server's log.",
        )
    version = view.facts.sqlcipher_version.split()[0]
    return Figure(code="encryption", label="Encryption", value="sqlcipher", text=f"SQLCipher {version}, AES-256")


def _sqlite(view: View) -> list[Figure]:
    labels = {"created": "Created", "sqlite_version": "SQLite", "journal": "Journal", "free_pages": "Free pages"}
    facts = view.facts
    if facts is None:
        return [_missing(code, label, view) for code, label in labels.items()]
    return [
        _created(facts),
        Figure(code="sqlite_version", label="SQLite", value=facts.sqlite_version),
        Figure(
            code="journal",
            label="Journal",
            value=view.wal_bytes,
            text=f"{facts.journal_mode.upper()}, {people_size(view.wal_bytes)}",
            unit="bytes",
        ),
        Figure(
            code="free_pages",
            label="Free pages",
            value=facts.free_pages,
            text=f"{facts.free_pages:,} ({people_size(facts.free_pages * facts.page_size)})",
            unit="pages",
        ),
    ]


def _created(facts: Facts) -> Figure:
    at = facts.created_at
    if at is None:
        return Figure(code="created", label="Created")
    return Figure(code="created", label="Created", value=at.isoformat(), text=f"{at.day} {at:%B %Y}")


def _missing(code: str, label: str, view: View) -> Figure:
    """A figure that is not there yet, or could not be had: the reason stands once, beside the table of sizes."""
    return Figure(code=code, label=label, text="unknown" if view.error else "being measured")
