"""`python -m berrypod`."""

from berrypod.cli import main

main()
