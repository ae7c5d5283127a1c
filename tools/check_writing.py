"""The writing rules, as far as a machine can tell.

    python -m tools.check_writing             list each breach as `file:line: rule: excerpt`
    python -m tools.check_writing --count     count the breaches of each rule

Checked are docstrings, comments and messages of Python files, descriptions of `schema.graphql`, and Markdown.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.texts import Text, texts

RULES = {
    "opening": "sentences that open with a what, who or where clause",
    "imperative": "docstrings of public functions that do not open with an imperative",
    "phrase": "phrases such as 'has none' and 'nobody'",
    "pronoun": "descriptions that open with 'It is' or 'They are'",
    "short": "descriptions of three words or fewer",
}
LONGEST_SUBJECT = 72
SHORTEST_DESCRIPTION = 4

OPENING = re.compile(r"(?:What|Whose|Who|Whom|Where|(?:What|Who|Whom|Where)ever)\s+\w", re.IGNORECASE)
ASKING = re.compile(r"\w+ (?:is|are|was|were|do|does|did|can|should|must|may|has|have|will)\b", re.IGNORECASE)
PHRASE = re.compile(
    r"\b(?:(?:[Ii]s|[Aa]re|[Hh]as|[Hh]ave) none|[Tt]here(?: is| are|'s) none"
    r"|[Hh](?:as|ave)(?: not)? got|[Nn]obody|[Ss]omebody)\b"
)
PRONOUN = re.compile(r"(?:It is|It's|They are|They're)\b")
FIRST_WORD = re.compile(r"[A-Z][a-z]+(?:-[a-z]+)*")
NO_VERBS = frozenset(
    """A About After Again All Alone Also An And Another Any Anything As At Before Below Between Both But By Each
    Either Every Everybody Everything Few Five For Four From Global Half He How However If In Into It Just Kept
    Later Less Like Many More Most Neither New No Nobody None Not Nothing Number Of Off On Once One Only Optional
    Or Other Our Out Over Own Python Same She Short Since Some Somebody Someone Something Such Ten Text That The
    Their Then There They Three Through Told Twice Two Under Until Up We What Whatever When Where Whether Which
    While Who Whoever Whose Why With Within Without Written You Your""".split()
)
# Verbs that end like other forms of verbs.
VERBS = frozenset("Alias Bring Embed Exceed Feed Focus Need Ping Proceed Seed Shed Succeed".split())


class Breach(NamedTuple):
    """A rule broken at a place."""

    path: str
    line: int
    rule: str
    excerpt: str


def is_imperative(word: str) -> bool:
    """Return whether a word looks like a capitalised imperative. Some nouns look like one, too."""
    if not FIRST_WORD.fullmatch(word) or word in NO_VERBS:
        return False
    return word in VERBS or word.endswith("ss") or not word.endswith(("s", "ed", "ing"))


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a text, each with the number of lines above it. Inline code becomes `…`."""
    text = re.sub(r"`[^`]*`", lambda code: "`…" + "\n" * code[0].count("\n") + "`", text)
    ends = [end.end() for end in re.finditer(r"[.!?][\"'*_)]*\s+(?=[\"'*_(\[]*[A-Z`])|\n\s*\n", text)]
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        opening = start + len(text[start:end]) - len(text[start:end].lstrip(" \n#*_\"'(["))
        if words := " ".join(text[opening:end].split()):
            yield text.count("\n", 0, opening), words


def breaches(text: Text) -> Iterator[Breach]:
    for above, sentence in sentences(text.text):
        asks = sentence.rstrip("\"'*_)").endswith("?") or (text.kind == "heading" and ASKING.match(sentence))
        found = {
            "opening": OPENING.match(sentence) and not asks,
            "phrase": PHRASE.search(sentence),
            "pronoun": text.kind == "description" and PRONOUN.match(sentence),
        }
        yield from (
            Breach(text.path, text.line + above, rule, sentence[:80]) for rule, hit in found.items() if hit
        )
    words = text.text.split()
    excerpt = " ".join(words)[:80]
    if text.imperative and words and not is_imperative(words[0].rstrip(".,:;")):
        yield Breach(text.path, text.line, "imperative", excerpt)
    if text.kind == "description" and len(words) < SHORTEST_DESCRIPTION:
        yield Breach(text.path, text.line, "short", excerpt)


def project_texts(root: Path) -> Iterator[Text]:
    """Yield the texts of all tracked files, and of new ones that git does not ignore."""
    command = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.py",
        "*.md",
        "schema.graphql",
    ]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    for name in sorted(set(names.splitlines())):
        if (root / name).exists():
            yield from texts(name, (root / name).read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the project's writing.")
    parser.add_argument("--count", action="store_true", help="count the breaches of each rule")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="the checkout")
    options = parser.parse_args()
    broken = [breach for text in project_texts(options.root) for breach in breaches(text)]
    if options.count:
        counts = Counter(breach.rule for breach in broken)
        for rule, meaning in RULES.items():
            print(f"{counts[rule]:6,}  {rule}: {meaning}")
    else:
        for breach in sorted(broken):
            print(f"{breach.path}:{breach.line}: {breach.rule}: {breach.excerpt}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
