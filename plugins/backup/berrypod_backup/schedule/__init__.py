"""Backups that are made by themselves.

settings   when, to which archives, how; and what is wrong with that
times      the times at which one is due: the library's, made to answer from any moment
state      what has become of them, on disk: which process serves them may change at any moment
following  one look at the clock: is something due, or due again?
serving    one backup that is due: made, old ones removed, the new one proven
leading    one process of all looks: the one that has the lock
service    what pages, API, command line and alarms ask
"""
