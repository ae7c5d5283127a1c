"""Build GraphiQL and the page from npm packages into `server/static`.

    python -m web.build             build what was not built from the same sources
    python -m web.build --keep      build both, and keep node and the packages for work on the pages
    python -m web.build --strict    build, and exit with 1 if the build fails

The script uses the standard library alone. Node comes as a wheel, pinned in `locks/web.txt`. The script removes node
and the packages after the build. The API works without the pages, so a failed build is a warning by default.
`LEADGRAPH_SKIP_WEB=1` skips the build.
"""

import argparse
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from web.node import LOCK, ROOT, Node, StepFailed, available_node, kept_node, locked

WEB = ROOT / "web"
STATIC = ROOT / "server" / "static"
STAMP = ".stamp"
WORK = ROOT / "build" / "web"
KEPT = ROOT / "build" / "web-kept"
LOG = ROOT / "build" / "web.log"
SHARED = ("package.json", "package-lock.json", ".npmrc", "compress.mjs")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name, its sources in `web`, and the folder of its Vite configuration there."""

    name: str
    sources: tuple[str, ...]
    root: str

    @property
    def built(self) -> Path:
        return STATIC / self.name

    def files(self) -> list[Path]:
        names = (*SHARED, *self.sources)
        found = [path for name in names for path in (WEB / name, *(WEB / name).rglob("*"))]
        return sorted(path for path in found if path.is_file())

    def digest(self) -> str:
        hashed = hashlib.sha256(LOCK.read_bytes())
        for path in self.files():
            hashed.update(f"{path.relative_to(WEB).as_posix()}\0{path.stat().st_size}\0".encode())
            hashed.update(path.read_bytes())
        return hashed.hexdigest()

    def is_current(self) -> bool:
        stamp = self.built / STAMP
        return stamp.is_file() and stamp.read_text() == self.digest()


PAGES = (
    Page("graphiql", ("vite.config.js", "index.html", "src"), "."),
    Page("page", ("page/vite.config.js", "page/index.html", "page/src"), "page"),
)


def outdated() -> list[Page]:
    return [page for page in PAGES if not page.is_current()]


def install_packages(node: Node, pages: Sequence[Page]) -> Path:
    """Install the packages beside a copy of the sources, and return the folder of both."""
    folder = WORK / "web"
    for path in {path for page in pages for path in page.files()}:
        copy = folder / path.relative_to(WEB)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    node.install_packages(folder, development=False)
    return folder


def bundle(node: Node, web: Path, page: Page) -> Path:
    """Bundle and compress a page, and return its folder."""
    root = web / page.root
    vite = web / "node_modules" / "vite" / "bin" / "vite.js"
    node.run(f"vite could not bundle {page.name}", vite, "build", "--logLevel", "error", where=root)
    assets = root / "dist" / "assets"
    node.run("its files could not be compressed", web / "compress.mjs", str(assets), where=web)
    return root / "dist"


def put_in_place(dist: Path, page: Page, made_of: str) -> None:
    """Replace the page by renaming, so that a killed build leaves no partial page."""
    (dist / STAMP).write_text(made_of)
    STATIC.mkdir(parents=True, exist_ok=True)
    if page.built.exists():
        page.built.rename(WORK / f"old-{page.name}")
    dist.rename(page.built)


def build_page(node: Node, web: Path, page: Page, made_of: str) -> None:
    put_in_place(bundle(node, web, page), page, made_of)


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
    link.symlink_to(os.path.relpath(KEPT / "web" / "node_modules", WEB))
    program = node.program.relative_to(ROOT)
    vite = f"{program} web/node_modules/vite/bin/vite.js"
    print(f"Kept node and the packages. Serve GraphiQL by `{vite} web`, and the page by `{vite} web/page`.")


def build(*, keep: bool) -> None:
    with work_folder():
        pages = list(PAGES) if keep else outdated()
        if not pages:  # after a concurrent build
            return
        began = time.monotonic()
        digests = [page.digest() for page in pages]
        print("Building the pages: installing node …", flush=True)
        node = kept_node(LOG) if keep else available_node(WORK / "node", LOG)
        print("Building the pages: installing their packages and bundling them …", flush=True)
        web = install_packages(node, pages)
        with ThreadPoolExecutor(len(pages)) as bundling:
            for done in [
                bundling.submit(build_page, node, web, page, made_of)
                for page, made_of in zip(pages, digests, strict=True)
            ]:
                done.result()
        print(
            f"Built {' and '.join(page.name for page in pages)} in {time.monotonic() - began:.0f} s.",
            flush=True,
        )
        if keep:
            keep_for_development(node)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m web.build", description="Build GraphiQL and the page.")
    parser.add_argument("--keep", action="store_true", help="keep node and the packages in the folder build")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if the build fails")
    options = parser.parse_args(arguments)
    if os.environ.get("LEADGRAPH_SKIP_WEB") == "1":
        print("Skipped GraphiQL and the page because of LEADGRAPH_SKIP_WEB=1.")
        return 0
    if not outdated() and not options.keep:
        return 0
    try:
        build(keep=options.keep)
    except (StepFailed, OSError) as failure:
        print(
            f"Warning: GraphiQL or the page was not built, because {failure} (see {LOG.relative_to(ROOT)}). "
            "The API works. Run `make web` to try again.",
            file=sys.stderr,
        )
        return 1 if options.strict else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
