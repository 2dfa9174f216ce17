"""Archives by their address."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from berrypod.archive.archive import Archive
from berrypod.context import PluginContext
from berrypod.declarations import ArchiveSource
from berrypod.errors import NotFound
from berrypod_s3.address import SCHEME, parse
from berrypod_s3.config import S3Config
from berrypod_s3.configuring import S3Settings, config_of, environment_of, together
from berrypod_s3.faults import CredentialsRefused
from berrypod_s3.storage import Fixed, S3Storage

_OURS: Final = re.compile(r"berrypod-[0-9a-f]{12}")


class PrefixNeeded(NotFound):
    code = "archive_prefix_needed"
    title = "There are several shops in this bucket"


def source(context: PluginContext) -> ArchiveSource:
    """`s3://bucket/prefix`, with the key from the environment."""

    async def opened(address: str) -> Archive:
        return await open_archive(context, address)

    return ArchiveSource(scheme=SCHEME, title="S3", open=opened)


async def open_archive(context: PluginContext, address: str) -> Archive:
    """The archive at an address. What the address does not say, the environment may; the shop's file is not asked.

    :raises AddressInvalid: (and other Invalid ones) the address cannot be right.
    :raises CredentialsRefused: there is no key in the environment.
    :raises PrefixNeeded: the bucket has several shops, and the address names none.
    """
    named = parse(address)
    own, aws = environment_of(context)
    # Of the environment the key, and how that provider is reached: which bucket is what the address says.
    own = {name: value for name, value in own.items() if name not in ("bucket", "prefix")}
    values = {**together(own, S3Settings(), aws), **named}
    if not values.get("access_key_id") or not values.get("secret_access_key"):
        raise CredentialsRefused(
            "There is no access key in the environment",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or BERRYPOD_S3_ACCESS_KEY_ID and "
            "BERRYPOD_S3_SECRET_ACCESS_KEY), and try again.",
        )
    config = config_of(values)
    if not config.prefix:
        config = config_of({**values, "prefix": await _only_shop(config)})
    return Archive(S3Storage(Fixed(config)), work_folder=context.work_folder)


async def _only_shop(config: S3Config) -> str:
    """The prefix of the one shop in the bucket; nothing if there is none, or if backups lie at its top."""
    storage = S3Storage(Fixed(config))
    found = [name for name in await storage.folders() if _OURS.fullmatch(name)]
    if not found or await storage.list("berrypod-backup-"):
        return ""
    if len(found) > 1:
        raise PrefixNeeded(
            f"There are several shops in {config.location}",
            # Whole addresses, endpoint and all: without it, it would be a bucket at AWS.
            hint=f"Name one of them: {', '.join(replace(config, prefix=name).location for name in found[:10])}",
        )
    return found[0]
