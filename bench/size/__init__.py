"""The durations of reads, writes and deletions with one and with ten million mentions (docs/decisions/0060)."""
