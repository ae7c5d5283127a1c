"""Benchmarks of Leadgraph and other servers on the same data: `make bench` (docs/performance.md)."""
