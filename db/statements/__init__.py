"""SQL statements of requests and jobs, one module per entity.

A function that takes a `Reader` reads; a function that takes a `Writer` may write. `read_rows` and
`write_rows` serve all models. Functions decorated with `statement` build SQL; their names are the names of
the statements.
"""
