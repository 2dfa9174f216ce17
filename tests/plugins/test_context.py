"""What a hook gets to work with."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest

from berrypod.context import PluginContext
from berrypod.errors import PluginError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a template."""
    folder = tmp_path / "package_with_templates"
    (folder / "templates").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "templates" / "panel.html").write_text("<b>{{ name }}</b>")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, folder.name, raising=False)
    return folder.name


def test_templates_of_a_package_are_found_and_escape(berrypod_context: PluginContext, package: str) -> None:
    template = berrypod_context.templates(package).get_template("panel.html")

    assert template.render(name="<script>") == "<b>&lt;script&gt;</b>"


def test_a_name_that_a_template_does_not_get_is_an_error(berrypod_context: PluginContext, package: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        berrypod_context.templates(package).get_template("panel.html").render()


def test_a_package_without_templates_is_an_error_with_a_hint(berrypod_context: PluginContext) -> None:
    with pytest.raises(PluginError, match="has no folder `templates`"):
        berrypod_context.templates("json")


def test_each_plugin_has_a_private_folder_of_its_own(berrypod_context: PluginContext) -> None:
    mine = berrypod_context.work_folder()
    other = replace(berrypod_context, plugin="other").work_folder()

    assert mine != other
    assert mine.stat().st_mode & 0o777 == 0o700


def test_the_clock_tells_utc_and_can_be_replaced(berrypod_context: PluginContext) -> None:
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)

    assert berrypod_context.now().tzinfo is UTC
    assert replace(berrypod_context, clock=lambda: noon).now() == noon


def test_a_context_shows_no_secret(berrypod_context: PluginContext) -> None:
    assert berrypod_context.settings.secret_key_base.reveal() not in repr(berrypod_context)
