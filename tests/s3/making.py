"""Buckets looked at behind the storage's back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from berrypod_s3.config import S3Config
from berrypod_s3.storage import S3Storage

ID: Final = "AKIATESTSOFBERRYPOD0"
SECRET: Final = "the secret of the tests, which nothing may show".replace(" ", "+").replace(",", "/")


@cache
def _client(endpoint: str | None) -> Any:
    """Making one takes a tenth of a second."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ID,
        aws_secret_access_key=SECRET,
    )


class Raw:
    """The bucket, by the library alone."""

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self.client = _client(config.endpoint)

    def names(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.config.bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def unfinished(self) -> list[str]:
        """The keys of uploads that are neither finished nor taken back."""
        found = self.client.list_multipart_uploads(Bucket=self.config.bucket)
        return [each["Key"] for each in found.get("Uploads", [])]

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.config.bucket, Key=key, Body=content)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.config.bucket, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.config.bucket, Key=key)


async def read(storage: S3Storage, name: str) -> bytes:
    pieces: AsyncIterator[bytes] = storage.read(name)
    return b"".join([piece async for piece in pieces])


async def put(storage: S3Storage, name: str, content: bytes, folder: Path) -> None:
    path = folder / "to-put"
    path.write_bytes(content)
    await storage.put(name, path)
