"""The database layer: the only package that holds SQL.

- `db.statements` holds the statements of requests and jobs.
- `db.integrity` holds triggers, and the statements that verify, repair and fill counters and roll-ups.
- `db.persons` holds statements that find, export and erase the data of one person.
- `db.inspection` holds reads of PostgreSQL's own views, and commands that mend what they show.
- `db.backup` holds statements that read, create and rename whole databases for backups.
- `db.engine` holds statements on sessions and whole databases, such as `BEGIN` and `CREATE DATABASE`.
- `db.sharding` holds the statements that distribute a database by user.
- `db.models` declares tables. SQLAlchemy derives their DDL, apart from one storage setting.

`db.language` translates scopes, filters, orders and projections into SQLAlchemy expressions, and holds no
statement. `db.embedded` runs the PostgreSQL server that comes with the project. `alembic/` holds frozen
copies of DDL.
"""
