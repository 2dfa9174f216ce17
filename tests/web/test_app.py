"""The app as a whole: that it is made of parts that Litestar will still take tomorrow."""

from __future__ import annotations

import warnings

from berrypod.app import create_app
from berrypod.plugins import Plugins
from berrypod.settings import Settings


def test_making_the_app_warns_of_nothing(settings: Settings) -> None:
    """Recorded, not raised: an exception from a plugin's route would only put the plugin into quarantine."""
    plugins = Plugins.discover(settings)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        app = create_app(settings, plugins)
        assert app.openapi_schema.paths

    # What other tests left open is collected whenever it happens to be, here as well.
    said = [str(warning.message) for warning in warned if not issubclass(warning.category, ResourceWarning)]
    assert said == []
    assert [report.error for report in plugins.report() if report.error] == []
