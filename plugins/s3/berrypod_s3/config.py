"""What a bucket is reached by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, urlencode, urlsplit

from berrypod.errors import Invalid
from berrypod.settings import Secret

PathStyle = Literal["auto", "yes", "no"]

DEFAULT_REGION: Final = "us-east-1"

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_PART: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_REGION: Final = re.compile(r"(?![0-9]+$)[A-Za-z0-9]([A-Za-z0-9-]{0,48}[A-Za-z0-9])?")
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # a part of a host's name
_KEY_ID: Final = re.compile(r"[!-~]{1,128}")
_SECRET: Final = re.compile(r"[!-~]{1,256}")
_LONGEST_PREFIX: Final = 200


@dataclass(frozen=True, kw_only=True)
class S3Config:
    """Checked: whatever it was made of, this can be used.

    `prefix` has no `/` at its ends, and may be empty. `endpoint` is None for AWS. `path_style` says whether the bucket
    is in the path of an address; otherwise it is in the host's name.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    path_style: bool
    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None

    @property
    def location(self) -> str:
        """For people, and as an address that `berrypod restore from` takes. No secret is in it."""
        place = "/".join(filter(None, [self.bucket, self.prefix]))
        told: dict[str, str] = {}
        if self.endpoint is not None:
            told["endpoint"] = self.endpoint
            if not self.path_style:
                told["path_style"] = "no"
        if self.region != DEFAULT_REGION:
            told["region"] = self.region
        return f"s3://{place}" + (f"?{urlencode(told, safe=':/')}" if told else "")

    @property
    def in_the_clear(self) -> bool:
        """True if what is sent can be read on the way to another machine. (An encrypted shop's backups say nothing.)"""
        parts = urlsplit(self.endpoint or "")
        return parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost")

    def key(self, name: str) -> str:
        """The key of the archive's object `name`."""
        return f"{self.prefix}/{name}" if self.prefix else name


def checked(
    *,
    bucket: str,
    prefix: str,
    endpoint: str,
    region: str,
    path_style: str,
    access_key_id: str,
    secret_access_key: str,
    session_token: str = "",
) -> S3Config:
    """Make a config of what somebody has entered.

    :raises Invalid: with all the fields that cannot be right. Their values are not in it.
    """
    bucket, prefix, endpoint = bucket.strip(), prefix.strip().strip("/"), endpoint.strip().rstrip("/")
    region, access_key_id = region.strip(), access_key_id.strip()
    secret_access_key = secret_access_key.strip()
    wrong = {
        "bucket": _wrong_bucket(bucket),
        "prefix": wrong_prefix(prefix),
        "endpoint": wrong_endpoint(endpoint),
        "region": None if not region or _REGION.fullmatch(region) else "This is no region, such as eu-central-1.",
        "path_style": None if path_style in ("", "auto", "yes", "no") else "Choose auto, yes or no.",
        "access_key_id": None if _KEY_ID.fullmatch(access_key_id) else "Enter the id of the access key.",
        "secret_access_key": None if _SECRET.fullmatch(secret_access_key) else "Enter the secret access key.",
    }
    fields = {name: words for name, words in wrong.items() if words}
    if fields:
        raise Invalid(
            "The settings of the S3 storage cannot be right: " + " ".join(f"{name}: {fields[name]}" for name in fields),
            fields=fields,
        )
    return S3Config(
        bucket=bucket,
        prefix=prefix,
        endpoint=endpoint or None,
        region=region or DEFAULT_REGION,
        # Few others than AWS have a certificate and a name for each bucket.
        path_style=bool(endpoint) if path_style in ("", "auto") else path_style == "yes",
        access_key_id=access_key_id,
        secret_access_key=Secret(secret_access_key),
        session_token=Secret(session_token) if session_token else None,
    )


def wrong_prefix(prefix: str) -> str | None:
    """What is wrong with a prefix; None if nothing is."""
    if not prefix or (len(prefix) <= _LONGEST_PREFIX and all(map(_PART.fullmatch, prefix.split("/")))):
        return None
    return "Use letters, digits, `.`, `_` and `-`, with `/` between parts that do not begin with a dot."


def wrong_endpoint(endpoint: str) -> str | None:
    """What is wrong with an endpoint; None if nothing is."""
    if not endpoint:
        return None
    parts = _split(endpoint)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        return "Enter the whole address, beginning with https://."
    if parts.username is not None or parts.password is not None:
        return "Leave out what stands before the @: keys have fields of their own."
    if ":" not in parts.hostname and not all(map(_LABEL.fullmatch, parts.hostname.removesuffix(".").split("."))):
        # The library takes no other. Containers of Docker often have a `_` in their names, which no host may have.
        return "A host's name has letters, digits and `-`, with `.` between its parts."
    if parts.path or parts.query or parts.fragment:
        return "Leave out what comes after the host: the bucket and the prefix have fields of their own."
    return None


def _wrong_bucket(bucket: str) -> str | None:
    if not bucket:
        return "Enter the name of the bucket."
    return None if _BUCKET.fullmatch(bucket) else "This is no name of a bucket: 3 to 63 letters, digits, `.` and `-`."


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return None
    return parts
