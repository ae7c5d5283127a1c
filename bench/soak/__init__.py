"""The soak test: many concurrent writers and readers over HTTP while processes are killed.

`python -m bench.soak` (or `make soak`) runs random operations, by mutations and by streams, as members and as
operators. It has three parts: without kills, with kills of the server (SIGKILL and restart), and with kills of
PostgreSQL. A model remembers each acknowledged write (`model`), readers check each response (`reader`), and at the end
the proof compares the model with the rows (`proof`).
"""
