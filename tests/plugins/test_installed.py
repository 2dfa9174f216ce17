"""A third party's plugin, written from docs/hooks.md alone, in a package outside of the tree and installed with pip."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from berrypod.testing_shop import create_sample_shop
from tests.plugins import pages
from tests.plugins.installing import install, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page's first plugin, in a folder of their own."""
    folder = tmp_path_factory.mktemp("third-party") / "berrypod-orders-csv"
    pages.write(pages.FIRST_PLUGIN, folder)
    return folder


@pytest.fixture(scope="module")
def site(project: Path) -> Path:
    """Where pip installed it."""
    return install(project)


def test_it_is_found_and_active(site: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop.db"
    create_sample_shop(shop)
    done = run(site, "-m", "berrypod", "plugins", "--json", cwd=tmp_path, DATABASE_PATH=str(shop))
    assert done.returncode == 0, done.stderr

    (report,) = [plugin for plugin in json.loads(done.stdout) if plugin["name"] == "orders_csv"]
    assert report["state"] == "active", report
    assert (report["distribution"], report["version"]) == ("berrypod-orders-csv", "1.0.0")
    assert report["hooks"] == ["berrypod_backup_exporters"]


def test_it_can_be_switched_off(site: Path, tmp_path: Path) -> None:
    done = run(site, "-m", "berrypod", "plugins", "--json", cwd=tmp_path, BERRYPOD_DISABLED_PLUGINS="orders_csv")

    states = {plugin["name"]: plugin["state"] for plugin in json.loads(done.stdout)}
    assert states["orders_csv"] == "disabled"


def test_its_authors_test_passes(site: Path, project: Path) -> None:
    done = run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_orders_csv.py", cwd=project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_its_types_are_right(site: Path, project: Path, tmp_path: Path) -> None:
    """Every example of the page, in the strictest mode."""
    for heading in pages.sections():
        pages.write(heading, tmp_path)
    root = pages.PAGE.parents[1]
    config = {
        "typeCheckingMode": "strict",
        "extraPaths": [str(root)],
        "stubPath": str(root / "typings"),
        "pythonVersion": "3.11",
        "exclude": ["test_*.py"],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    done = run(site, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path), cwd=tmp_path)

    assert done.returncode == 0, done.stdout
