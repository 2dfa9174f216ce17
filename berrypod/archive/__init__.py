"""Kept backups: whole files, or pages that are stored once, with a manifest each, in any `ObjectStorage`.

objects    the storage that an archive lies in; folder: the one on this machine
manifest   what is written down beside each backup
"""
