"""Print the SQL that distributes a database by user with Citus (docs/guides/sharding.md).

python -m tools.citus_schema > deploy/citus.sql
"""

import sys

from db.sharding.citus import script


def main() -> int:
    """Print the script, and return the exit status."""
    sys.stdout.write(script())
    return 0


if __name__ == "__main__":
    sys.exit(main())
