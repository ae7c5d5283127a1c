"""The data of one person: declared by column, found, exported and erased (docs/decisions/0060)."""
