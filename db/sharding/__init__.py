"""The database distributed by user: where each table belongs, and the SQL that converts a database (docs/guides/sharding.md)."""
