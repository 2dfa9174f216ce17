"""An archive's address, with which a machine that knows nothing yet finds it: `s3://bucket/prefix?endpoint=...`."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from berrypod.errors import Invalid

SCHEME: Final = "s3"

_OPTIONS: Final = ("endpoint", "region", "path_style")
_HINT: Final = (
    "An address is s3://BUCKET/PREFIX, with ?endpoint=https://...&region=... for another provider than AWS; the page "
    "of the shop, and docs/s3.md, show it. The access key comes from the environment."
)


class AddressInvalid(Invalid):
    code = "archive_address_invalid"
    title = "This is no address of an archive in S3"
    default_hint = _HINT


def parse(address: str) -> dict[str, str]:
    """What the address says, by the names of fields.

    :raises AddressInvalid: it is none. A key that somebody has written into it is not repeated.
    """
    parts = _split(address)
    if "@" in parts.netloc:
        raise AddressInvalid(
            "The address has a key in it, which others could read in the list of processes",
            hint="Take out what stands before the @: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
        )
    if not parts.netloc:
        raise AddressInvalid("The address names no bucket")
    if parts.fragment:
        raise AddressInvalid("What comes after a # means nothing here")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - set(_OPTIONS))
    if unknown:
        raise AddressInvalid(
            "The address has something in it that means nothing here: it may have "
            + ", ".join(_OPTIONS)
            + " after the question mark, and nothing else"
        )
    return {**options, "bucket": parts.netloc, "prefix": unquote(parts.path).strip("/")}


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise AddressInvalid("The address makes no sense") from None
    if parts.scheme != SCHEME:
        raise AddressInvalid("The address does not begin with s3://")
    return parts
