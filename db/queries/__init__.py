"""The statements: sequences of keys and a scope in, rows out. SQL has no other home."""
