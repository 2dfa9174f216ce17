"""Errors of the library and of the server as ours. What the server says is quoted as far as its code alone.

Its messages may repeat what was sent, and are in the provider's own words.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

from boto3.exceptions import Boto3Error
from botocore import exceptions as library
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from berrypod.errors import BerrypodError, NotFound
from berrypod_s3.config import S3Config
from berrypod_s3.faults import (
    BucketMissing,
    CredentialsRefused,
    StorageFull,
    StorageRefused,
    StorageSlow,
    StorageUnreachable,
    WrongRegion,
)

# By the codes of AWS, MinIO, Ceph, Wasabi, Backblaze and others.
_FULL: Final = frozenset(
    {
        "EntityTooLarge",
        "InsufficientStorage",
        "QuotaExceeded",
        "QuotaExceededException",
        "ServiceQuotaExceededException",
        "StorageFull",
        "StorageLimitExceeded",
        "XMinioAdminBucketQuotaExceeded",
        "XMinioStorageFull",
    }
)
_REGION: Final = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"}
)
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_NO_OBJECT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})
_WRONG_CLOCK: Final = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_TIMED_OUT: Final = frozenset({"RequestTimeout", "RequestTimeoutException"})

_NOT_THERE_HINT: Final = (
    "Check the endpoint: it is the address of the storage itself, as the provider names it, and mostly begins with "
    "https://."
)
_CLOCK_HINT: Final = "The clock of this machine is wrong: set it (with NTP), and try again."
_CERTIFICATE_HINT: Final = (
    "The certificate of the endpoint is not trusted here: check the address. AWS_CA_BUNDLE names a file of "
    "certificates to trust besides."
)
_TAKEN_BACK_HINT: Final = (
    "Try again. If it stays like this, look whether a rule of the bucket, or another program, takes back uploads that "
    "are not finished within hours."
)
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@contextmanager
def translated(config: S3Config, name: str = "") -> Generator[None]:
    """Have errors of the library raised as ours, in a thread or not.

    :param name: of the object that is worked on, as the archive calls it.
    :raises NotFound: there is no such object.
    :raises BackupError: of `faults`, for anything else.
    """
    try:
        yield
    except ClientError as error:
        # From None: the library's error carries the answer, and with that what was sent.
        raise _refused(error, config, name) from None
    except (BotoCoreError, Boto3Error, HTTPError) as error:
        raise _failed(error, config) from None


def no_storage(config: S3Config) -> BerrypodError:
    """What answers is something else: a web server, or the console of a storage."""
    where = config.endpoint or f"AWS in {config.region}"
    return StorageRefused(f"What answers at {where} is no S3", hint=_NOT_THERE_HINT)


def _refused(error: ClientError, config: S3Config, name: str) -> BerrypodError:
    answer = cast("dict[str, Any]", error.response)
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    found = _CODE.fullmatch(str(answer.get("Error", {}).get("Code") or ""))
    code = found[0] if found else ""
    # An answer without a code of S3's own has its status for one, in the library.
    told = f"{config.location} answers {' '.join(filter(None, dict.fromkeys([str(status or ''), code])))}"
    if _is_no_object(error.operation_name, code, status):
        return NotFound(f"There is no object {name} in {config.location}")
    if code == "NoSuchUpload":
        return StorageRefused(f"{told}: what was sent of {name} was taken back meanwhile", hint=_TAKEN_BACK_HINT)
    if status == 404:
        return BucketMissing(f"There is no bucket {config.bucket} at {config.endpoint or 'AWS'}")
    if code in _WRONG_CLOCK:
        return CredentialsRefused(f"{told}: its clock and that of this machine differ", hint=_CLOCK_HINT)
    if status in _REDIRECTS and code not in _REGION and (config.endpoint or status != 301):
        return StorageRefused(f"{told}: it sends elsewhere", hint=_NOT_THERE_HINT)
    kind, words = _kind(code, status)
    return kind(f"{told}: {words}" if words else told)


def _is_no_object(operation: str, code: str, status: int) -> bool:
    """Without a code, it is what reading asks for that is not there; for the rest the place itself."""
    if operation in ("GetObject", "HeadObject"):
        return code in _NO_OBJECT or (status == 404 and code != "NoSuchBucket")
    return operation == "DeleteObject" and code in _NO_OBJECT - {"404"}


def _kind(code: str, status: int) -> tuple[type[BerrypodError], str]:
    if code in _FULL or status == 507:
        return StorageFull, "it takes no more"
    if code in _REGION or status == 301:
        return WrongRegion, "the bucket is in another region than was said"
    if status in (401, 403):
        return CredentialsRefused, "the access key is refused"
    if code in _TIMED_OUT or status in (408, 504):
        return StorageSlow, "it took too long"
    if status == 429 or status >= 500:
        return StorageUnreachable, "so it did each time that it was asked"
    return StorageRefused, ""


def _failed(error: Exception, config: S3Config) -> BerrypodError:
    where = config.endpoint or f"AWS in {config.region}"
    if isinstance(error, library.SSLError):
        return StorageUnreachable(f"{where} cannot be reached safely", hint=_CERTIFICATE_HINT)
    if isinstance(error, library.ReadTimeoutError):
        return StorageSlow(f"{where} does not answer in time")
    if isinstance(error, library.ConnectTimeoutError):
        return StorageUnreachable(f"{where} does not answer")
    if isinstance(error, library.IncompleteReadError | library.ResponseStreamingError | library.ConnectionClosedError):
        return StorageUnreachable(f"The connection to {where} broke off")
    if isinstance(error, library.HTTPClientError | library.ConnectionError | HTTPError):
        return StorageUnreachable(f"{where} cannot be reached")
    return StorageRefused(f"The request to {where} could not be made ({type(error).__name__})")
