"""The states of the pages of backups: a name, and what the page is given then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from berrypod_backup.drill.wire import DrillInfo
from berrypod_backup.kept_panel import KeptView
from berrypod_backup.last import LastBackup
from berrypod_backup.panel import JOBS, Choice
from berrypod_backup.panel import View as PanelView
from berrypod_backup.records import BackupRecord
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.retention.wire import GoingInfo, NotDeletedInfo, PlanInfo, PrunedInfo, StayingInfo
from berrypod_backup.retention.words import in_words as retention_in_words
from berrypod_backup.schedule.forms import retention_texts, schedule_texts
from berrypod_backup.schedule.settings import ScheduleSettings
from berrypod_backup.schedule.view import Place, RetentionForm, ScheduleForm
from berrypod_backup.schedule.view import View as ScheduleView
from berrypod_backup.schedule.words import in_words
from berrypod_backup.wire import told
from berrypod_s3.config import checked
from berrypod_s3.configuring import OWN
from berrypod_s3.panel import View as S3View
from berrypod_s3.trial import STEPS, Step, Trial

from tests.backup.page import samples
from tests.backup.page.samples import NOW, SIZE, export, record

TOKEN: Final = "the-token"

_LAST: Final = LastBackup(
    at=NOW - timedelta(hours=6),
    exporter="keep",
    title="Keep on this machine",
    method="snapshot",
    size_bytes=SIZE,
    sha256="",
)
_SET_UP_AT: Final = {"s3": "/admin/backup#panel-s3", "keep": "/admin/plugins"}
_CHOICES: Final = (
    Choice(
        name="download", title="Download backup", description="One file with the whole shop, encrypted with its key."
    ),
    Choice(
        name="keep", title="Keep on this machine", description="In a folder of its own, where pages are stored once."
    ),
    Choice(name="s3", title="S3", description="To object storage elsewhere.", set_up_at=_SET_UP_AT["s3"]),
)


def making() -> Iterator[tuple[str, PanelView]]:
    """The panel that makes backups."""
    yield "empty", _panel(last=None, schedule=samples.OFF)
    yield "scheduled", _panel()
    yield "scheduled-running", _panel(schedule=samples.status(running_since=NOW))
    failed = samples.outcome(1, trouble=samples.UNREACHABLE, backup_id=None, exporters=("s3",))
    retry_at = NOW + timedelta(minutes=4)
    yield "schedule-failing", _panel(schedule=samples.status(failing=True, last_failure=failed, retry_at=retry_at))
    yield "schedule-overdue", _panel(schedule=samples.status(overdue_since=NOW - timedelta(hours=6)))
    yield "schedule-stands-still", _panel(schedule=samples.status(next_at=None))
    yield "queued", _panel(record("queued", waits_for_another=True))
    yield "copying", _panel(record("copying"), progress=0.32)
    yield "verifying", _panel(record("verifying", "download"), progress=0.8)
    both = (export("keep", state="delivered", message="Kept and checked.", location=samples.FOLDER), export("s3"))
    yield "exporting", _panel(record("exporting", exports=both), progress=0.95)
    yield "ready", _panel(record("ready", exports=(export("download", state="ready", file=samples.FILE),)))
    yield "done", _panel(record("done", exports=both[:1]))
    yield "failed-disk-full", _panel(record("failed", error=samples.DISK_FULL))
    for name, trouble in (("unreachable", samples.UNREACHABLE), ("refused", samples.REFUSED)):
        failed = record("failed", exports=(export("s3", state="failed", error=trouble),), error=trouble)
        yield f"failed-{name}", _panel(failed)
    half = (both[0], export("s3", state="failed", error=samples.REFUSED))
    yield "one-of-two-failed", _panel(record("done", exports=half))
    interrupted = samples.Trouble(
        code="backup_interrupted",
        message="The process that made the backup ended before it was done.",
        hint="What there was of it has been removed, and the shop is unharmed. Start a new one.",
    )
    yield "interrupted", _panel(record("interrupted", error=interrupted))
    earlier = [
        record("gone", "download"),
        record("failed", "s3", error=samples.REFUSED),
        *[record("gone", "orders")] * 8,
    ]
    yield "many-earlier", _panel(earlier=earlier)


def _panel(current: BackupRecord | None = None, progress: float = 1, **more: Any) -> PanelView:
    earlier: Sequence[BackupRecord] = more.pop("earlier", ())
    fields: dict[str, Any] = {
        "csrf_token": TOKEN,
        "encrypted": True,
        "expected_bytes": SIZE,
        "last": _LAST,
        "last_words": "Keep on this machine",
        "choices": _CHOICES,
        "schedule": samples.status(),
        **more,
    }
    return PanelView(
        current=current and told(current, progress, JOBS), recent=[told(each, 1, JOBS) for each in earlier], **fields
    )


def keeping() -> Iterator[tuple[str, KeptView]]:
    """The list of what is kept."""
    unset = samples.bucket(set_up=False, location="S3")
    yield "nothing", _kept(samples.archive(), unset)
    yield "each", _kept(samples.archive(*samples.in_each_state(), others=samples.OTHERS), unset)
    attic = samples.bucket(
        exporter="attic", title="To the attic", location="/mnt/attic/berrypod", error=samples.UNREACHABLE
    )
    sftp = samples.bucket(samples.backup(7), exporter="sftp", title="SFTP", location="sftp://backup.example.org/shop")
    yield "many-archives", _kept(samples.archive(samples.backup()), samples.bucket(samples.backup(7)), attic, sftp)
    long = samples.archive(*(samples.backup(hours) for hours in range(200)))
    yield "200", _kept(long, unset)
    active = ("fetching", 0.22), ("checking", 0.4), ("rehearsing", 0.6), ("rendering", 0.9)
    for state, progress in active:
        yield f"drill-{state}", _drilled(samples.drill(state, progress))  # type: ignore[arg-type]
    yield "drill-queued", _drilled(samples.drill("fetching", 0.1), samples.drill("queued", 0, waits_for_another=True))
    yield "check", _drilled(samples.drill("checking", 0.4, kind="check"))
    yield "drill-proven", _ended(samples.drill("proven"))
    yield "drill-failed", _ended(samples.drill("failed", error=samples.DAMAGED))
    yield "check-whole", _ended(samples.drill("whole", kind="check"))
    yield "check-failed", _ended(samples.drill("failed", kind="check", error=samples.DAMAGED))


def _kept(*archives: Any, **more: Any) -> KeptView:
    fields: dict[str, Any] = {"others": (), "drill": "", "active": (), "ended": None, **more}
    return KeptView(token=TOKEN, archives=archives, restores=True, set_up_at=_SET_UP_AT, **fields)


def _drilled(*active: DrillInfo) -> KeptView:
    return _kept(samples.archive(samples.backup(), samples.backup(25, **samples.UNPROVEN)), active=active)


def _ended(drill: DrillInfo) -> KeptView:
    return _kept(samples.archive(samples.backup(), samples.backup(25, **samples.UNPROVEN)), ended=drill)


def off_site() -> Iterator[tuple[str, S3View]]:
    """The panel where a bucket is entered."""
    config = checked(
        bucket="shop-backups",
        prefix="berrypod-0f3a91c2",
        endpoint="https://storage.example.org",
        region="eu-central",
        path_style="auto",
        access_key_id="AKIAEXAMPLE",
        secret_access_key="shown-nowhere",
    )
    values = {
        "bucket": "shop-backups",
        "endpoint": "https://storage.example.org",
        "path_style": "auto",
        "access_key_id": "AKIAEXAMPLE",
    }
    yield "unset", _s3()
    yield "saved", _s3(config=config, values=values, secret_is_set=True, is_saved=True, done="Saved.")
    yield "environment", _s3(config=config, values={**values, "prefix": "shop", "region": "eu-central"}, fixed=OWN)
    some = {name: OWN[name] for name in ("bucket", "access_key_id", "secret_access_key")}
    yield "environment-in-part", _s3(config=config, values=values, fixed=some)
    steps = [Step(name=name, title=title, ok=True, seconds=0.12) for name, title in STEPS.items()]
    good = Trial(location=config.location, steps=steps)
    yield "works", _s3(config=config, values=values, is_saved=True, trial=good)
    failed = [Step(name=name, title=title, ok=None) for name, title in STEPS.items()]
    failed[0] = Step(name="write", title=STEPS["write"], ok=False, seconds=10.3)
    for name, trouble in (("refused", samples.REFUSED), ("unreachable", samples.UNREACHABLE)):
        bad = Trial(location=config.location, steps=failed, error=trouble)
        yield name, _s3(config=config, values=values, is_saved=True, trial=bad)
    wrong = {"bucket": "Enter the name of the bucket.", "secret_access_key": "Enter the secret access key."}
    yield "wrong", _s3(values={**values, "bucket": ""}, errors=wrong)
    clear = replace(config, endpoint="http://storage.example.org")
    yield "in-the-clear", _s3(config=clear, values=values, is_saved=True)
    yield "cannot-be-used", _s3(trouble=samples.REFUSED, values=values, is_saved=True)


def _s3(**more: Any) -> S3View:
    fields: dict[str, Any] = {
        "config": None,
        "trouble": None,
        "values": {},
        "errors": {},
        "fixed": {},
        "secret_is_set": False,
        "is_saved": False,
        "own_prefix": "berrypod-0f3a91c2",
        "trial": None,
        "done": "",
        **more,
    }
    return S3View(token=TOKEN, **fields)


DAILY: Final = ScheduleSettings(kind="daily", at="03:00", zone="Europe/Berlin")


def scheduling() -> Iterator[tuple[str, ScheduleView]]:
    """The page of the schedule."""
    yield "off", _schedule(ScheduleSettings(), status=samples.OFF)
    for settings in (
        DAILY,
        ScheduleSettings(kind="every", every_hours=6, exporters=["keep", "s3"]),
        ScheduleSettings(kind="weekly", at="03:00", zone="Europe/Berlin"),
        ScheduleSettings(kind="cron", cron="*/20 8-18 * * mon-fri", zone="America/New_York"),
    ):
        yield settings.kind, _schedule(settings)
    yield "saved", _schedule(done="schedule")
    yield "running", _schedule(status=samples.status(running_since=NOW))
    failed = samples.outcome(1, trouble=samples.UNREACHABLE, backup_id=None, exporters=("s3",))
    retry = samples.status(failing=True, last_failure=failed, retry_at=NOW + timedelta(minutes=4))
    yield "failing", _schedule(status=retry)
    yield "overdue", _schedule(status=samples.status(last_success=None, overdue_since=NOW - timedelta(hours=6)))
    yield "drill-failed", _schedule(status=samples.status(last_success=samples.outcome(remarks=(samples.DAMAGED,))))
    wrong = {"zone": "There is no time zone of this name. Choose one of the list.", "at": "Give the time as HH:MM."}
    form = ScheduleForm(texts=schedule_texts(DAILY), exporters=["keep"], errors=wrong, saved=False)
    yield "wrong", _schedule(schedule=form)
    yield (
        "shown-first",
        _schedule(schedule=ScheduleForm(texts=schedule_texts(DAILY), exporters=["keep"], times=_times(), saved=False)),
    )
    yield "no-archive", _schedule(places=())
    yield from _retaining()


def _retaining() -> Iterator[tuple[str, ScheduleView]]:
    kept = RetentionSettings(enabled=True, last=3, daily=7, weekly=4, monthly=6)
    form = RetentionForm(
        texts=retention_texts(kept), words=retention_in_words(kept), plans=[_plan(0), _plan(2, "s3", "S3")]
    )
    yield "kept", _schedule(retention=form)
    many = RetentionForm(texts=form.texts, words=form.words, plans=[_plan(180, excess_bytes=3 * SIZE)], saved=False)
    yield "kept-many-go", _schedule(retention=many)
    away = PlanInfo(
        exporter="s3",
        title="S3",
        location="",
        stay=[],
        go=[],
        stored_bytes=0,
        excess_bytes=0,
        error=samples.UNREACHABLE,
    )
    yield (
        "kept-unreachable",
        _schedule(retention=RetentionForm(texts=form.texts, words=form.words, plans=[_plan(1), away])),
    )
    wrong = {
        "daily": "Give a whole number from 0 to 10,000.",
        "max_gigabytes": "Give a number from 0.001 to 1,000,000.",
    }
    yield "kept-wrong", _schedule(retention=RetentionForm(texts=form.texts, errors=wrong, saved=False))
    stuck = NotDeletedInfo(id=samples.backup(9).id, error=samples.UNREACHABLE)
    pruned: dict[str, Any] = {"stored_bytes": SIZE, "excess_bytes": 0, "error": None}
    yield (
        "pruned",
        _schedule(
            retention=form,
            pruned=[
                PrunedInfo(exporter="keep", title="Keep on this machine", deleted=["a", "b", "c"], failed=[], **pruned),
                PrunedInfo(exporter="s3", title="S3", deleted=[], failed=[stuck], **pruned),
            ],
        ),
    )


def _plan(
    going: int, exporter: str = "keep", title: str = "Keep on this machine", *, excess_bytes: int = 0
) -> PlanInfo:
    go = [
        GoingInfo(
            id=samples.backup(hours).id,
            created_at=NOW - timedelta(hours=hours),
            origin="schedule",
            size_bytes=SIZE,
            proven=True,
            cause="superfluous",
            words="not asked for any more",
        )
        for hours in range(300, 300 + going)
    ]
    stay = [
        StayingInfo(id=None, name="holiday.txt", created_at=None, reasons=["not_understood"], words="not understood"),
        *(
            StayingInfo(
                id=samples.backup(hours).id,
                name="",
                created_at=NOW - timedelta(hours=hours),
                reasons=["daily"],
                words=words,
            )
            for hours, words in (
                (1, "the newest, the newest that is proven, one of the last"),
                (25, "the last of its day"),
            )
        ),
    ]
    return PlanInfo(
        exporter=exporter,
        title=title,
        location="",
        stay=stay,
        go=go,
        stored_bytes=2 * SIZE,
        excess_bytes=excess_bytes,
        error=None,
    )


def _times() -> list[Any]:
    return [NOW.replace(hour=2, minute=0) + timedelta(days=days) for days in range(1, 6)]


def _schedule(settings: ScheduleSettings = DAILY, **more: Any) -> ScheduleView:
    none = RetentionSettings()
    fields: dict[str, Any] = {
        "token": TOKEN,
        "when": in_words(settings),
        "status": samples.status(),
        "zone": settings.zone,
        "places": (
            Place(name="keep", title="Keep on this machine", location=samples.FOLDER, off_site=False),
            Place(
                name="s3",
                title="S3",
                location="It is not said yet where to.",
                off_site=True,
                set_up_at=_SET_UP_AT["s3"],
            ),
        ),
        "schedule": ScheduleForm(
            texts=schedule_texts(settings),
            exporters=settings.exporters,
            times=_times() if settings.enabled else (),
        ),
        "retention": RetentionForm(texts=retention_texts(none), words=retention_in_words(none)),
        **more,
    }
    return ScheduleView(**fields)
