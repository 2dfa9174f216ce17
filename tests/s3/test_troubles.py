"""Whatever the line and the server do, it ends in a clear state: tried again, or an error that says what to do."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from berrypod_s3.config import S3Config
from berrypod_s3.faults import (
    BucketMissing,
    CredentialsRefused,
    StorageAltered,
    StorageFull,
    StorageRefused,
    StorageSlow,
    StorageUnreachable,
    WrongRegion,
)
from berrypod_s3.storage import Fixed, S3Storage

from berrypod.errors import BerrypodError, NotFound
from tests.s3.conftest import QUICK
from tests.s3.making import ID, SECRET, Raw, put, read
from tests.s3.proxy import Answer, Cut, Proxy, Silence
from tests.s3.servers import start_s3

REFUSALS = [
    (Answer(status=403, code="AccessDenied"), CredentialsRefused, "policy"),
    (Answer(status=403, code="InvalidAccessKeyId"), CredentialsRefused, "policy"),
    (Answer(status=403, code="SignatureDoesNotMatch"), CredentialsRefused, "policy"),
    (Answer(status=403, code="RequestTimeTooSkewed"), CredentialsRefused, "clock"),
    (Answer(status=404, code="NoSuchBucket"), BucketMissing, "Create the bucket"),
    (Answer(status=400, code="AuthorizationHeaderMalformed"), WrongRegion, "region"),
    (Answer(status=507, code="InsufficientStorage"), StorageFull, "quota"),
    (Answer(status=403, code="QuotaExceeded"), StorageFull, "quota"),
    (Answer(status=400, code="XMinioStorageFull"), StorageFull, "quota"),
    (Answer(status=400, code="EntityTooLarge"), StorageFull, "quota"),
    (Answer(status=503, code="SlowDown"), StorageUnreachable, "try again"),
    (Answer(status=500, code="InternalError"), StorageUnreachable, "try again"),
    (Answer(status=400, code="RequestTimeout"), StorageSlow, "later"),
    (Answer(status=400, code="InvalidArgument"), StorageRefused, "Look up the code"),
    (Answer(status=418, code="<script>"), StorageRefused, "Look up the code"),
]


@pytest.fixture
def asking_once(config: S3Config, proxy: Proxy) -> S3Storage:
    """One that asks once."""
    return S3Storage(Fixed(replace(config, endpoint=proxy.url)), pace=replace(QUICK, attempts=1))


@pytest.mark.parametrize(("answer", "kind", "hint"), REFUSALS, ids=lambda one: getattr(one, "code", ""))
async def test_each_refusal_says_what_to_do(
    asking_once: S3Storage,
    proxy: Proxy,
    tmp_path: Path,
    answer: Answer,
    kind: type[BerrypodError],
    hint: str,
    storage: S3Storage,
) -> None:
    proxy.always(answer)
    path = tmp_path / "x"
    path.write_bytes(b"content")
    for work in (asking_once.list(), read(asking_once, "x"), asking_once.put("x", path), asking_once.delete("x")):
        with pytest.raises(kind) as refused:
            await work
        assert hint in refused.value.hint
        assert SECRET not in refused.value.message
        assert "<" not in refused.value.message
    assert await storage.list() == []


async def test_a_server_that_recovers_is_asked_again(bad_storage: S3Storage, proxy: Proxy, tmp_path: Path) -> None:
    proxy.only(1, Answer(status=503, code="SlowDown"), method="PUT")
    await put(bad_storage, "x", b"content", tmp_path)
    proxy.only(1, Answer(status=500, code="InternalError"), method="GET")
    assert await read(bad_storage, "x") == b"content"
    assert proxy.methods().count("PUT") == 2


async def test_a_download_that_is_cut_goes_on_where_it_was(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, big_file: Path
) -> None:
    await storage.put("big", big_file)
    proxy.only(1, Cut(after_bytes=5_000_000), method="GET")
    assert await read(bad_storage, "big") == big_file.read_bytes()
    assert proxy.methods().count("GET") == 2


async def test_a_download_that_is_always_cut_is_an_error_and_not_a_shorter_file(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, big_file: Path
) -> None:
    await storage.put("big", big_file)
    proxy.always(Cut(after_bytes=100), method="GET")
    with pytest.raises(StorageUnreachable, match="broke off"):
        await read(bad_storage, "big")


async def test_an_object_that_changes_under_a_download_is_not_mixed(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, raw: Raw, big_file: Path
) -> None:
    await storage.put("big", big_file)
    proxy.only(1, Cut(after_bytes=5_000_000), method="GET")
    seen = 0
    with pytest.raises((StorageRefused, StorageAltered)):
        async for piece in bad_storage.read("big"):
            if seen == 0:
                raw.put("shop/big", bytes(12_000_000))
            seen += len(piece)


async def test_an_upload_that_is_cut_is_sent_again(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, big_file: Path
) -> None:
    proxy.only(1, Cut(after_bytes=1_000_000, request=True), method="PUT")
    await bad_storage.put("big", big_file)
    assert await read(storage, "big") == big_file.read_bytes()


@pytest.mark.parametrize("trouble", [Cut(after_bytes=1000, request=True), Answer(status=507, code="StorageFull")])
async def test_an_upload_that_fails_half_way_leaves_nothing(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, raw: Raw, big_file: Path, trouble: Cut | Answer
) -> None:
    proxy.always(trouble, method="PUT", part="partNumber=3")
    with pytest.raises((StorageFull, StorageUnreachable)):
        await bad_storage.put("big", big_file)
    assert await storage.list() == []
    assert raw.unfinished() == []
    proxy.well()
    await bad_storage.put("big", big_file)
    assert await read(storage, "big") == big_file.read_bytes()


async def test_what_was_there_stays_when_its_replacement_fails(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, big_file: Path, tmp_path: Path
) -> None:
    await put(storage, "x", b"as it was", tmp_path)
    proxy.always(Cut(request=True), method="PUT")
    with pytest.raises(StorageUnreachable):
        await bad_storage.put("x", big_file)
    assert await read(storage, "x") == b"as it was"


async def test_an_upload_that_arrived_shorter_is_no_upload(
    bad_storage: S3Storage, proxy: Proxy, raw: Raw, tmp_path: Path
) -> None:
    def plan(asked: object) -> None:
        if getattr(asked, "method", "") == "HEAD":
            raw.put("shop/x", b"cont")

    proxy.plan = plan
    with pytest.raises(StorageAltered, match="4 bytes of x, of which 7"):
        await put(bad_storage, "x", b"content", tmp_path)


async def test_a_server_that_says_nothing_is_not_waited_for(config: S3Config, proxy: Proxy) -> None:
    proxy.always(Silence())
    hasty = replace(QUICK, attempts=1, read_seconds=0.3)
    with pytest.raises(StorageSlow, match="in time"):
        await S3Storage(Fixed(replace(config, endpoint=proxy.url)), pace=hasty).list()


async def test_nobody_at_the_address(config: S3Config) -> None:
    server = start_s3()
    server.stop()
    storage = S3Storage(Fixed(replace(config, endpoint=server.url)), pace=replace(QUICK, attempts=1))
    with pytest.raises(StorageUnreachable, match="cannot be reached") as refused:
        await storage.list()
    assert "endpoint" in refused.value.hint


async def test_an_environment_that_the_library_stumbles_over_is_an_error(
    storage: S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "none of these")
    with pytest.raises(StorageRefused, match="InvalidDefaultsMode"):
        await storage.list()


NO_S3 = [
    Answer(status=200, content=b""),
    Answer(status=200, content=b"<!doctype html><title>Welcome</title>"),
    Answer(status=200, content=b"<page/>"),
    Answer(status=200, content=b"<page><Contents><Key>shop/x</Key></Contents></page>"),
]


@pytest.mark.parametrize("answer", NO_S3, ids=lambda one: one.content)
async def test_what_is_no_s3_server_is_an_error_and_not_an_empty_bucket(
    proxy: Proxy, asking_once: S3Storage, tmp_path: Path, answer: Answer
) -> None:
    proxy.always(answer)
    for work in (asking_once.list(), read(asking_once, "x"), put(asking_once, "x", b"content", tmp_path)):
        with pytest.raises((StorageRefused, StorageUnreachable)) as refused:
            await work
        assert "Check the endpoint" in refused.value.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_an_endpoint_that_sends_elsewhere_says_so(
    proxy: Proxy, asking_once: S3Storage, tmp_path: Path, status: int
) -> None:
    """Most of them send from http to https. The library follows none, and asked itself where the bucket is for ever."""
    proxy.always(Answer(status=status, content=b"", headers=(("location", "https://elsewhere.example/"),)))
    for work in (asking_once.list(), read(asking_once, "x"), put(asking_once, "x", b"content", tmp_path)):
        with pytest.raises(StorageRefused, match="sends elsewhere") as refused:
            await work
        assert "https://" in refused.value.hint
    assert "HEAD" not in proxy.methods()


async def test_what_is_not_there_is_an_object_for_reading_and_the_bucket_for_writing(
    proxy: Proxy, asking_once: S3Storage, tmp_path: Path
) -> None:
    proxy.always(Answer(status=404, content=b""))
    with pytest.raises(NotFound):
        await read(asking_once, "x")
    for work in (put(asking_once, "x", b"content", tmp_path), asking_once.delete("x"), asking_once.list()):
        with pytest.raises(BucketMissing):
            await work


async def test_what_is_deleted_already_is_as_good(proxy: Proxy, asking_once: S3Storage) -> None:
    """AWS never says that it was not there; others do."""
    proxy.always(Answer(status=404, code="NoSuchKey"))
    await asking_once.delete("x")


async def test_an_upload_whose_parts_were_taken_back_says_so(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, big_file: Path
) -> None:
    proxy.always(Answer(status=404, code="NoSuchUpload"), part="uploadId")
    with pytest.raises(StorageRefused, match="taken back meanwhile"):
        await bad_storage.put("big", big_file)
    assert await storage.list() == []


async def test_an_upload_that_ended_while_it_is_taken_back_is_none_that_was_left(
    bad_storage: S3Storage, proxy: Proxy, raw: Raw
) -> None:
    for _ in range(2):
        raw.client.create_multipart_upload(Bucket=raw.config.bucket, Key="shop/x")
    proxy.only(1, Answer(status=404, code="NoSuchUpload"), method="DELETE")
    await bad_storage.take_back("x")
    assert len(raw.unfinished()) == 1


async def test_a_download_that_begins_anew_instead_of_going_on_is_not_mixed(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, raw: Raw, big_file: Path
) -> None:
    """Some servers know nothing of ranges: the object would be given a second time after its first half."""
    await storage.put("big", big_file)
    whole = Answer(status=200, content=big_file.read_bytes(), headers=(("etag", '"same"'),))
    answers = [Cut(after_bytes=5_000_000), whole]
    proxy.plan = lambda asked: answers.pop(0) if answers else None
    with pytest.raises(StorageAltered, match="from its beginning"):
        await read(bad_storage, "big")


async def test_a_key_that_the_server_does_not_know_is_refused() -> None:
    """moto checks signatures when it is told to: here by a server of its own."""
    from http.client import HTTPConnection

    from berrypod_s3.config import checked

    server = start_s3()
    try:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("POST", "/moto-api/reset-auth", body=b"0")
        assert connection.getresponse().status == 200
        config = checked(
            bucket="berries",
            prefix="",
            endpoint=server.url,
            region="",
            path_style="",
            access_key_id=ID,
            secret_access_key=SECRET,
        )
        with pytest.raises(CredentialsRefused, match="InvalidAccessKeyId"):
            await S3Storage(Fixed(config), pace=QUICK).list()
    finally:
        server.stop()


async def test_no_secret_is_in_a_log_however_much_is_logged(
    config: S3Config, storage: S3Storage, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from berrypod.settings import Secret

    token = "a session token of temporary keys"
    secretive = S3Storage(Fixed(replace(config, session_token=Secret(token))), pace=QUICK)
    with caplog.at_level(logging.DEBUG):
        await put(secretive, "x", b"content", tmp_path)
        assert await read(secretive, "x") == b"content"
    assert SECRET not in caplog.text
    assert token not in caplog.text
    assert SECRET not in repr(config)
    assert SECRET not in config.location
