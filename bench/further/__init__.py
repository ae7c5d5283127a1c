"""Further operations that users send, each with a hand-written floor."""
