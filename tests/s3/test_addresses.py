"""s3:// addresses, by which a machine that knows nothing finds the backups of a shop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from berrypod_s3 import plugin
from berrypod_s3.address import AddressInvalid, parse
from berrypod_s3.config import S3Config
from berrypod_s3.faults import CredentialsRefused
from berrypod_s3.sources import PrefixNeeded
from berrypod_s3.storage import Fixed, S3Storage

from berrypod.archive.archive import Archive
from berrypod.errors import Invalid
from berrypod.testing_tools import CheckPlugin
from tests.s3.making import ID, SECRET, Raw, put

KEYS = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://berries", {"bucket": "berries", "prefix": ""}),
        ("s3://berries/", {"bucket": "berries", "prefix": ""}),
        ("s3://berries/a/b/", {"bucket": "berries", "prefix": "a/b"}),
        (
            "s3://berries/a?endpoint=https://s3.example.org:9000&region=eu&path_style=no",
            {
                "bucket": "berries",
                "prefix": "a",
                "endpoint": "https://s3.example.org:9000",
                "region": "eu",
                "path_style": "no",
            },
        ),
    ],
)
def test_what_an_address_says(address: str, said: dict[str, str]) -> None:
    assert parse(address) == said


@pytest.mark.parametrize(
    "address",
    [
        "s3://",
        "s3:///prefix",
        "http://berries",
        "berries",
        "s3://berries/a#b",
        "s3://berries?secret_access_key=hunter2",
        "s3://key:hunter2@berries/a",
        "s3://[berries",
    ],
)
def test_what_is_no_address_is_refused_and_no_password_is_repeated(address: str) -> None:
    with pytest.raises(AddressInvalid) as refused:
        parse(address)
    assert refused.value.hint
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"


def test_the_address_that_is_shown_is_one_that_is_taken(config: S3Config) -> None:
    for one in (
        config,
        replace(config, path_style=False),
        replace(config, endpoint=None, region="eu-west-1", prefix=""),
    ):
        said = parse(one.location)
        assert (said["bucket"], said["prefix"]) == (one.bucket, one.prefix)
        assert said.get("endpoint") == one.endpoint
        assert said.get("region", "us-east-1") == one.region


async def opened(check_plugin: CheckPlugin, address: str, environ: dict[str, str] = KEYS) -> Archive:
    return await check_plugin(plugin, name="s3", environ=environ).plugins.open_archive(address)


async def test_the_key_comes_from_the_environment(check_plugin: CheckPlugin, config: S3Config) -> None:
    assert await (await opened(check_plugin, config.location)).entries() == []
    with pytest.raises(CredentialsRefused) as refused:
        await opened(check_plugin, config.location, {})
    assert "AWS_ACCESS_KEY_ID" in refused.value.hint
    with pytest.raises(Invalid):
        await opened(check_plugin, "s3://x")


async def test_the_bucket_and_the_prefix_are_those_of_the_address(check_plugin: CheckPlugin, config: S3Config) -> None:
    environ = {**KEYS, "BERRYPOD_S3_BUCKET": "another", "BERRYPOD_S3_PREFIX": "another"}
    assert (await opened(check_plugin, config.location, environ)).location == config.location


async def test_without_a_prefix_the_one_shop_in_the_bucket_is_meant(
    check_plugin: CheckPlugin, config: S3Config, raw: Raw, tmp_path: Path
) -> None:
    address = replace(config, prefix="").location
    assert (await opened(check_plugin, address)).location == address

    raw.put("berrypod-0123456789ab/berrypod-backup-x.json", b"")
    raw.put("pictures/of-something-else", b"")
    assert (await opened(check_plugin, address)).location == replace(config, prefix="berrypod-0123456789ab").location

    raw.put("berrypod-ba9876543210/berrypod-backup-x.json", b"")
    with pytest.raises(PrefixNeeded) as needed:
        await opened(check_plugin, address)
    for prefix in ("berrypod-0123456789ab", "berrypod-ba9876543210"):
        assert replace(config, prefix=prefix).location in needed.value.hint, "with the endpoint, to be copied whole"

    whole: Any = S3Storage(Fixed(replace(config, prefix="")))
    await put(whole, "berrypod-backup-20260314-120000-5eed5eed.json", b"{}", tmp_path)
    assert (await opened(check_plugin, address)).location == address, "there are backups at its top"
