"""Leadgraph beside other servers, on the same data: `make bench`, described in docs/performance.md."""
