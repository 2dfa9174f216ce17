"""Third parties' plugins, as they come into a shop: built and installed with pip, and run in processes of their own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path


def install(project: Path) -> Path:
    """Build the package in the folder `project`, and install it into a folder beside it, which is returned."""
    target = project.parent / f"{project.name}-site"
    # With the build backend at hand nothing is fetched; without it pip gets it from the index, as an author's would.
    offline = ["--no-build-isolation", "--no-index"] if importlib.util.find_spec("hatchling") else []
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *offline, "--target", str(target)]
    done = subprocess.run([*command, str(project)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(project / "build", ignore_errors=True)
    return target


def python_path(site: Path) -> str:
    """What finds the installed package beside everything else."""
    return os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))


def run(site: Path, *arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package and nothing of these tests' environment."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("BERRYPOD_", "SECRET_", "PYTEST_"))}
    env |= {"PYTHONPATH": python_path(site), **environ}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)
