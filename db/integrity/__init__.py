"""Triggers that keep counters, roll-ups and owners correct, and the code that verifies, repairs and fills
them.
"""
