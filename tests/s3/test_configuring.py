"""Where the settings come from, what is wrong with them, and that nothing shows the secret."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from typing import Any

import pytest
from berrypod_s3 import plugin
from berrypod_s3.configuring import Configuration, S3Settings, config_of
from berrypod_s3.faults import NotConfigured

from berrypod.declarations import BackupExporter
from berrypod.errors import Invalid
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.testing_tools import CheckPlugin
from tests.s3.making import ID, SECRET

ENTERED = S3Settings(bucket="entered", access_key_id=ID, secret_access_key=SECRET)
OWN = {"BERRYPOD_S3_BUCKET": "own", "BERRYPOD_S3_ACCESS_KEY_ID": "OWNID", "BERRYPOD_S3_SECRET_ACCESS_KEY": "own+secret"}
AWS = {"AWS_ACCESS_KEY_ID": "AWSID", "AWS_SECRET_ACCESS_KEY": "aws+secret", "AWS_REGION": "eu-central-1"}

Configure = Callable[..., Configuration]


@pytest.fixture
async def configure(check_plugin: CheckPlugin) -> AsyncIterator[Configure]:
    """The settings of the sample shop, which is open, with these variables set."""
    opened: list[Database] = []

    def configured(environ: dict[str, str]) -> Configuration:
        context = check_plugin(plugin, name="s3", environ=environ).context
        opened.append(context.database)
        return Configuration(context)

    yield configured
    for database in opened:
        await database.close()


async def ready(configuration: Configuration) -> Configuration:
    await configuration._context.database.open()
    return configuration


async def test_without_any_it_says_where_to_enter_them(configure: Configure) -> None:
    with pytest.raises(NotConfigured) as refused:
        await (await ready(configure({}))).get()
    assert "/admin/backup" in refused.value.hint
    assert refused.value.code == "not_configured"


async def test_what_is_missing_is_named(configure: Configure) -> None:
    with pytest.raises(NotConfigured, match="the secret access key is missing"):
        await (await ready(configure({"BERRYPOD_S3_BUCKET": "own", "BERRYPOD_S3_ACCESS_KEY_ID": "x"}))).get()


async def test_what_was_entered_is_used_and_nothing_shows_it(configure: Configure) -> None:
    configuration = await ready(configure({}))
    await configuration.save(ENTERED)
    config = await configuration.get()

    assert (config.bucket, config.secret_access_key.reveal()) == ("entered", SECRET)
    assert configuration.location == config.location
    for text in (repr(config), repr(ENTERED), str(ENTERED), config.location):
        assert SECRET not in text
    with closing(open_connection(configuration._context.database.path, None, read_only=True)) as file:
        stored = str(file.execute("SELECT key, CAST(value AS TEXT) FROM settings WHERE key = 'backup.s3'").fetchone())
    assert "encrypted" in stored
    assert SECRET not in stored
    assert ID not in stored


async def test_the_environment_wins_and_that_of_aws_comes_last(configure: Configure) -> None:
    configuration = await ready(configure({**OWN, **AWS}))
    await configuration.save(S3Settings(bucket="entered", region="us-west-2", access_key_id=ID, secret_access_key="x"))
    config = await configuration.get()

    assert (config.bucket, config.access_key_id, config.region) == ("own", "OWNID", "us-west-2")


async def test_parts_of_two_keys_are_never_mixed(configure: Configure) -> None:
    configuration = await ready(configure({"BERRYPOD_S3_BUCKET": "own", **AWS, "AWS_SESSION_TOKEN": "token"}))
    config = await configuration.get()
    assert (config.access_key_id, config.region, config.session_token is None) == ("AWSID", "eu-central-1", False)
    await configuration.save(ENTERED)
    config = await configuration.get()
    assert (config.access_key_id, config.session_token) == (ID, None)


async def test_each_shop_has_a_prefix_of_its_own_which_stays(configure: Configure) -> None:
    configuration = await ready(configure(OWN))
    prefix = (await configuration.get()).prefix
    assert re.fullmatch(r"berrypod-[0-9a-f]{12}", prefix)
    assert (await configuration.get()) is (await configuration.get())
    await configuration.forget()
    assert (await configuration.get()).prefix == prefix
    again = Configuration(configuration._context)
    assert (await again.get()).prefix == prefix


async def test_two_workers_that_begin_at_once_agree_on_it(configure: Configure) -> None:
    import asyncio

    context = (await ready(configure(OWN)))._context
    found = await asyncio.gather(*(Configuration(context).own_prefix() for _ in range(5)))
    assert len(set(found)) == 1


async def test_a_change_is_seen_at_the_next_use(configure: Configure) -> None:
    configuration = await ready(configure({}))
    await configuration.save(ENTERED)
    before = await configuration.get()
    await Configuration(configuration._context).save(S3Settings(**{**_dict(ENTERED), "bucket": "another"}))
    after = await configuration.get()
    assert (before.bucket, after.bucket) == ("entered", "another")
    await configuration.forget()
    with pytest.raises(NotConfigured):
        await configuration.get()


def _dict(settings: S3Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bucket", "a"),
        ("bucket", "with/slash"),
        ("bucket", "../etc"),
        ("prefix", "../up"),
        ("prefix", "a//b"),
        ("prefix", "x" * 300),
        ("prefix", "with space"),
        ("endpoint", "minio.example.org"),
        ("endpoint", "ftp://minio.example.org"),
        ("endpoint", f"https://{ID}:password@minio.example.org"),
        ("endpoint", "https://minio.example.org/bucket"),
        ("endpoint", "https://minio.example.org:port"),
        ("endpoint", "http://minio_1:9000"),
        ("endpoint", "https://s3..example.org"),
        ("endpoint", "https://s3 example.org"),
        ("region", "eu central"),
        ("region", "garage-"),
        ("region", "123"),
        ("path_style", "perhaps"),
        ("access_key_id", "with\nnewline"),
        ("secret_access_key", "with space"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        config_of({**_dict(ENTERED), field: value})
    assert list(refused.value.fields) == [field]
    assert len(value) < 2 or value not in refused.value.message


async def test_what_cannot_be_right_is_not_kept(configure: Configure) -> None:
    configuration = await ready(configure({}))
    with pytest.raises(Invalid):
        await configuration.save(S3Settings(**{**_dict(ENTERED), "bucket": "../x"}))
    assert await configuration.saved() == S3Settings()


@pytest.mark.parametrize(
    ("endpoint", "path_style", "in_the_path", "in_the_clear"),
    [
        ("", "", False, False),
        ("", "yes", True, False),
        ("https://minio.example.org:9000/", "", True, False),
        ("https://minio.example.org", "no", False, False),
        ("http://127.0.0.1:9000", "auto", True, False),
        ("http://minio.example.org", "", True, True),
    ],
)
def test_the_bucket_is_in_the_path_where_that_is_usual(
    endpoint: str, path_style: str, in_the_path: bool, in_the_clear: bool
) -> None:
    config = config_of({**_dict(ENTERED), "endpoint": endpoint, "path_style": path_style})
    assert (config.path_style, config.in_the_clear) == (in_the_path, in_the_clear)


def test_the_exporter_is_there_before_anything_is_set(check_plugin: CheckPlugin) -> None:
    checked = check_plugin(plugin, name="s3")
    [exporter] = checked.backup_exporters
    assert isinstance(exporter, BackupExporter)
    assert (exporter.name, exporter.off_site, exporter.archive is not None) == ("s3", True, True)
    assert [one.declaration.scheme for one in checked.plugins.archive_sources] == ["s3"]


def test_the_plugin_works_without_the_others(settings: Settings) -> None:
    plugins = Plugins.discover(settings, [PluginSource.of(plugin, "s3")], installed=False)
    [report] = plugins.report()
    assert report.error is None


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    import subprocess
    import sys

    code = (
        "import sys, berrypod_s3.plugin, berrypod_s3.storage, berrypod_s3.configuring, berrypod_s3.sources, "
        "berrypod_s3.panel, berrypod_s3.pages, berrypod_s3.doing; assert 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
