"""The names of the plugin's settings, and what each is for."""

from __future__ import annotations

from typing import Final

from berrypod.declarations import SettingDeclaration

BUCKET: Final = "BERRYPOD_S3_BUCKET"
PREFIX: Final = "BERRYPOD_S3_PREFIX"
ENDPOINT: Final = "BERRYPOD_S3_ENDPOINT"
REGION: Final = "BERRYPOD_S3_REGION"
PATH_STYLE: Final = "BERRYPOD_S3_PATH_STYLE"
ACCESS_KEY_ID: Final = "BERRYPOD_S3_ACCESS_KEY_ID"
SECRET_ACCESS_KEY: Final = "BERRYPOD_S3_SECRET_ACCESS_KEY"  # noqa: S105 - a name

AWS_REGION: Final = "AWS_REGION"
AWS_ENDPOINT: Final = "AWS_ENDPOINT_URL_S3"
AWS_ACCESS_KEY_ID: Final = "AWS_ACCESS_KEY_ID"
AWS_SECRET_ACCESS_KEY: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a name
AWS_SESSION_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105 - a name

_INSTEAD: Final = "Read where neither the plugin's own variable nor the admin page says it."

SETTINGS: Final = (
    SettingDeclaration(name=BUCKET, help="The bucket that off-site backups go to."),
    SettingDeclaration(
        name=PREFIX, help="What the names of the shop's objects begin with. Without it, one that only this shop has."
    ),
    SettingDeclaration(name=ENDPOINT, help="The address of a provider other than AWS, with https://."),
    SettingDeclaration(name=REGION, help="The region of the bucket."),
    SettingDeclaration(
        name=PATH_STYLE,
        help="Is the bucket in an address's path (`yes`), or in its host name (`no`)? `auto`: as is usual there.",
    ),
    SettingDeclaration(name=ACCESS_KEY_ID, help="The id of the access key."),
    SettingDeclaration(name=SECRET_ACCESS_KEY, help="The secret access key.", secret=True),
    SettingDeclaration(name=AWS_REGION, help=_INSTEAD),
    SettingDeclaration(name=AWS_ENDPOINT, help=_INSTEAD),
    SettingDeclaration(name=AWS_ACCESS_KEY_ID, help=_INSTEAD),
    SettingDeclaration(name=AWS_SECRET_ACCESS_KEY, help=_INSTEAD, secret=True),
    SettingDeclaration(name=AWS_SESSION_TOKEN, help=f"{_INSTEAD} It belongs to temporary keys.", secret=True),
)
