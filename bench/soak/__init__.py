"""Proof under fire: many writers and readers at once through the front door, while processes are killed.

`python -m bench.soak` (or `make soak`) writes at random for a stated number of operations: by mutations and by
streams, as members and as operators, in three parts: undisturbed, while the server is killed with -9 and started
again, and while PostgreSQL is. What was acknowledged is remembered (`model`), every answer to a reader is checked
(`reader`), and in the end all of it is held against the rows (`proof`).
"""
