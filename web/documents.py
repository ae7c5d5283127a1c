"""Compile the documents of the page, and check its types.

    python -m web.documents         write `gql` folders in `web/page/src`, and manifests in `server/page/documents`
    python -m web.documents --check only check the types

Both need packages that the build of the page leaves out. They stay in `build/page-tools`.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from web.node import ROOT, Node, StepFailed, installing, kept_node, locked

WEB = ROOT / "web"
TOOLS = ROOT / "build" / "page-tools"
LOG = ROOT / "build" / "page-tools.log"
MANIFESTS = ROOT / "server" / "page" / "documents"
PERSISTED = "persisted-documents.json"
COMPILED = "gql"
HASH_PREFIX = "sha256:"


def tools() -> Node:
    """Return Node, after the packages of the lock file are in place."""
    node = kept_node(LOG)
    with installing(node, WEB, TOOLS):
        return node


def _copied() -> Path:
    """Copy the sources beside the packages."""
    copy = TOOLS / "web" / "page"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(WEB / "page", copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    shutil.copyfile(ROOT / "schema.graphql", TOOLS / "schema.graphql")
    return copy


def compiled(node: Node) -> dict[str, str]:
    """Return the compiled files by their paths in the project."""
    with locked(TOOLS):
        copy = _copied()
        for folder in copy.rglob(COMPILED):
            shutil.rmtree(folder)
        program = TOOLS / "node_modules" / "@graphql-codegen" / "cli" / "esm" / "bin.js"
        node.run("graphql-codegen could not compile the documents", program, "--silent", where=copy)
        return dict(sorted(_files(copy)))


def _files(copy: Path) -> list[tuple[str, str]]:
    found = []
    for path in copy.rglob(f"{COMPILED}/*"):
        place = path.relative_to(copy)
        if path.name == PERSISTED:
            parent = place.parent.parent.name
            name = "shell" if parent == "src" else parent
            found.append((f"server/page/documents/{name}.json", _manifest(path)))
        else:
            found.append((f"web/page/{place.as_posix()}", path.read_text("utf-8")))
    return found


def _manifest(path: Path) -> str:
    """Return the manifest with plain hashes, as the server knows them."""
    texts = json.loads(path.read_text("utf-8"))
    plain = {key.removeprefix(HASH_PREFIX): text for key, text in texts.items()}
    return json.dumps(dict(sorted(plain.items(), key=lambda each: each[1])), indent=2) + "\n"


def committed() -> dict[str, str]:
    """Return the compiled files that the project has."""
    paths = [*(WEB / "page" / "src").rglob(f"{COMPILED}/*"), *MANIFESTS.glob("*.json")]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(paths)}


def check(node: Node) -> None:
    """Raise `StepFailed` if the types of the page are wrong."""
    with locked(TOOLS):
        copy = _copied()
        program = TOOLS / "node_modules" / "typescript" / "bin" / "tsc"
        node.run("the types are wrong", program, "--project", str(copy), where=copy)


def write(files: dict[str, str]) -> None:
    for gone in set(committed()) - set(files):
        (ROOT / gone).unlink()
    for place, text in files.items():
        path = ROOT / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m web.documents", description="Compile the page's documents."
    )
    parser.add_argument("--check", action="store_true", help="only check the types")
    options = parser.parse_args(arguments)
    LOG.parent.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    try:
        node = tools()
        if not options.check:
            write(compiled(node))
        check(node)
    except (StepFailed, OSError) as failure:
        print(LOG.read_text("utf-8") if LOG.exists() else "", file=sys.stderr)
        print(f"Stopped, because {failure}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
