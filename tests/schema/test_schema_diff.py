"""Changes between two schemas, classified by their effect on clients: of pairs of SDL texts, and by the command."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner, Result

from schema.schema_diff import Change, Severity, changes
from server.commands import schema as command
from server.commands.app import app
from server.runtime.errors import CommandError

OLD = dedent(
    '''
    """Data that can be read."""
    type Query {
      lead(id: ID!, asOf: String = "now"): Lead
      leads(first: Int, filter: LeadFilter): [Lead!]!
      thing: Thing
    }

    interface Node {
      id: ID!
    }

    type Lead implements Node {
      id: ID!
      status: LeadStatus!
      score: Int
    }

    type Mention {
      likes: Int!
    }

    union Thing = Lead | Mention

    enum LeadStatus {
      NEW
      CONTACTED
    }

    input LeadFilter {
      status: LeadStatus
      score: Int! = 5
    }
    '''
)

BREAKING, DANGEROUS, SAFE = Severity.BREAKING, Severity.DANGEROUS, Severity.SAFE

# Old text, new text, and the severity, code and description of the one change.
PAIRS = [
    ("  score: Int\n}", "}", BREAKING, "FIELD_REMOVED", "Field Lead.score was removed."),
    ("score: Int\n", "score: String\n", BREAKING, "FIELD_CHANGED_KIND", "Field Lead.score changed type from Int to String."),
    ("likes: Int!", "likes: Int", BREAKING, "FIELD_CHANGED_KIND", "Field Mention.likes changed type from Int! to Int."),
    ("score: Int\n", "score: Int!\n", SAFE, "FIELD_CHANGED_KIND_SAFE", "Field Lead.score changed type from Int to Int!."),
    ("score: Int\n", "score: Int\n  value: Int\n", SAFE, "FIELD_ADDED", "Field Lead.value was added."),
    ("  CONTACTED\n", "", BREAKING, "VALUE_REMOVED_FROM_ENUM", "Enum value LeadStatus.CONTACTED was removed."),
    ("  CONTACTED\n", "  CONTACTED\n  WON\n", DANGEROUS, "VALUE_ADDED_TO_ENUM", "Enum value LeadStatus.WON was added."),
    ("first: Int,", "first: Int, after: String,", DANGEROUS, "OPTIONAL_ARG_ADDED", "An optional argument Query.leads(after:) was added."),
    ("first: Int,", "first: Int, by: Int! = 1,", DANGEROUS, "OPTIONAL_ARG_ADDED", "An optional argument Query.leads(by:) was added."),
    ("first: Int,", "first: Int, by: Int!,", BREAKING, "REQUIRED_ARG_ADDED", "A required argument Query.leads(by:) was added."),
    ("first: Int,", "", BREAKING, "ARG_REMOVED", "Argument Query.leads(first:) was removed."),
    ("first: Int,", "first: Int!,", BREAKING, "ARG_CHANGED_KIND", "Argument Query.leads(first:) has changed type from Int to Int!."),
    ("id: ID!, as", "id: ID, as", SAFE, "ARG_CHANGED_KIND_SAFE", "Argument Query.lead(id:) has changed type from ID! to ID."),
    ('"now"', '"then"', DANGEROUS, "ARG_DEFAULT_VALUE_CHANGE", 'Query.lead(asOf:) has changed defaultValue from "now" to "then".'),
    ("status: LeadStatus\n", "status: LeadStatus\n  city: String\n", DANGEROUS, "OPTIONAL_INPUT_FIELD_ADDED", "An optional field LeadFilter.city was added."),
    ("status: LeadStatus\n", "status: LeadStatus\n  city: String!\n", BREAKING, "REQUIRED_INPUT_FIELD_ADDED", "A required field LeadFilter.city was added."),
    ("  status: LeadStatus\n", "", BREAKING, "FIELD_REMOVED", "Field LeadFilter.status was removed."),
    ("Int! = 5", "Int! = 6", DANGEROUS, "INPUT_FIELD_DEFAULT_VALUE_CHANGE", "LeadFilter.score has changed defaultValue from 5 to 6."),
    (" | Mention", "", BREAKING, "TYPE_REMOVED_FROM_UNION", "Mention was removed from union type Thing."),
    ("type Lead implements Node", "type Lead", BREAKING, "IMPLEMENTED_INTERFACE_REMOVED", "Lead no longer implements interface Node."),
    ("enum LeadStatus", "scalar Money\n\nenum LeadStatus", SAFE, "TYPE_ADDED", "Money was added."),
    ("can be read", "can\nbe seen", SAFE, "DESCRIPTION_CHANGED", 'Description of Query has changed to "Data that can be seen.".'),
    ("score: Int\n", 'score: Int @deprecated(reason: "Use `worth`.")\n', SAFE, "DEPRECATED", "Lead.score is deprecated: Use `worth`."),
    ("  CONTACTED\n", '  CONTACTED @deprecated(reason: "Use NEW.")\n', SAFE, "DEPRECATED", "LeadStatus.CONTACTED is deprecated: Use NEW."),
    ("first: Int,", 'first: Int @deprecated(reason: "Use `size`."),', SAFE, "DEPRECATED", "Query.leads(first:) is deprecated: Use `size`."),
]  # fmt: skip


def test_the_same_schema_has_no_changes() -> None:
    assert changes(OLD, OLD) == []
    assert changes(OLD, OLD.replace("\n\n", "\n")) == []


@pytest.mark.parametrize(("before", "after", "severity", "kind", "description"), PAIRS)
def test_a_change_is_classified(
    before: str, after: str, severity: Severity, kind: str, description: str
) -> None:
    assert before in OLD
    assert changes(OLD, OLD.replace(before, after, 1)) == [Change(severity, kind, description)]


def test_an_added_interface_is_dangerous() -> None:
    new = OLD.replace("type Mention {", "type Mention implements Node {\n  id: ID!")

    assert changes(OLD, new) == [
        Change(DANGEROUS, "IMPLEMENTED_INTERFACE_ADDED", "Node added to interfaces implemented by Mention."),
        Change(SAFE, "FIELD_ADDED", "Field Mention.id was added."),
    ]


def test_a_removed_type_and_its_removed_field_are_breaking() -> None:
    without = OLD.replace("union Thing = Lead | Mention", "").replace("  thing: Thing\n", "")

    assert changes(OLD, without) == [
        Change(BREAKING, "TYPE_REMOVED", "Thing was removed."),
        Change(BREAKING, "FIELD_REMOVED", "Field Query.thing was removed."),
    ]


def test_a_changed_or_removed_deprecation_is_safe() -> None:
    deprecated = OLD.replace("score: Int\n", 'score: Int @deprecated(reason: "Use `worth`.")\n')
    otherwise = deprecated.replace("`worth`", "`value`")

    assert changes(deprecated, otherwise) == [
        Change(SAFE, "DEPRECATION_REASON_CHANGED", "Lead.score is deprecated: Use `value`.")
    ]
    assert changes(deprecated, OLD) == [
        Change(SAFE, "DEPRECATION_REMOVED", "Lead.score is no longer deprecated.")
    ]


def test_the_removal_of_a_deprecated_field_is_breaking() -> None:
    deprecated = OLD.replace("score: Int\n}", 'score: Int @deprecated(reason: "Use `worth`.")\n}')
    removed = OLD.replace("  score: Int\n}", "}")

    assert changes(deprecated, removed) == [
        Change(BREAKING, "FIELD_REMOVED", "Field Lead.score was removed.")
    ]


def test_an_input_that_becomes_one_of_is_breaking() -> None:
    any_of = "type Query { lead(by: By!): Int } input By { id: ID url: String }"
    one_of = any_of.replace("input By", "input By @oneOf")

    assert changes(any_of, one_of) == [
        Change(BREAKING, "INPUT_BECAME_ONE_OF", "By now takes exactly one of its fields.")
    ]
    assert changes(one_of, any_of) == [Change(SAFE, "INPUT_CEASED_ONE_OF", "By now takes any of its fields.")]


def test_breaking_changes_come_first_and_safe_ones_last() -> None:
    new = OLD.replace("  CONTACTED\n", "  CONTACTED\n  WON\n").replace("likes: Int!", "dislikes: Int!")

    assert [change.severity for change in changes(OLD, new)] == [BREAKING, DANGEROUS, SAFE]


# The command compares the schema of the code with older ones.

CURRENT = command.SCHEMA_FILE.read_text()


def run_command(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schema", *arguments])


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A schema file that differs from the current schema by one change of each severity."""
    text = CURRENT.replace("type PageInfo {", "type PageInfo {\n  pages: Int!\n")
    text = text.replace(
        '  """The author asks for a feature that a product lacks."""\n  FEATURE_REQUEST\n', ""
    )
    text = text.replace("Position of a page in a list", "Position of a page")
    file = tmp_path / "older.graphql"
    file.write_text(text)
    return file


def listed(since: object) -> str:
    return (
        "Breaking\n  Field PageInfo.pages was removed.\n"
        "Dangerous\n  Enum value Intent.FEATURE_REQUEST was added.\n"
        'Safe\n  Description of PageInfo has changed to "Position of a page in a list.".\n'
        f"1 breaking, 1 dangerous, 1 safe since {since}.\n"
    )


def test_the_command_lists_breaking_changes_and_fails(older: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "leadgraph", "schema", "--changes-since", older],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, listed(older))
    assert done.stderr == (
        "leadgraph: Changes that break clients: 1. Deprecate fields instead (see docs/guides/schema-policy.md), "
        "or pass --allow-breaking.\n"
    )


def test_the_command_lists_allowed_breaking_changes_and_succeeds(older: Path) -> None:
    done = run_command("--changes-since", str(older), "--allow-breaking")

    assert (done.exit_code, done.stdout) == (0, listed(older))


def test_the_command_succeeds_without_breaking_changes(older: Path) -> None:
    older.write_text(older.read_text().replace("  pages: Int!\n", ""))

    done = run_command("--changes-since", str(older))

    assert done.exit_code == 0
    assert done.stdout.endswith(f"\n0 breaking, 1 dangerous, 1 safe since {older}.\n")


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, older: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a Git checkout, with the older schema committed as its schema.graphql."""
    folder = tmp_path / "checkout" / "api"
    folder.mkdir(parents=True)
    git(folder.parent, "init", "--quiet", "--initial-branch=main")
    (folder / "schema.graphql").write_text(older.read_text())
    git(folder, "add", "schema.graphql")
    git(folder, "commit", "--quiet", "--message=older")
    monkeypatch.setattr(command, "SCHEMA_FILE", folder / "schema.graphql")
    return folder


def test_a_revision_is_compared_with_the_code(checkout: Path) -> None:
    (checkout / "schema.graphql").write_text(CURRENT)

    done = run_command("--changes-since-revision", "main", "--allow-breaking")

    assert (done.exit_code, done.stdout) == (0, listed("main"))


def test_without_a_remote_the_last_commit_is_compared(checkout: Path) -> None:
    (checkout / "schema.graphql").write_text("nothing")

    assert run_command("--changes", "--allow-breaking").stdout == listed("HEAD")


def test_with_a_remote_the_merge_base_is_compared(checkout: Path) -> None:
    base = git(checkout, "rev-parse", "HEAD")
    (checkout / "schema.graphql").write_text(CURRENT)
    git(checkout, "commit", "--quiet", "--all", "--message=newer")
    assert run_command("--changes").stdout == "0 breaking, 0 dangerous, 0 safe since HEAD.\n"

    git(checkout, "update-ref", "refs/remotes/origin/main", base)

    assert run_command("--changes", "--allow-breaking").stdout == listed(base)


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "HEAD~7"])
@pytest.mark.usefixtures("checkout")
def test_an_unknown_revision_is_reported_in_one_sentence(revision: str) -> None:
    done = run_command(f"--changes-since-revision={revision}")

    assert isinstance(done.exception, CommandError)
    assert str(done.exception) == (
        f"Git cannot find schema.graphql in the revision {revision}. Pass another revision, or compare with a "
        "file by --changes-since."
    )


def test_a_comparison_outside_of_git_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "SCHEMA_FILE", tmp_path / "schema.graphql")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert "Git cannot find schema.graphql in the revision HEAD" in str(run_command("--changes").exception)


def test_a_file_without_a_valid_schema_is_reported_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    assert str(run_command("--changes-since", str(file)).exception).startswith(f"{file} cannot be read: ")

    file.write_text("type Query {")
    syntax = run_command("--changes-since", str(file)).exception
    file.write_text("type Query { lead: Lead }")
    unknown = run_command("--changes-since", str(file)).exception

    assert str(syntax) == f"The schema of {file} is invalid: Syntax Error: Expected Name, found <EOF>."
    assert str(unknown) == f"The schema of {file} is invalid: Unknown type 'Lead'."


@pytest.mark.parametrize("arguments", [("--write", "--check"), ("--changes", "--changes-since", "x")])
def test_conflicting_options_are_refused(arguments: tuple[str, ...]) -> None:
    assert isinstance(run_command(*arguments).exception, CommandError)


def test_allow_breaking_requires_a_comparison() -> None:
    assert isinstance(run_command("--allow-breaking").exception, CommandError)
