"""The command line: what it prints, how it ends, and what it leaves behind."""
