"""Ratios of ours against the limit and a peer, side by side in one run: machines are noisy.

python -m benchmarks.serve      hot pages against FastAPI + SQLAlchemy + aiosqlite, and encrypted against plain
python -m benchmarks.backup     each way to make a backup against cp and bare VACUUM INTO, and what a writer feels of it
python -m benchmarks.orders     what orders feel of backups, over HTTP
python -m benchmarks.restore    what customers feel of a restore, against stop, cp, start
"""
