"""Backups that are made by themselves.

settings   when, to which archives, how; and what is wrong with that
times      the times at which one is due: the library's, made to answer from any moment
state      what has become of them, on disk: which process serves them may change at any moment
following  from the clock, the settings and the state: is something due, and what does an outcome mean?
serving    one backup that is due: made, old ones removed, the new one proven
leading    one process of all looks at the clock: the one that has the lock
status     how it gets on
service    what all below, the alarms and the figures ask
api, wire  /api/backups/schedule
pages, view, forms  /admin/backup/schedule, with the form of the retention
commands, doing     `berrypod backup schedule`
words      a schedule in words
"""
