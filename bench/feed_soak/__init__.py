"""The soak of the change feed: writers, kills, and consumers that must get each committed change.

`python -m bench.feed_soak` (or `make soak-feed`) writes by mutations, by ingest and by SQL: batches, cascades,
savepoints, rollbacks, and transactions that stay open for seconds. Meanwhile, servers, workers and PostgreSQL are
killed. Pollers of `changes`, WebSockets, event streams and receivers of webhooks keep what they get (`consumers`,
`receiver`). A ledger (`ledger`), which other triggers write for each row, is what was committed. At the end, `judge`
compares each history with the ledger.
"""
