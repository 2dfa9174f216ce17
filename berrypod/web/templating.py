"""The Jinja environment of the pages; a plugin's templates get one of the same kind, with its own in front."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig

from berrypod import __version__
from berrypod.shop.money import format_money
from berrypod.storage.files import people_size
from berrypod.web.assets import asset


def create_environment(own: BaseLoader | None = None) -> Environment:
    """An environment with the core's templates (`admin/components.html` ...), and those of `own` before them.

    Everything is escaped, and a name that is missing in a template is an error, not an empty string.
    """
    core = PackageLoader("berrypod.web", "templates")
    environment = Environment(
        loader=core if own is None else ChoiceLoader([own, core]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = environment.filters
    filters.update(
        people_size=people_size,
        date=_date,
        time=_time,
        isoformat=_isoformat,
        money=format_money,
        paragraphs=_paragraphs,
    )
    environment.globals["berrypod_version"] = __version__  # pyright: ignore[reportArgumentType]
    environment.globals["asset"] = asset
    return environment


def template_config(environment: Environment) -> TemplateConfig[JinjaTemplateEngine]:
    engine = JinjaTemplateEngine.from_environment(environment)
    return TemplateConfig(instance=engine)


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _date(value: datetime) -> str:
    moment = _utc(value)
    return f"{moment.day} {moment:%B %Y}"


def _time(value: datetime) -> str:
    return f"{_date(value)}, {_utc(value):%H:%M} UTC"


def _isoformat(value: datetime) -> str:
    return _utc(value).isoformat(timespec="seconds")


def _paragraphs(text: str) -> list[list[str]]:
    """Plain text as its paragraphs, parted by empty lines; each as its lines."""
    blocks = text.replace("\r\n", "\n").strip().split("\n\n")
    return [block.strip().split("\n") for block in blocks if block.strip()]
