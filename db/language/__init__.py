"""The language of reads: scopes, filters, orders, projections and the classes of rows.

It holds no statement.
"""
