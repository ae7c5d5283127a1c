"""Reads of PostgreSQL's own views, for `services.doctor`. One module per subject, and no judgement."""
