"""Over TLS, too, the digest of all that is sent is signed: the server refuses what arrives as something else."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from berrypod_s3.bucket import Bucket
from berrypod_s3.config import checked
from botocore.awsrequest import AWSResponse

from tests.s3.conftest import QUICK
from tests.s3.making import ID, SECRET

_BEGUN = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
_DONE = b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"


class _Body(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def test_each_part_is_sent_with_its_digest(tmp_path: Path) -> None:
    config = checked(
        bucket="berries",
        prefix="",
        endpoint="https://s3.example.org",
        region="",
        path_style="",
        access_key_id=ID,
        secret_access_key=SECRET,
    )
    bucket, sent = Bucket(config, QUICK), dict[str, str]()

    def answer(request: Any, **_: Any) -> AWSResponse:
        """In the place of the network."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        digest = headers["x-amz-content-sha256"]
        if request.method == "PUT":
            sent[request.url] = digest.decode() if isinstance(digest, bytes) else digest
        content = b"" if request.method == "PUT" else _BEGUN if "uploads" in request.url else _DONE
        told: Any = {"ETag": '"x"', "content-length": str(len(content))}
        return AWSResponse(request.url, 200, told, _Body(content))

    events: Any = bucket._client.meta.events
    events.register("before-send.s3", answer)
    path = tmp_path / "file"
    content = bytes(range(256)) * 30_000
    for name, size in (("small", 100), ("big", len(content))):
        path.write_bytes(content[:size])
        bucket.upload(name, path).run()

    cut = QUICK.part_bytes
    wanted = [hashlib.sha256(part).hexdigest() for part in (content[:100], content[:cut], content[cut:])]
    assert sorted(sent.values()) == sorted(wanted)
