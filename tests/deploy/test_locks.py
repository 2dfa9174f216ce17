"""The packages of the container: the ones that the projects ask for, by hash, and from nowhere in particular."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.docs.blocks import ROOT

LOCKS = [ROOT / "requirements.lock.txt", ROOT / "requirements-build.lock.txt"]
PROJECTS = [ROOT / "pyproject.toml", *sorted((ROOT / "plugins").glob("*/pyproject.toml"))]

# A requirement, and a line for each of its hashes.
_LINE = re.compile(r"^(?P<what>[^\s#-][^\\]*?)\s*\\\n(?:\s+--hash=sha256:[0-9a-f]{64}(?:\s*\\)?\n)+", re.MULTILINE)


def locked(path: Path) -> dict[str, Version]:
    """Each package with its version; those for other systems, too."""
    requirements = [Requirement(found["what"]) for found in _LINE.finditer(path.read_text())]
    return {canonicalize_name(one.name): Version(next(iter(one.specifier)).version) for one in requirements}


def asked(project: Path, table: str) -> list[Requirement]:
    content = tomllib.loads(project.read_text())
    where = content["project"]["dependencies"] if table == "project" else content["build-system"]["requires"]
    return [Requirement(line) for line in where]


@pytest.mark.parametrize(("table", "lock"), [("project", LOCKS[0]), ("build-system", LOCKS[1])])
def test_each_package_that_a_project_asks_for_is_locked_within_its_bounds(table: str, lock: Path) -> None:
    """If this fails after a change of a pyproject.toml: `.ci/lock` makes the files anew."""
    versions = locked(lock)
    for project in PROJECTS:
        for one in asked(project, table):
            name = canonicalize_name(one.name)
            if name.startswith("berrypod"):
                continue
            assert name in versions, f"{project.parent.name} asks for {one}"
            assert versions[name] in one.specifier, f"{project.parent.name} asks for {one}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_has_versions_and_hashes_alone(lock: Path) -> None:
    """No address, no index, nothing that is installed without its hash, and nothing of this project itself."""
    rest = _LINE.sub("", lock.read_text())
    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []
    assert re.search(r"://|index|find-links|trusted-host", lock.read_text()) is None
    assert not any(name.startswith("berrypod") for name in locked(lock))
