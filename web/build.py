"""Builds GraphiQL's page from npm packages into `server/static/graphiql`, once.

    python -m web.build             build, unless what stands there was built from these very sources
    python -m web.build --keep      and keep node and the packages, for work on the page itself
    python -m web.build --strict    and answer 1 where the page could not be built

Nothing but the standard library is used: node is a wheel, pinned in `locks/web.txt`, and both node and the
packages are removed again. Everything else works without the page, so a failure is one warning and not an
error. `LEADGRAPH_SKIP_WEB=1` leaves the page out.
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

from web.node import LOCK, ROOT, Node, StepFailed, at_hand, kept, locked

WEB = ROOT / "web"
BUILT = ROOT / "server" / "static" / "graphiql"
STAMP = BUILT / ".stamp"
WORK = ROOT / "build" / "web"
KEPT = ROOT / "build" / "web-kept"
LOG = ROOT / "build" / "web.log"
SOURCES = ("package.json", "package-lock.json", ".npmrc", "vite.config.js", "index.html", "src")


def sources() -> list[Path]:
    found = [path for name in SOURCES for path in (WEB / name, *(WEB / name).rglob("*"))]
    return sorted(path for path in found if path.is_file())


def digest() -> str:
    """What the page is made of, as one hash."""
    hashed = hashlib.sha256(LOCK.read_bytes())
    for path in sources():
        hashed.update(f"{path.relative_to(WEB).as_posix()}\0{path.stat().st_size}\0".encode())
        hashed.update(path.read_bytes())
    return hashed.hexdigest()


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text() == digest()


def bundle(node: Node) -> Path:
    """Installs the packages beside a copy of the sources and bundles them; the folder with the page comes out."""
    page = WORK / "page"
    for path in sources():
        copy = page / path.relative_to(WEB)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    node.install_packages(page)
    vite = page / "node_modules" / "vite" / "bin" / "vite.js"
    node.run("vite could not bundle it", vite, "build", "--logLevel", "error", where=page)
    return page / "dist"


def put_in_place(dist: Path, made_of: str) -> None:
    """Renames, so that a build that is killed leaves the old page or none, and never half of one."""
    (dist / STAMP.name).write_text(made_of)
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    if BUILT.exists():
        BUILT.rename(WORK / "old")
    dist.rename(BUILT)


@contextmanager
def work_folder() -> Iterator[None]:
    """An empty work folder, for one build at a time; a second one waits for the first."""
    with locked(WORK):
        shutil.rmtree(WORK, ignore_errors=True)
        LOG.unlink(missing_ok=True)
        WORK.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(WORK, ignore_errors=True)


def keep_for_development(node: Node) -> None:
    """Moves the packages to where no later build removes them, and links `web/node_modules` to them."""
    shutil.rmtree(KEPT, ignore_errors=True)
    WORK.rename(KEPT)
    link = WEB / "node_modules"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(KEPT / "page" / "node_modules", WEB))
    program = node.program.relative_to(ROOT)
    print(f"Kept. For the page with live sources: {program} web/node_modules/vite/bin/vite.js web")


def build(*, keep: bool) -> None:
    with work_folder():
        if is_current() and not keep:  # by the build that this one waited for
            return
        began = time.monotonic()
        made_of = digest()
        print("Building GraphiQL: installing node …", flush=True)
        node = kept(LOG) if keep else at_hand(WORK / "node", LOG)
        print("Building GraphiQL: installing its packages and bundling them …", flush=True)
        put_in_place(bundle(node), made_of)
        print(f"Built GraphiQL in {time.monotonic() - began:.0f} s.", flush=True)
        if keep:
            keep_for_development(node)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m web.build", description="Builds GraphiQL's page, once.")
    parser.add_argument("--keep", action="store_true", help="keep node and the packages, below build")
    parser.add_argument("--strict", action="store_true", help="answer 1 where the page could not be built")
    options = parser.parse_args(arguments)
    if os.environ.get("LEADGRAPH_SKIP_WEB") == "1":
        print("GraphiQL is left out, as LEADGRAPH_SKIP_WEB=1 says.")
        return 0
    if is_current() and not options.keep:
        return 0
    try:
        build(keep=options.keep)
    except (StepFailed, OSError) as failure:
        print(
            f"Warning: GraphiQL was not built, because {failure} (see {LOG.relative_to(ROOT)}); "
            "everything else works, and `make web` tries again.",
            file=sys.stderr,
        )
        return 1 if options.strict else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
