"""Prepared operations: parsed, validated, planned and measured once per document."""
