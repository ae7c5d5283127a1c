"""Imports, streams and exports of millions of rows: memory over time, kills on the way, rows lost and doubled."""
