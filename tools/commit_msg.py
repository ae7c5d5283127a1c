"""Check the subject of a commit message: git's `commit-msg` hook.

python -m tools.commit_msg .git/COMMIT_EDITMSG
"""

import sys
from pathlib import Path

from tools.check_writing import LONGEST_SUBJECT, is_imperative

WRITTEN_BY_GIT = ("Merge ", 'Revert "', "fixup! ", "squash! ", "amend! ")


def subject_of(message: str) -> str:
    """Return the first line that is neither blank nor a comment."""
    lines = (line.rstrip() for line in message.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def problems(subject: str) -> list[str]:
    """Return what to change about a subject."""
    if subject.startswith(WRITTEN_BY_GIT) or not subject:
        return []
    found = []
    if len(subject) > LONGEST_SUBJECT:
        found.append(f"Must have at most {LONGEST_SUBJECT} characters, has {len(subject)}.")
    if not is_imperative(subject.split(maxsplit=1)[0]):
        found.append("Must begin with a capitalised imperative, such as `Add` or `Fix`.")
    if subject.endswith("."):
        found.append("Must not end with a period.")
    return found


def main(path: str) -> int:
    """Print the problems of a message's subject, and return the exit status."""
    subject = subject_of(Path(path).read_text())
    found = problems(subject)
    if found:
        print(f"Commit subject: {subject}", *found, sep="\n  ", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if sys.argv[1:] else __doc__)
