"""Exit status 0 done, 1 refused with the reason and a hint on standard error, 2 wrong usage."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from berrypod.commands.plugins import plugins
from berrypod.declarations import StatsProvider
from berrypod.env_file import read_env_file
from berrypod.errors import PluginError, SettingsError
from berrypod.hookspecs import hookimpl
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Secret, Settings
from tests.commands.conftest import Run
from tests.conftest import KEY
from tests.storage.processes import as_nobody, can_become_nobody
from tests.support.server import RunningServer, environment


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_secret_is_long_and_each_time_another(run: Run) -> None:
    first, second = run("secret").stdout.strip(), run("secret").stdout.strip()
    assert len(first) == 64
    assert first != second


def test_wrong_usage_ends_with_2(run: Run) -> None:
    assert run("serve", "--port", "many").exit_code == 2
    assert run("nothing-of-this-name").exit_code == 2


def test_a_malformed_environment_is_told_in_words(run: Run) -> None:
    result = run("plugins", env={"BERRYPOD_ENV": "production"})
    assert result.exit_code == 1
    assert "BERRYPOD_ENV is 'production'" in result.stderr
    assert "BERRYPOD_ENV=prod" in result.stderr


def test_what_is_needed_to_mend_the_environment_works_while_it_is_wrong(run: Run) -> None:
    wrong = {"BERRYPOD_ENV": "production"}
    assert run("secret", env=wrong).exit_code == 0
    assert run("serve", "--help", env=wrong).exit_code == 0


def test_production_without_the_database_key_is_told_the_line_to_type(run: Run) -> None:
    result = run("db", "create", env={"BERRYPOD_ENV": "prod", "SECRET_KEY_BASE": "b" * 40})
    assert result.exit_code == 1
    assert "export SECRET_KEY_DB=$(berrypod secret)" in result.stderr


class TestDb:
    def test_create_makes_an_encrypted_shop_and_never_overwrites_it(self, run: Run, tmp_path: Path) -> None:
        settings = Settings(environment="test", database_path=tmp_path / "new" / "shop.db", secret_key_db=KEY)
        made = run("db", "create", settings=settings)
        assert made.exit_code == 0, made.stderr
        assert "(encrypted)" in made.stdout
        before = digest(settings.database_path)
        again = run("db", "create", settings=settings)
        assert again.exit_code == 1
        assert "There is a file already" in again.stderr
        assert digest(settings.database_path) == before

    def test_upgrade_of_an_up_to_date_file_says_so(self, run: Run, settings: Settings) -> None:
        result = run("db", "upgrade", settings=settings)
        assert result.exit_code == 0, result.stderr
        assert "up to date" in result.stdout


class TestServe:
    @pytest.mark.slow
    def test_ctrl_c_is_a_stop_like_another(self, settings: Settings, serve: Callable[..., RunningServer]) -> None:
        """It is what the first line says to type: nothing was aborted."""
        server = serve(settings)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(40) == 0
        assert server.stop() == 0
        assert "Application shutdown complete" in server.output
        assert "Aborted" not in server.output

    def test_without_a_database_it_says_how_to_make_one_and_makes_none(self, run: Run, tmp_path: Path) -> None:
        result = run("serve", "--port", "0")
        assert result.exit_code == 1
        assert "There is no database" in result.stderr
        assert "berrypod db create" in result.stderr
        assert not (tmp_path / "absent.db").exists()

    def test_with_a_wrong_key_it_says_so_and_changes_nothing(self, run: Run, encrypted_settings: Settings) -> None:
        before = digest(encrypted_settings.database_path)
        wrong = replace(encrypted_settings, secret_key_db=Secret("another key, which is long enough too"))
        result = run("serve", "--port", "0", settings=wrong)
        assert result.exit_code == 1
        assert "does not open" in result.stderr
        assert "Traceback" not in result.output
        assert digest(encrypted_settings.database_path) == before

    def test_a_taken_port_is_told_with_what_to_do(self, run: Run, settings: Settings) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            result = run("serve", "--port", str(taken.getsockname()[1]), settings=settings)
        assert result.exit_code == 1
        assert "another program listens there" in result.stderr
        assert "--port" in result.stderr


class TestPlugins:
    def test_they_are_listed_for_programs(self, run: Run) -> None:
        listed = json.loads(run("plugins", "--json").stdout)
        assert {"stats", "backup"} <= {plugin["name"] for plugin in listed}
        assert all(plugin["state"] == "active" for plugin in listed)

    @pytest.mark.parametrize("disabled", ["stats", "stats,backup"])
    def test_a_disabled_one_is_named_as_such(self, run: Run, disabled: str) -> None:
        result = run("plugins", "--json", env={"BERRYPOD_DISABLED_PLUGINS": disabled})
        states = {plugin["name"]: plugin["state"] for plugin in json.loads(result.stdout)}
        assert {name for name, state in states.items() if state == "disabled"} == set(disabled.split(","))

    def test_what_a_plugin_raised_is_shown_as_it_is_whole_and_with_the_way_out(self, tmp_path: Path) -> None:
        """It was read as markup of the table: a `[/b]` in it ended the command that is there to tell of it."""

        def load() -> object:
            raise PluginError("[/b] no [bold]shelf", hint="Set [SHELF].")

        twin = StatsProvider(name="twin", title="Twin", figures=list)
        twins = SimpleNamespace(berrypod_stats_providers=hookimpl(lambda: [twin, twin]))
        settings = Settings(environment="test", database_path=tmp_path / "absent.db")
        sources = [PluginSource(name="shelf", load=load), PluginSource.of(twins, "twins")]
        found = Plugins.discover(settings, sources, installed=False)
        result = CliRunner().invoke(plugins, obj=found, env=environment(settings), catch_exceptions=False)

        assert "shelf is in quarantine, and nothing of it is used: import: [/b] no [bold]shelf" in result.output
        assert "  > Set [SHELF]." in result.output
        assert "twins, stats provider twin: left out" in result.output, "what was left out is told as well"


def test_an_env_file_gives_the_settings(run: Run, encrypted_settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "shop.env"
    path.write_text(f"DATABASE_PATH={encrypted_settings.database_path}\nSECRET_KEY_DB='{KEY.reveal()}'\n")
    given = Settings(environment="test", database_path=encrypted_settings.database_path)
    result = run("--env-file", str(path), "db", "upgrade", settings=given)
    assert result.exit_code == 0, result.stderr


def test_an_env_file_that_is_not_there_is_an_error(run: Run) -> None:
    result = run("--env-file", "nowhere.env", "plugins")
    assert result.exit_code == 1
    assert "There is no file nowhere.env" in result.stderr


def test_an_env_file_that_is_a_folder_or_no_text_is_told_in_words(run: Run, tmp_path: Path) -> None:
    (tmp_path / "noise.env").write_bytes(b"\xff\xfe")
    assert "noise.env is no text" in run("--env-file", "noise.env", "plugins").stderr
    told = run("--env-file", str(tmp_path), "plugins").stderr
    assert "cannot be read: Is a directory" in told
    assert "BERRYPOD_ENV_FILE" in told


@pytest.mark.skipif(not can_become_nobody(), reason="only root can act as another user")
def test_an_env_file_of_another_user_is_told_to_be_closed_on_purpose() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.env"
        path.touch(0o600)
        Path(folder).chmod(0o755)

        def read() -> str:
            with pytest.raises(SettingsError) as refused:
                read_env_file(path)
            return f"{refused.value.message}. {refused.value.hint}"

        told = as_nobody(read)
    assert "shop.env cannot be read: it is another user's" in told
    assert "Run the command as that user" in told
