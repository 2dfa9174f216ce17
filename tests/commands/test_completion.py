"""`berrypod completion`: the scripts, and what the Tab key then offers in a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.commands.test_lazy import HEAVY

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

# As readline calls it: the words of the line, and which of them the Tab key was pressed in.
PRESS_TAB = """
source <(berrypod completion bash)
COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}
_berrypod_completion berrypod "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

IN_PYTHON = """
import os, sys
from berrypod.cli import main
try:
    main()
except SystemExit:
    print("imported:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", "complete -o nosort -F"),
        ("zsh", "#compdef berrypod"),
        ("fish", "complete --no-files --command berrypod"),
    ],
)
def test_there_is_a_script_for_each_shell_whatever_the_settings_are(run: Run, shell: str, words: str) -> None:
    result = run("completion", shell, env={"BERRYPOD_ENV": "production"})
    assert result.exit_code == 0, result.stderr
    assert words in result.stdout
    assert "_BERRYPOD_COMPLETE" in result.stdout


def test_another_shell_is_wrong_usage(run: Run) -> None:
    assert run("completion", "cmd.exe").exit_code == 2


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("berrypod re", {"restore"}),
        ("berrypod restore ''", {"apply", "check", "from", "list", "undo"}),
        ("berrypod token create nightly --scope backup", {"backup:read", "backup:write"}),
        ("berrypod doctor --th", {"--thorough"}),
        ("berrypod completion z", {"zsh"}),
    ],
)
def test_in_bash(line: str, offered: set[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", PRESS_TAB.format(line=line)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": PATH, "HOME": "/nonexistent"},
    )
    assert set(done.stdout.split()) == offered, done.stderr


@pytest.mark.parametrize("line", ["berrypod restore ", "berrypod token create --"])
def test_no_part_of_the_shop_is_imported_for_it(line: str) -> None:
    """Somebody waits with a finger on the key."""
    words = line.split(" ")
    given = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_BERRYPOD_COMPLETE": "bash_complete"}
    code = f"import sys; sys.argv = ['berrypod']\n{IN_PYTHON}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **given}
    )
    offered, _, imported = done.stdout.partition("imported:")
    assert "plain," in offered
    assert HEAVY & set(imported.split()) == set()
