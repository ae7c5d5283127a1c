"""Words that no answer may have: of stacks, SQL, paths, versions and addresses of the inside."""

import re
from typing import Final

LEAKS: Final = {
    "a stack": r"Traceback|File \"|line \d+, in |\bat 0x[0-9a-f]{4,}",
    "a class": r"asyncpg|graphql-core|graphql\.\w|sqlalchemy|strawberry|starlette|uvicorn|uvloop|\bNoneType\b|Exception\b"
    r"|\b(?!UserError|IngestError|onError)\w+Error\b|<[a-z_.]+ object",
    "SQL": r"\bSELECT\b|\bINSERT INTO\b|\bUPDATE \w+ SET\b|\bDELETE FROM\b|\bFROM pg_|\brelation \"|\bconstraint \"|\$\d\b"
    r"|\b(?:fk|pk|uq|ck|ix)_[a-z]+_",
    "a path": r"/(?:usr|home|root|tmp|var|opt|etc|work)/|\.py\b|site-packages",
    "a version": r"\b[Pp]ython[ /]\d|PostgreSQL \d|\b\d+\.\d+\.\d+\b",
}
_LEAKS: Final = {name: re.compile(pattern) for name, pattern in LEAKS.items()}


def leak_in(text: str) -> str | None:
    """Return the kind of the first leak and its words, or None."""
    for name, pattern in _LEAKS.items():
        found = pattern.search(text)
        if found:
            return f"{name}: {found.group()}"
    return None


def assert_no_leak(text: str) -> None:
    found = leak_in(text)
    assert found is None, (found, text)
