"""A bucket, by the library: every method blocks, and is for a thread. Importing it costs 0.1 s and 25 MB."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from boto3.session import Session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.session import Session as LibrarySession

from berrypod.archive.objects import StoredObject
from berrypod.errors import NotFound
from berrypod_s3.config import S3Config
from berrypod_s3.faults import StorageAltered
from berrypod_s3.pace import Pace
from berrypod_s3.translating import no_storage, translated

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from s3transfer.futures import TransferFuture
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

# At level DEBUG they write whole requests, with the headers that sign them and the token of temporary keys.
for _name in ("boto3", "botocore", "s3transfer", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.INFO)

_CONNECTIONS: Final = 12

# What an S3 says of each object; and some of these of each list, an empty one as well.
_OF_AN_OBJECT: Final = frozenset({"ContentLength", "ETag"})
_OF_A_LIST: Final = frozenset({"Name", "IsTruncated", "KeyCount", "MaxKeys", "Contents", "CommonPrefixes"})

# Of other programs' settings on this machine: what is meant is said here, and a profile that is missing stops nothing.
_IGNORED: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}

# It has the description of the service, which takes most of the time. Clients are made one at a time.
_session = Session(botocore_session=LibrarySession(session_vars=_IGNORED))
_making = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An object that is being read. `etag` tells whether it is still the same one when it is opened again."""

    body: StreamingBody
    size_bytes: int
    etag: str


class Bucket:
    """What is in the bucket below the config's prefix. Names are relative to that.

    All methods raise what `translated` does. The client is shared by threads.
    """

    def __init__(self, config: S3Config, pace: Pace) -> None:
        self.config = config
        self.pace = pace
        with translated(config):
            self._client = _client(config, pace)

    def list(self, prefix: str) -> list[StoredObject]:
        """All objects, whose names begin with `prefix`."""
        found: list[StoredObject] = []
        start = self.config.key("")
        with translated(self.config):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.config.bucket, Prefix=start + prefix
            )
            for each in (each for page in map(self._page, pages) for each in page.get("Contents", ())):
                name = each.get("Key", "").removeprefix(start)
                if name and not name.endswith("/"):  # what browsers of buckets make, to show folders
                    found.append(self._stored(name, each.get("Size"), each.get("LastModified")))
        return found

    def folders(self) -> Iterator[str]:
        """The names of the folders at the top, as they are shown by browsers of buckets."""
        with translated(self.config):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.config.bucket, Prefix=self.config.key(""), Delimiter="/"
            )
            for each in (each for page in map(self._page, pages) for each in page.get("CommonPrefixes", ())):
                yield each.get("Prefix", "").removeprefix(self.config.key("")).rstrip("/")

    def open(self, name: str, *, offset: int = 0, etag: str | None = None) -> Opened:
        """Begin to read an object, at `offset`; of `etag` alone, if there is one.

        :raises NotFound: there is none.
        :raises StorageAltered: it was given from another byte on than it was asked for.
        """
        asked: dict[str, Any] = {"Bucket": self.config.bucket, "Key": self.config.key(name)}
        if offset:
            asked["Range"] = f"bytes={offset}-"
        if etag:
            asked["IfMatch"] = etag
        with translated(self.config, name):
            answer = self._client.get_object(**asked)
        if not answer.keys() >= _OF_AN_OBJECT:
            answer["Body"].close()
            raise no_storage(self.config)
        if offset and answer["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PARTIAL_CONTENT:
            answer["Body"].close()
            raise StorageAltered(f"{self.config.location} gave {name} from its beginning, and not from byte {offset:,}")
        return Opened(body=answer["Body"], size_bytes=offset + answer["ContentLength"], etag=answer["ETag"])

    def read(self, opened: Opened, name: str) -> bytes:
        """The next piece; nothing at the end, which is where the object ends and nowhere else."""
        with translated(self.config, name):
            return opened.body.read(self.pace.piece_bytes)

    def require_size(self, name: str, size_bytes: int) -> None:
        """:raises StorageAltered: the object has another size."""
        with translated(self.config, name):
            answer = self._client.head_object(Bucket=self.config.bucket, Key=self.config.key(name))
        if not answer.keys() >= _OF_AN_OBJECT:
            raise no_storage(self.config)
        if (found := answer["ContentLength"]) != size_bytes:
            raise StorageAltered(
                f"{self.config.location} has {found:,} bytes of {name}, of which {size_bytes:,} were sent"
            )

    def delete(self, name: str) -> None:
        """One that is not there is as good as removed."""
        with suppress(NotFound), translated(self.config, name):
            self._client.delete_object(Bucket=self.config.bucket, Key=self.config.key(name))

    def abort_unfinished(self, now: datetime) -> int:
        """Take back what is left of uploads that nobody finishes any more. Returns how many there were."""
        before = now - timedelta(hours=self.pace.unfinished_hours)
        return self._abort("", lambda _, begun: begun < before)

    def abort_uploads(self, name: str) -> int:
        """Take back what is left of uploads of one object, however young. Returns how many there were."""
        key = self.config.key(name)
        return self._abort(name, lambda found, _: found == key)

    def _abort(self, prefix: str, wanted: Callable[[str, datetime], bool]) -> int:
        aborted = 0
        with translated(self.config):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.config.bucket, Prefix=self.config.key(prefix)
            )
            for each in (each for page in pages for each in page.get("Uploads", ())):
                key, upload_id, begun = each.get("Key", ""), each.get("UploadId", ""), each.get("Initiated")
                if begun is not None and wanted(key, begun):
                    with suppress(self._client.exceptions.NoSuchUpload):  # it was finished, or taken back, meanwhile
                        self._client.abort_multipart_upload(Bucket=self.config.bucket, Key=key, UploadId=upload_id)
                        aborted += 1
        return aborted

    def upload(self, name: str, source: Path) -> Upload:
        """An upload that has not begun."""
        return Upload(self._client, self.config, self.pace, name, source)

    def _page(self, page: ListObjectsV2OutputTypeDef) -> ListObjectsV2OutputTypeDef:
        """A page of a list, if it is one: a web server's answer to anything would be an empty list otherwise."""
        if not _OF_A_LIST & page.keys():
            raise no_storage(self.config)
        return page

    def _stored(self, name: str, size_bytes: int | None, modified_at: datetime | None) -> StoredObject:
        if size_bytes is None or modified_at is None:  # S3 says both of every object
            raise no_storage(self.config)
        return StoredObject(name=name, size_bytes=size_bytes, modified_at=modified_at.astimezone(UTC))


class Upload:
    """A file on its way: whole, or not at all.

    A big one goes in parts, which become an object when all are there, and are taken back otherwise. Memory stays flat:
    parts are read from the file as they are sent.
    """

    def __init__(self, client: S3Client, config: S3Config, pace: Pace, name: str, source: Path) -> None:
        self._client, self._config, self._pace = client, config, pace
        self._name, self._source = name, source
        self._lock = threading.Lock()
        self._cancelled = False
        self._future: TransferFuture | None = None

    def run(self) -> None:
        """Send it. Returns when all parts are there, or nothing is left of them."""
        transfer = TransferConfig(
            multipart_threshold=self._pace.part_bytes,
            multipart_chunksize=self._pace.part_bytes,
            max_concurrency=self._pace.parts_at_once,
        )
        key, about = self._config.key(self._name), {"ContentType": "application/octet-stream"}
        with translated(self._config, self._name), create_transfer_manager(self._client, transfer) as manager:
            future = manager.upload(str(self._source), self._config.bucket, key, about)
            with self._lock:
                self._future = future
                cancelled = self._cancelled
            if cancelled:
                future.cancel()
            future.result()

    def cancel(self) -> None:
        """From any thread. Parts that are on their way arrive first; an object of one part may be there, whole."""
        with self._lock:
            self._cancelled = True
            future = self._future
        if future is not None:
            future.cancel()


def _client(config: S3Config, pace: Pace) -> S3Client:
    token = config.session_token
    with _making:
        client = _session.client(  # pyright: ignore[reportUnknownMemberType] - of the services that are not installed
            "s3",
            aws_access_key_id=config.access_key_id,
            aws_secret_access_key=config.secret_access_key.reveal(),
            aws_session_token=token.reveal() if token else None,
            region_name=config.region,
            endpoint_url=config.endpoint,
            config=Config(
                connect_timeout=pace.connect_seconds,
                read_timeout=pace.read_seconds,
                retries={"mode": "standard", "total_max_attempts": pace.attempts},
                max_pool_connections=_CONNECTIONS,
                signature_version="s3v4",
                tcp_keepalive=True,
                # The digest of each body is signed, and the server refuses what arrives as something else. The newer
                # checksums would do the same, but many providers do not know them.
                s3={"addressing_style": "path" if config.path_style else "virtual", "payload_signing_enabled": True},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                ignore_configured_endpoint_urls=True,  # pyright: ignore[reportCallIssue] - the stubs lag behind
            ),
        )
    # An answer of a handler's is taken for the server's: the stubs know of none.
    client.meta.events.register("before-call.s3.HeadBucket", _region_unknown)  # pyright: ignore[reportArgumentType]
    return client


def _region_unknown(**_: object) -> tuple[AWSResponse, dict[str, Any]]:
    """What the library is told when it asks where a bucket is.

    It does so on its own, when an answer redirects and names no region: a web server that sends from http to https, a
    page to sign in. It would be redirected with that, too, and ask again, until Python's stack is full.
    """
    return AWSResponse("", HTTPStatus.OK, HTTPHeaders(), None), {"ResponseMetadata": {"HTTPHeaders": {}}}
