"""Build GraphiQL's page from npm packages into `server/static/graphiql`.

    python -m web.build             build, unless the page was built from the same sources
    python -m web.build --keep      build, and keep node and the packages for work on the page
    python -m web.build --strict    build, and exit with 1 if the build fails

The script uses the standard library alone. Node comes as a wheel, pinned in `locks/web.txt`. The script removes node
and the packages after the build. Everything else works without the page, so a failed build is a warning by default.
`LEADGRAPH_SKIP_WEB=1` skips the build.
"""

import argparse
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web.node import LOCK, ROOT, Node, StepFailed, available_node, kept_node, locked

WEB = ROOT / "web"
BUILT = ROOT / "server" / "static" / "graphiql"
STAMP = BUILT / ".stamp"
WORK = ROOT / "build" / "web"
KEPT = ROOT / "build" / "web-kept"
LOG = ROOT / "build" / "web.log"
SOURCES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "vite.config.js",
    "compress.mjs",
    "index.html",
    "src",
)


def sources() -> list[Path]:
    found = [path for name in SOURCES for path in (WEB / name, *(WEB / name).rglob("*"))]
    return sorted(path for path in found if path.is_file())


def digest() -> str:
    hashed = hashlib.sha256(LOCK.read_bytes())
    for path in sources():
        hashed.update(f"{path.relative_to(WEB).as_posix()}\0{path.stat().st_size}\0".encode())
        hashed.update(path.read_bytes())
    return hashed.hexdigest()


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text() == digest()


def bundle(node: Node) -> Path:
    """Install the packages beside a copy of the sources, bundle and compress them, and return the folder of the page."""
    page = WORK / "page"
    for path in sources():
        copy = page / path.relative_to(WEB)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    node.install_packages(page)
    vite = page / "node_modules" / "vite" / "bin" / "vite.js"
    node.run("vite could not bundle it", vite, "build", "--logLevel", "error", where=page)
    node.run(
        "its files could not be compressed", page / "compress.mjs", str(page / "dist" / "assets"), where=page
    )
    return page / "dist"


def put_in_place(dist: Path, made_of: str) -> None:
    """Replace the page by renaming, so that a killed build leaves no partial page."""
    (dist / STAMP.name).write_text(made_of)
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    if BUILT.exists():
        BUILT.rename(WORK / "old")
    dist.rename(BUILT)


@contextmanager
def work_folder() -> Iterator[None]:
    """Create an empty work folder during the context. A concurrent build waits."""
    with locked(WORK):
        shutil.rmtree(WORK, ignore_errors=True)
        LOG.unlink(missing_ok=True)
        WORK.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(WORK, ignore_errors=True)


def keep_for_development(node: Node) -> None:
    """Move the packages to a folder that later builds keep, and link `web/node_modules` to them."""
    shutil.rmtree(KEPT, ignore_errors=True)
    WORK.rename(KEPT)
    link = WEB / "node_modules"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(KEPT / "page" / "node_modules", WEB))
    program = node.program.relative_to(ROOT)
    print(f"Kept node and the packages. Serve the page: {program} web/node_modules/vite/bin/vite.js web")


def build(*, keep: bool) -> None:
    with work_folder():
        if is_current() and not keep:  # by a concurrent build
            return
        began = time.monotonic()
        made_of = digest()
        print("Building GraphiQL: installing node …", flush=True)
        node = kept_node(LOG) if keep else available_node(WORK / "node", LOG)
        print("Building GraphiQL: installing its packages and bundling them …", flush=True)
        put_in_place(bundle(node), made_of)
        print(f"Built GraphiQL in {time.monotonic() - began:.0f} s.", flush=True)
        if keep:
            keep_for_development(node)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m web.build", description="Build GraphiQL's page.")
    parser.add_argument("--keep", action="store_true", help="keep node and the packages in the folder build")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if the build fails")
    options = parser.parse_args(arguments)
    if os.environ.get("LEADGRAPH_SKIP_WEB") == "1":
        print("Skipped GraphiQL because of LEADGRAPH_SKIP_WEB=1.")
        return 0
    if is_current() and not options.keep:
        return 0
    try:
        build(keep=options.keep)
    except (StepFailed, OSError) as failure:
        print(
            f"Warning: GraphiQL was not built, because {failure} (see {LOG.relative_to(ROOT)}). "
            "Everything else works. Run `make web` to try again.",
            file=sys.stderr,
        )
        return 1 if options.strict else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
