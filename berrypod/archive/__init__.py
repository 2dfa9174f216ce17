"""Kept backups: whole files, or pages that are stored once, with a manifest each, in any `ObjectStorage`.

archive    what others use: `Archive`
objects    the storage that an archive lies in; folder: the one on this machine
manifest   what is written down beside each backup; layout: what is called how
entries    what lies there; taking, capturing: how it gets there; deleting: how it goes
fetching   the ordinary file; verifying: whether all of it is as it was stored
place      the part of it that is on this machine: locks, files on their way, indexes
"""
