"""The part of /admin/backup where off-site copies in S3 are set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, PanelRequest
from berrypod.errors import BerrypodError, Invalid
from berrypod.records import Trouble
from berrypod_s3.config import S3Config
from berrypod_s3.configuring import FIELDS, OWN, Configuration, S3Settings
from berrypod_s3.faults import NotConfigured
from berrypod_s3.trial import Trial

PAGE: Final = "/admin/backup"
BASE: Final = f"{PAGE}/s3"

LABELS: Final = {
    "bucket": "Bucket",
    "prefix": "Prefix",
    "endpoint": "Endpoint",
    "region": "Region",
    "path_style": "Address of the bucket",
    "access_key_id": "Access key id",
    "secret_access_key": "Secret access key",
}
STYLES: Final = (
    ("auto", "As is usual there"),
    ("yes", "In the path: https://host/bucket"),
    ("no", "In the host's name: https://bucket.host"),
)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What came of the form that was sent: entered `values`, what is wrong with them, how a test went."""

    values: Mapping[str, str] | None = None
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    trial: Trial | None = None
    done: str = ""


@dataclass(frozen=True, kw_only=True)
class View:
    """All that the template shows. The secret key is in none of it: only whether there is one.

    `fixed` maps the fields that the environment says to the variable that does.
    """

    token: str
    config: S3Config | None
    trouble: Trouble | None
    values: Mapping[str, str]
    errors: Mapping[str, str]
    fixed: Mapping[str, str]
    secret_is_set: bool
    is_saved: bool
    own_prefix: str
    trial: Trial | None
    done: str
    labels: Mapping[str, str] = field(default_factory=lambda: LABELS)
    styles: Sequence[tuple[str, str]] = STYLES


class Panel:
    """Renders the panel, and the page on which a form comes back."""

    def __init__(self, context: PluginContext, configuration: Configuration) -> None:
        self._context = context
        self._configuration = configuration

    def declaration(self) -> AdminPanel:
        return AdminPanel(
            name="s3", title="Off-site copies in S3", page="backup", order=15, render=self.render, timeout_seconds=5.0
        )

    async def render(self, request: PanelRequest) -> str:
        """The section of the backup page."""
        done = {"saved": "Saved.", "forgotten": "Forgotten."}.get(request.query.get("s3", ""), "")
        return self.html("panel", await self.view(request.csrf_token, Visit(done=done)))

    async def page(self, token: str, visit: Visit) -> str:
        """The page on which the form comes back."""
        return self.html("page", await self.view(token, visit))

    async def view(self, token: str, visit: Visit) -> View:
        configuration, config, trouble = self._configuration, None, None
        try:
            config = await configuration.get()
        except NotConfigured:
            pass  # what the empty form says
        except (BerrypodError, Invalid) as error:
            trouble = Trouble.of(error)
        saved = await self._saved()
        own = configuration.of_environment()
        values = dict(visit.values) if visit.values is not None else {name: getattr(saved, name) for name in FIELDS}
        values |= {name: value for name, value in own.items() if name in FIELDS}
        values.pop("secret_access_key", None)
        return View(
            token=token,
            config=config,
            trouble=trouble,
            values=values,
            errors=visit.errors,
            fixed={name: OWN[name] for name in own if name in OWN},
            secret_is_set=bool(saved.secret_access_key),
            is_saved=saved != S3Settings(),
            own_prefix=await configuration.known_prefix(),
            trial=visit.trial,
            done=visit.done,
        )

    async def _saved(self) -> S3Settings:
        try:
            return await self._configuration.saved()
        except BerrypodError:  # under another SECRET_KEY_BASE: the trouble says so, and it can be entered anew
            return S3Settings()

    def html(self, name: str, view: View) -> str:
        """`panel`, or `page`."""
        return self._environment.get_template(f"s3/{name}.html").render(view=view, base=BASE, page=PAGE)

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_s3")
