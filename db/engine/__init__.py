"""Connections, sessions and transactions, compiled statements, whole databases and migrations."""
