"""What was seen of backups, as Prometheus reads it. Collected anew for each scrape: nothing of it is in a process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from berrypod import __version__
from berrypod.declarations import Condition
from berrypod_backup.archives import ArchiveListing
from berrypod_backup.watching.conditions import newest_drills
from berrypod_backup.watching.looking import Seen, backups_in

_BY: tuple[str, ...] = ("exporter",)


def exposition(seen: Seen, found: Sequence[Condition], accept: str) -> tuple[bytes, str]:
    """The figures and their content type: the text format, or OpenMetrics for whoever accepts it."""
    registry = CollectorRegistry()
    registry.register(_Backups(seen, found))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Backups(Collector):
    def __init__(self, seen: Seen, found: Sequence[Condition]) -> None:
        self._seen = seen
        self._found = found

    def collect(self) -> Iterable[Metric]:
        yield _gauge("berrypod_build_info", "The version that runs.", [((__version__,), 1)], ("version",))
        yield from self._of_archives()
        yield from self._of_exporters()
        yield from self._of_drills()
        yield from self._of_schedule()
        yield from self._of_disks()
        yield _gauge(
            "berrypod_backup_condition",
            "1 for each thing that is not as it should be; docs/metrics.md has the codes.",
            [((condition.code, condition.severity), 1) for condition in self._found],
            ("code", "severity"),
        )

    def _of_archives(self) -> Iterable[Metric]:
        archives = [(one, backups_in(one)) for one in self._seen.archives]
        yield _gauge(
            "berrypod_backup_archive_up",
            "1 if what is kept there can be listed.",
            [((one.exporter,), float(one.error is None)) for one, _ in archives],
        )
        reached = [(one, backups) for one, backups in archives if one.error is None]
        yield _gauge(
            "berrypod_backup_backups",
            "Whole backups that are kept there.",
            [((one.exporter,), len(backups)) for one, backups in reached],
        )
        yield _gauge(
            "berrypod_backup_damaged_backups",
            "Backups there that cannot be had whole, as far as is known.",
            [((one.exporter,), _damaged(one)) for one, _ in reached],
        )
        yield _gauge(
            "berrypod_backup_stored_bytes",
            "What is kept there takes so much.",
            [((one.exporter,), sum(entry.stored_bytes for entry in one.entries)) for one, _ in reached],
        )
        proven = [
            (one, max((at for backup in backups if (at := backup.proven_at) is not None), default=None))
            for one, backups in reached
        ]
        yield from self._time(
            "berrypod_backup_proven",
            "A drill last ran a shop on a backup from there",
            [((one.exporter,), at) for one, at in proven],
        )

    def _of_exporters(self) -> Iterable[Metric]:
        """All of them, kept or not: what is downloaded is counted as well."""
        tallies = self._seen.tallies
        newest = {one.exporter: backups[0] for one in self._seen.archives if (backups := backups_in(one))}
        names = sorted({*tallies, *newest})
        made_at = {name: tallies[name].made_at if name in tallies else None for name in names}
        made_at |= {name: manifest.created_at for name, manifest in newest.items()}
        sizes = {name: tally.size_bytes for name, tally in tallies.items()}
        sizes |= {name: manifest.size_bytes for name, manifest in newest.items()}
        yield from self._time(
            "berrypod_backup_last_success",
            "The newest backup was made",
            [((name,), made_at[name]) for name in names],
        )
        yield _gauge(
            "berrypod_backup_size_bytes",
            "The newest backup, as one file.",
            [((name,), size) for name in names if (size := sizes.get(name)) is not None],
        )
        yield _gauge(
            "berrypod_backup_duration_seconds",
            "How long the newest backup took: copy, check and export.",
            [((name,), seconds) for name, tally in tallies.items() if (seconds := tally.seconds) is not None],
        )
        yield _counter(
            "berrypod_backup_successes",
            "Backups that were made.",
            [((name,), one.made) for name, one in tallies.items()],
        )
        yield _counter(
            "berrypod_backup_failures", "Backups that failed.", [((name,), one.failed) for name, one in tallies.items()]
        )

    def _of_drills(self) -> Iterable[Metric]:
        tallies = self._seen.tallies
        yield _gauge(
            "berrypod_backup_drill_duration_seconds",
            "How long the last drill that succeeded took.",
            [((name,), seconds) for name, one in tallies.items() if (seconds := one.drill_seconds) is not None],
        )
        yield _gauge(
            "berrypod_backup_drill_success",
            "1 if the last drill proved its backup.",
            [
                ((one.exporter,), float(one.state == "proven"))
                for one in newest_drills(self._seen.drills)
                if one.kind == "drill"
            ],
        )
        yield _counter(
            "berrypod_backup_drill_failures",
            "Drills that did not prove their backup.",
            [((name,), one.drills_failed) for name, one in tallies.items()],
        )

    def _of_schedule(self) -> Iterable[Metric]:
        schedule = self._seen.schedule
        if schedule is None:
            return
        yield _gauge(
            "berrypod_backup_schedule_enabled", "1 if backups are made by themselves.", _one(schedule.enabled), ()
        )
        yield _gauge(
            "berrypod_backup_schedule_overdue",
            "1 if a backup was due an hour ago or more, and there is none.",
            _one(schedule.overdue_since is not None),
            (),
        )
        success, failure = schedule.last_success, schedule.last_failure
        for name, help_text, at in (
            ("next", "The next backup is due", schedule.next_at),
            ("last_success", "The last scheduled backup was made", success and success.at),
            ("last_failure", "A scheduled backup last failed", failure and failure.at),
        ):
            if at is not None:
                full_name = f"berrypod_backup_schedule_{name}_timestamp_seconds"
                yield _gauge(full_name, f"{help_text}: seconds since 1970.", [((), at.timestamp())], ())

    def _of_disks(self) -> Iterable[Metric]:
        yield _gauge(
            "berrypod_backup_disk_free_bytes",
            "Free on the disk that backups are made on (`shop`), and on those that they are kept on.",
            [((disk.exporter or "shop",), disk.free_bytes) for disk in self._seen.disks],
            ("disk",),
        )
        if self._seen.expected_bytes is not None:
            yield _gauge(
                "berrypod_backup_expected_bytes",
                "How big a backup would be now.",
                [((), self._seen.expected_bytes)],
                (),
            )

    def _time(
        self, name: str, what: str, values: Sequence[tuple[tuple[str, ...], datetime | None]]
    ) -> Iterable[Metric]:
        """A moment, and how long ago that is: the latter is right also where two clocks differ."""
        known = [(labels, at) for labels, at in values if at is not None]
        yield _gauge(
            f"{name}_timestamp_seconds",
            f"{what}: seconds since 1970.",
            [(labels, at.timestamp()) for labels, at in known],
        )
        yield _gauge(
            f"{name}_age_seconds",
            f"{what}: seconds ago.",
            [(labels, max((self._seen.at - at).total_seconds(), 0.0)) for labels, at in known],
        )


def _damaged(archive: ArchiveListing) -> int:
    return sum(
        entry.kind in ("file_missing", "manifest_unreadable") or (entry.kind == "backup" and entry.problem is not None)
        for entry in archive.entries
    )


def _one(value: bool) -> list[tuple[tuple[str, ...], float]]:
    return [((), float(value))]


def _gauge(
    name: str, text: str, values: Iterable[tuple[tuple[str, ...], float]], labels: tuple[str, ...] | None = None
) -> Metric:
    names = _BY if labels is None else labels
    family = GaugeMetricFamily(name, text, labels=names)
    for found, value in values:
        family.add_metric(found, value)
    return family


def _counter(name: str, text: str, values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=_BY)
    for found, value in values:
        family.add_metric(found, value)
    return family
