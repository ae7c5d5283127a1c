"""A report about the database and what depends on it. One module per subject has the checks and their words.

`db.inspection` reads; the checks judge, and name the command that mends each finding.
"""
