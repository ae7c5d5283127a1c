"""The metrics of a process for Prometheus: one module per subject, and the route.

Each process has its own metrics, which Prometheus adds up (docs/decisions/0032-metrics.md). A request costs a few
additions: histograms are lists of counts, and labels are looked up once per request.
"""
