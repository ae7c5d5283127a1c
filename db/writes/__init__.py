"""The statements that change rows: sequences of values and a scope in, the rows as they are now out."""
