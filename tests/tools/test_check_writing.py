"""Words that the writing check takes and refuses, by rule and place."""

import subprocess
from pathlib import Path

import pytest

from tools import check_writing
from tools.check_writing import breaches, is_imperative, sentences
from tools.texts import texts


def found(path: str, source: str) -> list[tuple[int, str, str]]:
    """Return line, rule and excerpt of each breach."""
    return [breach[1:] for text in texts(path, source) for breach in breaches(text)]


@pytest.mark.parametrize(
    "word", ["Return", "Raise", "Process", "Seed", "Need", "Bring", "Re-read", "Set", "Dismiss", "Compute"]
)
def test_imperatives(word: str) -> None:
    assert is_imperative(word)


@pytest.mark.parametrize(
    "word",
    [
        "Returns",
        "The",
        "A",
        "What",
        "It",
        "Whether",
        "return",
        "`key`",
        "JSON",
        "Computed",
        "Reading",
        "Rows",
        "None",
    ],
)
def test_words_that_are_no_imperatives(word: str) -> None:
    assert not is_imperative(word)


def test_sentences_know_their_lines_and_hide_code() -> None:
    text = "Return it. See `What is\nthis.` (Where?)\n\n**Who** comes, e.g. whoever.\nWhat now?"
    assert list(sentences(text)) == [
        (0, "Return it."),
        (0, "See `… ` (Where?)"),
        (3, "Who** comes, e.g. whoever."),
        (4, "What now?"),
    ]


@pytest.mark.parametrize(
    "docstring",
    [
        "Return the row.",
        "Raise `Error` for a caller. It is the caller's fault.",
        "Address each row.",
        "Ask: what is missing?",
        "Return the row, whatever it holds, where one exists.",
    ],
)
def test_good_docstrings_of_functions_pass(docstring: str) -> None:
    assert found("db/x.py", f'def read():\n    """{docstring}"""\n') == []


@pytest.mark.parametrize(
    ("docstring", "rules"),
    [
        ("Returns the row.", ["imperative"]),
        ("The row.", ["imperative"]),
        ("Whether it is there.", ["imperative"]),
        ("What it holds.", ["opening", "imperative"]),
        ("Whoever reads it.", ["opening", "imperative"]),
        ("Return a row. Where a row is missing, return null.", ["opening"]),
        ("Return a row. Whose it is does not matter.", ["opening"]),
        ("Return a row.\n\n    What is left is old.", ["opening"]),
        ("Return a row if there is none.", ["phrase"]),
        ("Return a row that nobody wants.", ["phrase"]),
        ("Return a row that has not got a name.", ["phrase"]),
    ],
)
def test_bad_docstrings_of_functions_are_found(docstring: str, rules: list[str]) -> None:
    assert [rule for _, rule, _ in found("db/x.py", f'def read():\n    """{docstring}"""\n')] == rules


def test_only_public_functions_need_an_imperative() -> None:
    source = '''"""Rows of a table."""
class Row:
    """A row of a table."""
    @property
    def name(self):
        """The name."""
    def read(self):
        """The read."""
    def _read(self):
        """The private read."""
    def __len__(self):
        """The length."""
class _Private:
    def read(self):
        """The read of a private class."""
def test_it():
    """The test's reason."""
@pytest.fixture(scope="session")
async def row():
    """A row."""
async def write():
    """The write."""
    def within():
        """The function within."""
@app.command("rows")
def rows():
    """The command."""
'''
    assert found("db/x.py", source) == [
        (8, "imperative", "The read."),
        (22, "imperative", "The write."),
        (27, "imperative", "The command."),
    ]


def test_modules_and_classes_do_not_open_with_a_clause() -> None:
    source = '"""What rows are."""\nclass Row:\n    """Who reads.\n\n    Where they read.\n    """\n'
    assert found("db/x.py", source) == [
        (1, "opening", "What rows are."),
        (3, "opening", "Who reads."),
        (5, "opening", "Where they read."),
    ]


def test_comments_are_read_as_blocks() -> None:
    source = """# A long comment goes on about
# what rows are. And
# where a row is missing, it ends.
# Where a row is missing, it ends.
x = 1  # what rows are
y = 2  # noqa: what rows are
"""
    assert found("db/x.py", source) == [
        (4, "opening", "Where a row is missing, it ends."),
        (5, "opening", "what rows are"),
    ]


def test_messages_are_raised_strings_and_sentences() -> None:
    source = """raise Error("what rows are " + f"of {user}")
raise Error(f"{name} has none of these")
LATE = "Whoever comes late waits."
KEY = "what rows are"
SQL = "SELECT what FROM rows WHERE somebody"
ASKED = "What do you want?"
"""
    assert found("db/x.py", source) == [
        (1, "opening", "what rows are"),
        (2, "phrase", "`…` has none of these"),
        (3, "opening", "Whoever comes late waits."),
    ]


def test_strings_of_tests_are_data() -> None:
    assert found("tests/test_x.py", 'raise Error("Whoever comes late waits.")\n') == []


def test_descriptions_are_statements_of_more_than_three_words() -> None:
    source = '''type Row {
  """Name of the row."""
  name: String

  """Names."""
  names: String

  """
  Number of rows. It is a counter.
  They are counted.
  """
  count: Int

  """What it holds."""
  value: String

  """Null if nobody assigned the lead."""
  assignee: String
}
'''
    assert found("schema.graphql", source) == [
        (5, "short", "Names."),
        (9, "pronoun", "It is a counter."),
        (10, "pronoun", "They are counted."),
        (14, "opening", "What it holds."),
        (14, "short", "What it holds."),
        (17, "phrase", "Null if nobody assigned the lead."),
    ]


def test_markdown_prose_is_read_and_code_is_not() -> None:
    source = """# What is null

What is null is said here,
what else is not. Who asks?

- what clients see
- **Where it stands**: here
1. Whatever comes.

| what | Who may read |
|---|---|
| Whoever has a key. | nobody |

```sh
# What a shell does.
```

## What clients see
## Who has none
"""
    assert found("docs/x.md", source) == [
        (3, "opening", "What is null is said here, what else is not."),
        (6, "opening", "what clients see"),
        (7, "opening", "Where it stands**: here"),
        (8, "opening", "Whatever comes."),
        (10, "opening", "Who may read"),
        (12, "opening", "Whoever has a key."),
        (18, "opening", "What clients see"),
        (19, "phrase", "Who has none"),
    ]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one breach in a tracked file, one in a new file, and one in an ignored file."""
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    (tmp_path / "tracked.py").write_text('"""What rows are."""\n')
    (tmp_path / "gone.py").write_text("")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    (tmp_path / "new.md").write_text("Nobody reads this.\n")
    (tmp_path / "ignored.py").write_text('"""Who reads."""\n')
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the check in this process."""
    monkeypatch.setattr("sys.argv", ["check_writing", *arguments])
    return check_writing.main()


def test_the_check_lists_and_counts_breaches(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--root", str(checkout)) == 1
    assert capsys.readouterr().out == (
        "new.md:1: phrase: Nobody reads this.\ntracked.py:1: opening: What rows are.\n"
    )
    assert run(monkeypatch, "--count", "--root", str(checkout)) == 1
    counts = [line.split(":")[0].split() for line in capsys.readouterr().out.splitlines()]
    assert counts == [
        ["1", "opening"],
        ["0", "imperative"],
        ["1", "phrase"],
        ["0", "pronoun"],
        ["0", "short"],
    ]


def test_the_check_passes_without_breaches(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "tracked.py").write_text('"""Rows of a table."""\n')
    (checkout / "new.md").write_text("Read this.\n")
    assert run(monkeypatch, "--root", str(checkout)) == 0
    assert capsys.readouterr().out == ""
