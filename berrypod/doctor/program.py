"""Checks of the program: its settings, its driver, its plugins."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import failed, from_error, passed, warned
from berrypod.doctor.subject import Subject
from berrypod.plugin_host.discovery import KILL_SWITCH
from berrypod.plugin_report import PluginReport, PluginState
from berrypod.proxies import PROXIES
from berrypod.storage.connection import library_versions
from berrypod.storage.driver import known_defects

_DRIVERS = ("sqlcipher3", "sqlcipher3-binary")
_OLDEST_SQLCIPHER = 4
_RIGHT_DRIVER = "pip uninstall -y sqlcipher3-binary && pip install --force-reinstall 'sqlcipher3>=0.6.4,<0.7'"


def settings(subject: Subject) -> Sequence[Finding]:
    """Every setting is understood, and a shop that sells is run as one."""
    name = "settings"
    if subject.misunderstood:
        title = "A setting is missing or wrong"
        return [from_error(name, error, title=title) for error in subject.misunderstood]
    environment = subject.settings.environment
    if environment == "dev":
        return [
            warned(
                name,
                "This is no production shop",
                "BERRYPOD_ENV is dev: cookies travel unencrypted, and a missing secret stops nothing.",
                "For a shop that sells: export BERRYPOD_ENV=prod",
            )
        ]
    return [passed(name, "The settings are understood", f"BERRYPOD_ENV={environment} DATABASE_PATH={subject.path}")]


def sqlcipher(subject: Subject) -> Finding:
    """The driver has SQLCipher in it, and one that reads format 4."""
    name = "sqlcipher"
    cipher, sqlite = library_versions()
    major = cipher.partition(".")[0]
    if not major.isdecimal():
        why = f"The driver has SQLite {sqlite} without SQLCipher: it would write the shop unencrypted."
        return failed(name, "SQLCipher is not linked", why, _RIGHT_DRIVER)
    if int(major) < _OLDEST_SQLCIPHER:
        why = f"SQLCipher {cipher} writes another format than the one that shops and backups have (4)."
        return failed(name, "SQLCipher is too old", why, _RIGHT_DRIVER)
    return passed(name, "SQLCipher is linked", f"SQLCipher {cipher}, SQLite {sqlite}")


def driver(subject: Subject) -> Finding:
    """One distribution of the driver is installed: two overwrite each other's files."""
    name = "driver"
    found = [f"{distribution} {installed}" for distribution in _DRIVERS if (installed := _version_of(distribution))]
    if len(found) > 1:
        why = f"{' and '.join(found)} are both installed, and have the same files. Which of them runs is chance."
        return failed(name, "Two drivers are installed", why, _RIGHT_DRIVER)
    return passed(name, "One driver is installed", found[0] if found else "its distribution is not known")


def sqlite_defects(subject: Subject) -> Sequence[Finding]:
    """The linked SQLite has none of the defects that are known to cost data."""
    name = "sqlite-defects"
    sqlite = library_versions()[1]
    found = known_defects()
    if not found:
        return [passed(name, "No known defect of this SQLite can hit the shop", f"SQLite {sqlite}")]
    title = "This SQLite has a defect that can hit the shop"
    return [
        failed(name, title, f"SQLite {sqlite}: {defect.reason} ({defect.source}).", _RIGHT_DRIVER) for defect in found
    ]


def plugins(subject: Subject) -> Sequence[Finding]:
    """No plugin is in quarantine, and nothing of one was left out."""
    name = "plugins"
    if subject.plugins is None:
        assert subject.plugin_trouble is not None
        return [from_error(name, subject.plugin_trouble, title="The plugins cannot be loaded")]
    reports = subject.plugins.report()
    found = [_quarantined(name, one) for one in reports if one.state is PluginState.QUARANTINED]
    found += [
        warned(
            name,
            f"Something of the plugin {one.name} does not work",
            f"{failure.what}: {failure.error}.",
            failure.hint or f"Tell the author of {one.name}.",
        )
        for one in reports
        for failure in one.failures
    ]
    if found:
        return found
    active = [one.name for one in reports if one.state is PluginState.ACTIVE]
    disabled = [f"{one.name} (disabled)" for one in reports if one.state is PluginState.DISABLED]
    return [passed(name, "No plugin is in quarantine", ", ".join(active + disabled) or "none is installed")]


def proxies(subject: Subject) -> Sequence[Finding]:
    """Production has a proxy in front, as the shop speaks no TLS itself; it is named. Nothing to say elsewhere."""
    name, settings = "proxies", subject.settings
    if not settings.production:
        return []
    if not settings.trusted_proxies:
        return [
            warned(
                name,
                "No proxy in front is named",
                "Browsers keep a session over HTTPS alone, which needs a proxy; and with one that is not named, all "
                "requests seem to come from its address: who guesses passwords then holds everybody else back, and "
                "the audit log does not say who it was.",
                f"For a proxy on this machine: export {PROXIES}=127.0.0.1 - and see docs/deploy.md",
            )
        ]
    believed = f"{', '.join(settings.trusted_proxies)}, by {settings.client_address_header}"
    return [passed(name, "The proxies in front are named", believed)]


def _quarantined(name: str, report: PluginReport) -> Finding:
    return failed(
        name,
        f"The plugin {report.name} is in quarantine",
        f"{report.error or 'It failed'}. Nothing of it is used.",
        report.hint or f"Correct or update it, or switch it off: {KILL_SWITCH}={report.name}",
    )


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
