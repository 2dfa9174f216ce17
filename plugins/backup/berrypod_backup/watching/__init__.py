"""Are backups made, and could a shop be run on them? For /admin and /health, for alarms, and for Prometheus.

tallies     what is counted over time, on disk, so that any process of the shop answers the same
looking     all that can be known now, at a small cost
limits      from when on something is not as it should be
conditions  what is not as it should be. No I/O
metrics     the same in Prometheus's format
doctor      what `berrypod doctor` asks, with the shop running or not
"""
