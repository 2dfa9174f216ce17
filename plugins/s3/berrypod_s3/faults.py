"""What can be wrong with a bucket.

BackupError
├── NotConfigured         nobody has said where backups go
├── CredentialsRefused    the keys are unknown, or may not do what is asked
├── BucketMissing         there is no such bucket
├── WrongRegion           it is in another region than was said
├── StorageFull           a quota is reached, or the provider's disk is full
├── StorageUnreachable    nobody answers, the connection broke off, or the provider is overloaded
├── StorageSlow           it answers, and not in time
├── StorageAltered        what it has is not what was sent
└── StorageRefused        anything else that it refuses, with its own code
"""

from __future__ import annotations

from berrypod.errors import BackupError


class NotConfigured(BackupError):
    code = "not_configured"
    status = 409
    title = "It has not been said where off-site backups go"
    default_hint = (
        "Enter a bucket and its keys on /admin/backup, at *Off-site copies in S3*; or set BERRYPOD_S3_BUCKET, "
        "BERRYPOD_S3_ACCESS_KEY_ID and BERRYPOD_S3_SECRET_ACCESS_KEY, and restart."
    )


class CredentialsRefused(BackupError):
    code = "credentials_refused"
    status = 502
    title = "The storage does not accept the access key for this"
    default_hint = (
        "Check the access key's id and secret, and that its policy allows to list the bucket, and to read, write and "
        "delete below the prefix: docs/s3.md has a policy to copy."
    )


class BucketMissing(BackupError):
    code = "bucket_missing"
    status = 502
    title = "There is no such bucket"
    default_hint = "Create the bucket at your provider, or correct its name, the endpoint or the region."


class WrongRegion(BackupError):
    code = "wrong_region"
    status = 502
    title = "The bucket is in another region"
    default_hint = "Set the region that the provider shows for this bucket."


class StorageFull(BackupError):
    code = "storage_full"
    status = 507
    title = "The storage takes no more: it is full, or a quota is reached"
    default_hint = (
        "Raise the quota at your provider, or have fewer backups kept there. Nothing of this one was left; those that "
        "were there are as they were."
    )


class StorageUnreachable(BackupError):
    code = "storage_unreachable"
    status = 502
    title = "The storage cannot be reached"
    default_hint = "Check the endpoint and the network, and whether the provider reports trouble. Then try again."


class StorageSlow(BackupError):
    code = "storage_slow"
    status = 504
    title = "The storage does not answer in time"
    default_hint = "Try again later. If it stays like this, ask the provider, or look at the line in between."


class StorageAltered(BackupError):
    code = "storage_altered"
    status = 502
    title = "The storage does not have what was sent to it"
    default_hint = "Do not rely on this storage. Try once more, and if it happens again, ask the provider."


class StorageRefused(BackupError):
    code = "storage_refused"
    status = 502
    title = "The storage refused the request"
    default_hint = "Look up the code that it gave in your provider's documentation."
