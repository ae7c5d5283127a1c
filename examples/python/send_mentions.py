"""Send the posts of a file with one JSON object per line, and print the lines that failed.

    python send_mentions.py posts.jsonl

A file may be sent again, also after an interruption: no post is stored twice. Set LEADGRAPH_URL and
LEADGRAPH_API_KEY. Install the packages of requirements.txt.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

Result = dict[str, Any]


class RefusedError(Exception):
    """The API refused the whole stream. Nothing was written."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("\n".join(f"{error['extensions']['code']}: {error['message']}" for error in errors))


def send(path: Path, url: str, key: str) -> Iterator[Result]:
    """Yield the result of each line, and a summary at the end. The file is read while it is sent."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    with path.open("rb") as file, httpx.stream("POST", url, content=file, headers=headers) as answer:
        if answer.is_error:
            raise RefusedError(json.loads(answer.read())["errors"])
        for line in answer.iter_lines():
            yield json.loads(line)


def is_complete(result: Result) -> bool:
    """Print the errors of a result or its summary. Return whether the result has no errors."""
    for error in result.get("errors", []):
        print(f"line {result['line']}: {error['field'] or 'row'}: {error['message']}", file=sys.stderr)
    if "error" in result:
        print(f"{result['error']['message']} Send the file again.", file=sys.stderr)
    if "summary" in result:
        print(json.dumps(result["summary"]))
    return "errors" not in result and "error" not in result


def main(arguments: list[str]) -> int:
    """Send the file, and return the exit status."""
    url, key = os.environ.get("LEADGRAPH_URL"), os.environ.get("LEADGRAPH_API_KEY")
    if not url or not key or len(arguments) != 1:
        print("Set LEADGRAPH_URL and LEADGRAPH_API_KEY, and pass a file.", file=sys.stderr)
        return 1
    url = url.removesuffix("/graphql") + "/ingest/mentions"
    try:
        complete = [is_complete(result) for result in send(Path(arguments[0]), url, key)]
    except RefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except (OSError, httpx.HTTPError) as failure:
        print(f"Cannot send {arguments[0]} to {url}: {failure}", file=sys.stderr)
        return 1
    return 0 if all(complete) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
