"""Subscriptions and live queries: their runs, what subscribers share, and the protocols of WebSockets and SSE."""
