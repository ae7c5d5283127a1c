"""Lighthouse on the page of a running demo."""
