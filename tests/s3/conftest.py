"""A bucket in a real S3 server, and a bad line to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from berrypod_s3.config import S3Config, checked
from berrypod_s3.pace import Pace
from berrypod_s3.storage import Fixed, S3Storage

from tests.s3.making import ID, SECRET, Raw
from tests.s3.proxy import Proxy, proxy_to
from tests.s3.servers import S3Server, start_s3

# It gives up after two attempts, and not because a machine is busy. 5 MiB is the least that S3 allows for a part.
QUICK = Pace(connect_seconds=60.0, read_seconds=60.0, attempts=2, part_bytes=5_242_880)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = start_s3()
    yield server
    server.stop()


@pytest.fixture
def config(s3_server: S3Server) -> S3Config:
    """Of a new bucket."""
    bucket = f"berries-{uuid4().hex[:12]}"
    config = checked(
        bucket=bucket,
        prefix="shop",
        endpoint=s3_server.url,
        region="",
        path_style="",
        access_key_id=ID,
        secret_access_key=SECRET,
    )
    Raw(config).client.create_bucket(Bucket=bucket)
    return config


@pytest.fixture
def raw(config: S3Config) -> Raw:
    return Raw(config)


@pytest.fixture
def storage(config: S3Config) -> S3Storage:
    return S3Storage(Fixed(config), pace=QUICK)


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[Proxy]:
    with proxy_to(s3_server.port) as proxy:
        yield proxy


@pytest.fixture
def bad_storage(config: S3Config, proxy: Proxy) -> S3Storage:
    """The same bucket, over the line that a test makes bad."""
    from dataclasses import replace

    return S3Storage(Fixed(replace(config, endpoint=proxy.url)), pace=QUICK)


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    """12 MB: three parts."""
    from random import Random

    path = tmp_path / "big"
    path.write_bytes(Random(7).randbytes(12_000_000))
    return path
