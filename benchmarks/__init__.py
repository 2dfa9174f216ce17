"""Ratios of ours against the limit and a peer, side by side in one run: machines are noisy.

python -m benchmarks.serve      hot pages against FastAPI + SQLAlchemy + aiosqlite, and encrypted against plain
python -m benchmarks.backup     a backup against bare VACUUM INTO, and what orders feel of it
python -m benchmarks.restore    what customers feel of a restore, against stop, cp, start
"""
