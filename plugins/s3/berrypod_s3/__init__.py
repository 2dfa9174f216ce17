"""Off-site backups in S3-compatible object storage.

config, address             what a bucket is reached by, checked; the address that says it to another machine
configuring, names          where that comes from: the environment, or a record in the shop's file that is encrypted
storage                     S3Storage, in which `berrypod.archive` keeps backups; downloading: whole, or an error
bucket, threads, pace       the library (imported when it is needed), its threads, and its patience
faults, translating         what can be wrong, in words for whoever looks after the shop
trial                       a small object is written, read back, compared and deleted
sources                     archives by their address: `berrypod restore from s3://...`

panel, pages                the part of /admin/backup
commands                    `berrypod s3 test`
plugin                      the hooks
"""
