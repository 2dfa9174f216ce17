"""The part of /admin/backup where a bucket is entered, tried and forgotten: without scripts, and without the secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from berrypod_s3 import plugin
from berrypod_s3.config import S3Config
from litestar.testing import TestClient

from berrypod.accounts import passwords
from berrypod.app import create_app
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from tests.accounts.conftest import cheap_hasher
from tests.backup.conftest import Site, words_of
from tests.s3.making import ID, SECRET, Raw

ADDRESS = "/admin/backup/s3"


@pytest.fixture
def site(encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A shop with this plugin alone, and an admin who is signed in."""
    monkeypatch.setattr(passwords, "default_hasher", cheap_hasher)
    plugins = Plugins.discover(encrypted_settings, [PluginSource.of(plugin, "s3")], installed=False)
    with TestClient(create_app(encrypted_settings, plugins), raise_server_exceptions=False) as client:
        site = Site(client, encrypted_settings)
        site.sign_in()
        yield site


def fields(config: S3Config, **more: str) -> dict[str, str]:
    return {
        "bucket": config.bucket,
        "prefix": "",
        "endpoint": config.endpoint or "",
        "region": "",
        "path_style": "auto",
        "access_key_id": ID,
        "secret_access_key": SECRET,
        "do": "save",
        **more,
    }


def test_what_was_entered_is_saved_and_tried(site: Site, config: S3Config, raw: Raw) -> None:
    assert "Test connection" not in site.page()
    saved = site.send(ADDRESS, **fields(config))
    assert saved.status_code == 303
    page = site.page("?s3=saved")
    assert f"s3://{config.bucket}/berrypod-" in page
    assert "Saved" in words_of(page)
    assert SECRET not in page

    tried = site.send(f"{ADDRESS}/test")
    assert tried.status_code == 200
    assert "The connection works" in tried.text
    assert words_of(tried.text).count(": done") == 4
    assert SECRET not in tried.text
    assert raw.names() == [], "nothing is left of it"


def test_it_can_be_tried_before_it_is_saved(site: Site, config: S3Config) -> None:
    tried = site.send(ADDRESS, **fields(config, do="test"))
    assert "The connection works" in tried.text
    assert SECRET not in tried.text
    assert "Test connection" not in site.page(), "nothing was saved"


def test_a_step_that_fails_is_named_with_what_to_do(site: Site, config: S3Config) -> None:
    tried = words_of(site.send(ADDRESS, **fields(config, do="test", bucket="there-is-none")).text)
    assert "Write a small object: this failed" in tried
    assert "There is no bucket there-is-none" in tried
    assert "Create the bucket at your provider" in tried
    assert "Find it in the list: not tried" in tried


def test_what_cannot_be_right_comes_back_with_its_fields(site: Site, config: S3Config) -> None:
    answer = site.send(ADDRESS, **fields(config, bucket="../x", endpoint="minio"))
    assert answer.status_code == 422
    assert "Some fields need another look" in words_of(answer.text)
    assert 'value="../x"' in answer.text
    assert SECRET not in answer.text
    assert '<details class="disclosure" open>' in answer.text


def test_the_secret_that_was_saved_stays_unless_another_is_entered(site: Site, config: S3Config) -> None:
    site.send(ADDRESS, **fields(config))
    assert "Leave it empty to keep" in words_of(site.page())
    assert site.send(ADDRESS, **fields(config, secret_access_key="", prefix="mine")).status_code == 303
    assert f"s3://{config.bucket}/mine" in site.page()
    other_key = site.send(ADDRESS, **fields(config, secret_access_key="", access_key_id="ANOTHER"))
    assert other_key.status_code == 422, "a key belongs to its secret"


def test_what_was_saved_can_be_forgotten(site: Site, config: S3Config) -> None:
    site.send(ADDRESS, **fields(config))
    assert site.send(f"{ADDRESS}/forget").status_code == 303
    page = site.page("?s3=forgotten")
    assert "Forgotten" in words_of(page)
    assert config.bucket not in page


def test_who_changed_the_place_is_in_the_audit_log(site: Site, config: S3Config) -> None:
    site.send(ADDRESS, **fields(config))
    site.client.blocking_portal.call(site.parts.audit.settle)
    log = words_of(site.client.get("/admin/audit", headers={"accept": "text/html"}).text)
    assert "Where backups go was changed: s3" in log
    assert SECRET not in log


@pytest.mark.parametrize("path", ["", "/test", "/forget"])
def test_forged_forms_and_strangers_are_refused(site: Site, config: S3Config, path: str) -> None:
    forged = site.client.post(f"{ADDRESS}{path}", data=fields(config), follow_redirects=False)
    assert forged.status_code == 403
    site.client.cookies.clear()
    token: Any = site.client.post(f"{ADDRESS}{path}", data=fields(config), follow_redirects=False)
    assert token.status_code in (401, 403)


def test_what_the_environment_says_cannot_be_entered(
    encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    monkeypatch.setattr(passwords, "default_hasher", cheap_hasher)
    environ = {
        "BERRYPOD_S3_BUCKET": "of-the-environment",
        "BERRYPOD_S3_ACCESS_KEY_ID": ID,
        "BERRYPOD_S3_SECRET_ACCESS_KEY": SECRET,
    }
    settings = replace(encrypted_settings, environment_values=environ)
    plugins = Plugins.discover(settings, [PluginSource.of(plugin, "s3")], installed=False)
    with TestClient(create_app(settings, plugins), raise_server_exceptions=False) as client:
        site = Site(client, settings)
        site.sign_in()
        page = site.page()
        assert "BERRYPOD_S3_BUCKET" in page
        assert 'name="bucket"' not in page
        assert 'name="region"' in page
        assert SECRET not in page
        site.send(ADDRESS, bucket="entered", region="eu-west-1", access_key_id="x", secret_access_key="y", do="save")
        assert "s3://of-the-environment/berrypod-" in site.page()
