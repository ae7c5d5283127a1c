"""The example programs, run against a demo: each prints exactly the rows of the API, and reports errors."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import Checkout
from tests.support.demo import Demo

ROOT = Path(__file__).parents[2]
TYPESCRIPT = "examples/typescript"
PYTHON = "python examples/python/leads.py"
SEND = "python examples/python/send_mentions.py"
CURL = "sh examples/curl/mentions.sh"


@pytest.fixture(scope="module")
def typescript(checkout_with_node: Checkout) -> Checkout:
    """The checkout with the packages of the lock file and generated types."""
    checkout_with_node.output(f"cd {TYPESCRIPT} && npm ci && npm run generate")
    return checkout_with_node


def rows(demo: Demo, document: str, **variables: object) -> Iterator[Any]:
    """Yield all rows of the list `rows`, page by page."""
    after = None
    while True:
        page = demo.ask(document, after=after, **variables)["rows"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


PROMISING = """query($after: String) {
    rows: mentions(first: 100, after: $after, orderBy: OLDEST, filter: {hasLead: false, relevance: {eq: HIGH},
        or: [{intent: {in: [BUYING, RECOMMENDATION_REQUEST]}}, {sentiment: {eq: NEGATIVE}}]}) {
        nodes { createdAt platform author url keyword { keyword } analysis { intent } }
        pageInfo { hasNextPage endCursor }
    }
}"""


def test_the_typescript_example_compiles_and_prints_the_mentions_of_the_api(typescript: Checkout) -> None:
    typescript.output(f"cd {TYPESCRIPT} && npm run check")
    done = typescript.run(f"cd {TYPESCRIPT} && npm start --silent")
    wanted = [
        "\t".join(
            [
                row["createdAt"],
                row["platform"],
                row["author"],
                row["keyword"]["keyword"],
                row["analysis"]["intent"] or "",
                row["url"],
            ]
        )
        for row in rows(typescript.demo, PROMISING)
    ]
    assert done.stdout.splitlines() == wanted
    pages = [int(size) for size in re.findall(r"^page \d+: (\d+)$", done.stderr, re.MULTILINE)]
    assert len(pages) > 1
    assert set(pages[:-1]) == {25}
    assert sum(pages) == len(wanted)


MENTIONS, CODEGEN = f"{TYPESCRIPT}/src/mentions.ts", f"{TYPESCRIPT}/codegen.ts"


@pytest.mark.parametrize(
    ("file", "written", "instead", "command", "complaint"),
    [
        (MENTIONS, "totalCount", "totalCounts", "generate", "Cannot query field"),
        (MENTIONS, "$size: Int!", "$size: Float!", "generate", 'expecting type "Int"'),
        (CODEGEN, 'Decimal: "string",', "", "generate", "Unknown scalar type Decimal"),
        (MENTIONS, "{ eq:", "{ equals:", "check", "'equals'"),
        (MENTIONS, "analysis?.intent", "analysis.intent", "check", "possibly 'null'"),
        (MENTIONS, "keyword.keyword", "keyword.word", "check", "'word'"),
        (MENTIONS, "unmasked(MentionLine, mention)", "mention", "check", "'createdAt' does not exist"),
    ],
)
def test_typescript_code_that_does_not_fit_the_schema_fails_the_checks(
    typescript: Checkout, file: str, written: str, instead: str, command: str, complaint: str
) -> None:
    path = typescript.folder / file
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, instead))
    done = typescript.run(f"cd {TYPESCRIPT} && npm run {command}")
    path.write_text(text)
    assert done.returncode != 0
    assert complaint in done.stdout + done.stderr


LEADS = """query($after: String, $filter: LeadFilter) {
    rows: leads(first: 100, after: $after, orderBy: OLDEST, filter: $filter) {
        nodes { createdAt status company value currency keyword { keyword } mention { url } }
        pageInfo { hasNextPage endCursor }
    }
}"""


@pytest.mark.parametrize("statuses", [[], ["QUALIFIED"], ["NEW", "CONVERTED"]], ids=" ".join)
def test_the_python_example_prints_the_leads_of_the_api(checkout: Checkout, statuses: list[str]) -> None:
    wanted = [
        "\t".join(
            [
                row["createdAt"],
                row["status"],
                row["keyword"]["keyword"],
                row["company"] or "",
                f"{row['value']} {row['currency']}" if row["value"] else "",
                row["mention"]["url"],
            ]
        )
        for row in rows(checkout.demo, LEADS, filter={"status": {"in": statuses}} if statuses else None)
    ]
    assert checkout.output(" ".join([PYTHON, *statuses])).splitlines() == wanted
    assert len(wanted) > (50 if not statuses else 1)


TEXTS = """query($after: String, $words: String) {
    rows: mentions(first: 100, after: $after, orderBy: OLDEST, filter: {search: $words}) {
        nodes { content }
        pageInfo { hasNextPage endCursor }
    }
}"""


@pytest.mark.parametrize(
    "words", ["the or a or for", '"should we buy" or recommend', "o'hara $(date) `date` \\"]
)
def test_the_curl_example_prints_the_texts_of_the_api(checkout: Checkout, words: str) -> None:
    wanted = [" ".join(row["content"].split()) for row in rows(checkout.demo, TEXTS, words=words)]
    assert checkout.output(f'{CURL} "$WORDS"', WORDS=words).splitlines() == wanted
    assert len(wanted) > 100 or not words.startswith("the")


NOWHERE = "http://127.0.0.1:1/graphql"
WRONG = [
    ("LEADGRAPH_API_KEY", "", "LEADGRAPH_API_KEY"),
    ("LEADGRAPH_API_KEY", "lg_live_nonsense", "UNAUTHENTICATED: "),
    ("LEADGRAPH_URL", "", "LEADGRAPH_URL"),
    ("LEADGRAPH_URL", NOWHERE, "127.0.0.1"),
]


@pytest.mark.parametrize(
    "command", [PYTHON, f"{SEND} schema.graphql", f"{CURL} crm", f"cd {TYPESCRIPT} && npm start --silent"]
)
@pytest.mark.parametrize(("variable", "value", "said"), WRONG)
def test_examples_report_errors_on_stderr_and_by_their_exit_code(
    request: pytest.FixtureRequest, command: str, variable: str, value: str, said: str
) -> None:
    checkout = request.getfixturevalue("typescript" if "npm" in command else "checkout")
    done = checkout.run(command, **{variable: value})
    assert (done.stdout, done.returncode > 0) == ("", True)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_python_example_sends_a_file_and_prints_the_rejected_rows(checkout_to_write: Checkout) -> None:
    posts = checkout_to_write.folder / "posts.jsonl"
    row = '{"platform":"X","externalId":"%d","url":"https://x.example","content":"security"}\n'
    bad = '{"platform":"MARS","externalId":"1","url":"https://x.example","content":"security"}\nnonsense\n'
    posts.write_text("".join(row % number for number in range(1500)) + bad)
    done = checkout_to_write.run(f"{SEND} posts.jsonl")
    assert done.returncode == 1
    assert [line[:60] for line in done.stderr.splitlines()] == [
        "line 1501: platform: Must be one of REDDIT, HACKERNEWS, X, B",
        "line 1502: row: Must be JSON: the syntax is wrong (column 1)",
    ]
    summary = json.loads(done.stdout)
    assert (summary["created"], summary["failed"], summary["complete"]) == (1500, 2, True)
    posts.write_text("".join(row % number for number in range(2000)))
    summary = json.loads(checkout_to_write.output(f"{SEND} posts.jsonl"))
    assert (summary["created"], summary["duplicate"]) == (500, 1500)
    done = checkout_to_write.run(f"{SEND} nowhere.jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere.jsonl" in done.stderr


def test_the_python_example_prints_the_apis_message_for_an_unknown_status(checkout: Checkout) -> None:
    done = checkout.run(f"{PYTHON} NONSENSE")
    assert done.returncode == 1
    assert done.stderr == (
        "BAD_USER_INPUT: Variable '$filter' has invalid value at .status.in[0]: "
        "Value 'NONSENSE' does not exist in 'LeadStatus' enum. "
        "The values are NEW, CONTACTED, QUALIFIED, CONVERTED, DISQUALIFIED.\n"
    )


def test_the_python_examples_pin_the_tested_versions_of_their_libraries() -> None:
    locked = (ROOT / "locks" / "dev.txt").read_text()
    for pinned in (ROOT / "examples" / "python" / "requirements.txt").read_text().splitlines():
        name, version = re.fullmatch(r"([a-z]+)(?:\[httpx\])?==(\S+)", pinned).groups()  # type: ignore[union-attr]
        assert f"\n{name}=={version} \\\n" in locked


@pytest.mark.parametrize(
    "folder",
    ["web", "bench/node", *(f"examples/{name}" for name in ("typescript", "caches", "sessions", "live"))],
)
def test_npm_lock_files_contain_no_registry_addresses(folder: str) -> None:
    assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (ROOT / folder / ".npmrc").read_text()
