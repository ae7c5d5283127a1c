"""The guides: their queries are sent, their commands are run, and their code is compared with the examples."""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.checkout import Checkout
from tests.support.demo import Demo

ROOT = Path(__file__).parents[2]
TESTED_ELSEWHERE = {
    "new-entity.md",  # test_new_entity.py
    "backup.md",  # tests/db/backup/test_point_in_time.py and tests/server/commands/test_backup.py
    "sign-in.md",  # tests/server/http/test_sessions.py
    "webhooks.md",  # tests/server/webhooks/test_example.py and tests/schema/test_webhooks.py
    "persons.md",  # tests/server/commands/test_persons.py
    "logs.md",  # tests/server/runtime/test_logs.py and test_tracing.py
}
GUIDES = sorted(path for path in (ROOT / "docs" / "guides").glob("*.md") if path.name not in TESTED_ELSEWHERE)
FENCED = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUOTED_FROM = {"ts": "*/**/*.ts", "python": "python/*.py", "sh": "curl/*.sh"}
CONFIGURATION = "ini"
"""The language of settings, of PgBouncer and of Leadgraph. The tests of these settings run them with addresses of their own."""
NEEDS_NODE = "npm "
READS = {"front-end.md", "partners.md", "curl.md", "apollo.md", "urql.md", "relay.md", "live.md"}
WRITES = {"ingest.md", "writes.md", "export.md"}


@dataclass(frozen=True)
class Block:
    guide: str
    line: int
    language: str
    text: str
    after: str = ""
    """The next block, if it shows the variables or the output of this block."""
    after_language: str = ""

    def __str__(self) -> str:
        return f"{self.guide}:{self.line}"

    @property
    def is_quoted(self) -> bool:
        """Whether an example contains the block, letter by letter."""
        sources = (ROOT / "examples").glob(QUOTED_FROM.get(self.language, ""))
        return any(self.text in path.read_text() for path in sources if "node_modules" not in path.parts)


def blocks() -> Iterator[Block]:
    for path in GUIDES:
        text = path.read_text()
        for fence, behind in itertools.pairwise([*FENCED.finditer(text), None]):
            assert fence is not None
            line = text[: fence.start()].count("\n") + 1
            belongs = behind is not None and behind[1] in {"json", "text"}
            after = (behind[2], behind[1]) if behind is not None and belongs else ("", "")
            yield Block(path.name, line, fence[1], fence[2], *after)


BLOCKS = list(blocks())
GRAPHQL = [block for block in BLOCKS if block.language == "graphql"]
LIVE = [block for block in GRAPHQL if re.match(r"subscription\b|.*@live", block.text)]
QUERIES = [block for block in GRAPHQL if block not in LIVE]
QUOTED = [block for block in BLOCKS if block.language in {"ts", "python"}]
COMMANDS = [block for block in BLOCKS if block.language == "sh" and not block.is_quoted]


def test_every_block_of_the_guides_is_tested() -> None:
    languages = {block.language for block in BLOCKS}
    assert languages == {"graphql", "json", "text", "ts", "python", "sh", CONFIGURATION}
    answers = [block.after for block in (*GRAPHQL, *COMMANDS) if block.after]
    assert sorted(answers) == sorted(block.text for block in BLOCKS if block.language in {"json", "text"})
    assert {block.guide for block in COMMANDS} == READS | WRITES


@pytest.mark.parametrize("block", QUOTED, ids=str)
def test_code_in_the_guides_is_quoted_from_the_examples(block: Block) -> None:
    assert block.is_quoted


def empty_paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from empty_paths(inner, f"{path}.{name}")
    elif value in ([], None):
        yield path


@pytest.mark.parametrize("block", QUERIES, ids=str)
def test_queries_of_the_guides_return_no_empty_values(demo: Demo, block: Block) -> None:
    data = demo.ask(block.text, **json.loads(block.after or "{}"))
    assert list(empty_paths(data)) == []


@pytest.mark.parametrize("block", LIVE, ids=str)
def test_live_operations_of_the_guides_run(demo: Demo, block: Block) -> None:
    """A live query answers at once. A subscription waits for the first event, and is not refused before."""
    headers = {"authorization": f"Bearer {demo.facts['api_key']}", "accept": "text/event-stream"}
    body = {"query": block.text, "variables": json.loads(block.after or "{}")}
    lines = []
    with (
        suppress(httpx.ReadTimeout),
        httpx.stream("POST", demo.facts["url"], json=body, headers=headers, timeout=2) as response,
    ):
        for line in response.iter_lines():
            lines.append(line)
            if line.startswith("data: "):
                break
    answers = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert [list(answer) for answer in answers] == ([["data"]] if "@live" in block.text else [])


def test_queries_of_the_guides_show_all_their_variables() -> None:
    for block in GRAPHQL:
        assert set(json.loads(block.after or "{}")) == set(re.findall(r"\$(\w+):", block.text)), block


def made_runnable(text: str, demo: Demo) -> str:
    """Replace the address and the API key in a command by those of the demo."""
    text = text.replace("http://127.0.0.1:8000/graphql", demo.facts["url"])
    return text.replace("lg_live_…", demo.facts["api_key"])


@pytest.mark.parametrize("guide", sorted({block.guide for block in COMMANDS}))
def test_the_commands_of_a_guide_work_in_order(
    request: pytest.FixtureRequest, guide: str, tmp_path: Path
) -> None:
    """The commands run in one shell, and their output equals the output that the guide shows."""
    checkout: Checkout = request.getfixturevalue("checkout_to_write" if guide in WRITES else "checkout")
    commands = [block for block in COMMANDS if block.guide == guide]
    if any(NEEDS_NODE in block.text for block in commands):
        request.getfixturevalue("checkout_with_node")
    steps = [
        f"{{\n{made_runnable(block.text, checkout.demo)}}} > {tmp_path}/{number}"
        for number, block in enumerate(commands)
    ]
    checkout.output("set -e\n" + "\n".join(steps), LEADGRAPH_URL="", LEADGRAPH_API_KEY="")
    for number, block in enumerate(commands):
        output = (tmp_path / str(number)).read_text()
        if block.after_language == "json":
            answer = json.loads(output)
            answer.pop("extensions")  # the statements, which only demos return
            assert answer == json.loads(block.after), block
        elif block.after:
            assert without_ids(output) == without_ids(block.after), block
        else:
            assert output.strip() or "export" in block.text, block


def without_ids(text: str) -> str:
    """Shorten the IDs of a text to their types, because the IDs of each demo differ."""
    return re.sub(r'"(TWVudGlvbjo|S2V5d29yZDo)[^"]*"', r'"\1…"', text)


def shape(value: Any) -> Any:
    """Return the names and types of values, without the values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def test_the_query_of_the_readme_returns_the_shape_that_the_readme_shows(checkout: Checkout) -> None:
    """The demo of the README is larger, so that texts and numbers differ."""
    text = (ROOT / "README.md").read_text()
    (command,) = re.findall(r"```sh\n(KEY=.*?)```", text, re.DOTALL)
    (shown,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    answer, expected = json.loads(checkout.output(made_runnable(command, checkout.demo))), json.loads(shown)
    assert shape(answer) == shape(expected)
    assert answer["extensions"] == expected["extensions"]
