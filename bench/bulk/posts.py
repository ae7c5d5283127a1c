"""Files of posts of any length, the same for the same number of rows. They are written and never held.

Each thousandth row lacks its ID and its address, and is rejected.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

KEYWORD: Final = "northdesk"
BROKEN_EVERY: Final = 1000
ENDINGS: Final = ("jsonl", "jsonl.gz", "csv", "csv.gz", "json", "json.gz")
_ROWS_PER_WRITE: Final = 5000
_WORDS: Final = (
    *(
        "the",
        "team",
        "moved",
        "from",
        "slow",
        "reports",
        "to",
        "better",
        "support",
        "of",
        "new",
        "clients",
        "and",
    ),
    *(
        "price",
        "data",
        "works",
        "with",
        "large",
        "files",
        "since",
        "monday",
        "but",
        "search",
        "stays",
        "open",
    ),
)


def is_broken(number: int) -> bool:
    return number % BROKEN_EVERY == BROKEN_EVERY - 1


def broken(rows: int) -> int:
    """Return the number of rows that are rejected."""
    return rows // BROKEN_EVERY


def is_matching(number: int, every: int) -> bool:
    return number % every == 0 and not is_broken(number)


def matching(rows: int, every: int) -> tuple[int, int]:
    """Return the number of rows that become mentions, and the sum of their numbers."""
    numbers = range(0, rows, every)
    excluded = [n for n in range(BROKEN_EVERY - 1, rows, BROKEN_EVERY) if n % every == 0]
    return len(numbers) - len(excluded), sum(numbers) - sum(excluded)


def content(number: int, every: int) -> str:
    """Return about twelve words. The keyword is among them in each row that matches."""
    place, step = number % len(_WORDS), 1 + number // len(_WORDS) % (len(_WORDS) - 1)
    words = [_WORDS[(place + step * each) % len(_WORDS)] for each in range(11)]
    return f"{' '.join(words)} {KEYWORD if number % every == 0 else 'other'} {number % 1000}"


def _json(number: int, every: int) -> str:
    ids = "" if is_broken(number) else f'"externalId":"p{number}","url":"https://example.com/{number}",'
    return f'{{{ids}"content":"{content(number, every)}","likes":{number % 50}}}'


def _csv(number: int, every: int) -> str:
    ids = "," if is_broken(number) else f"p{number},https://example.com/{number}"
    return f"{ids},{content(number, every)},{number % 50}\n"


def _json_line(number: int, every: int) -> str:
    return _json(number, every) + "\n"


def _element(number: int, every: int) -> str:
    return ("[\n" if number == 0 else ",\n") + _json(number, every)


def _ingest_line(number: int, every: int) -> str:
    return _json(number, every).replace("{", '{"platform":"WEB",', 1) + "\n"


_LINES: Final[dict[str, tuple[str, Callable[[int, int], str], str]]] = {
    "jsonl": ("", _json_line, ""),
    "csv": ("externalId,url,content,likes\n", _csv, ""),
    "json": ("", _element, "\n]\n"),
}


def ingest_lines(first: int, rows: int, every: int) -> Iterator[bytes]:
    """Yield the rows from a number on as pieces of a body of `POST /ingest/mentions`."""
    for start in range(first, rows, _ROWS_PER_WRITE):
        numbers = range(start, min(start + _ROWS_PER_WRITE, rows))
        yield "".join(_ingest_line(number, every) for number in numbers).encode()


def write_posts(path: Path, rows: int, every: int) -> None:
    """Write a file of posts in the format of its name, such as `posts.csv.gz`."""
    before, line, after = _LINES[path.name.removesuffix(".gz").rpartition(".")[2]]
    with _opened(path) as file:
        file.write(before.encode())
        for start in range(0, rows, _ROWS_PER_WRITE):
            numbers = range(start, min(start + _ROWS_PER_WRITE, rows))
            file.write("".join(line(number, every) for number in numbers).encode())
        file.write(after.encode())


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.suffix == ".gz":
        with gzip.open(path, "wb", compresslevel=1) as packed:
            yield cast("BinaryIO", packed)
    else:
        with path.open("wb") as file:
            yield file
