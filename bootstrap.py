"""Create `.venv` with exactly the locked dependencies and the project itself.

    python3 bootstrap.py environment    create `.venv`, if it is missing
    python3 bootstrap.py runtime        install the dependencies of the server
    python3 bootstrap.py dev            install the dependencies of the server, tests and checks

The script uses the standard library alone. A stamp in `.venv` lets a second call do nothing.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PACKAGES = ("server", "schema", "resolvers", "services", "loaders", "db", "text", "breadth")


def digest(kind: str) -> str:
    """Return a hash of the inputs of this kind of environment."""
    hashed = hashlib.sha256(sys.version.encode())
    for path in (ROOT / "pyproject.toml", ROOT / "locks" / f"{kind}.txt"):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def usable() -> bool:
    if not PYTHON.exists():
        return False
    probe = [str(PYTHON), "-c", "import sys; print(sys.version)"]
    answer = subprocess.run(probe, capture_output=True, text=True, check=False)
    return answer.stdout.strip() == sys.version.strip()


def pip() -> list[str]:
    """Return the pip command for `.venv`: its own pip, or the outer pip if `.venv` lacks one."""
    own = [str(PYTHON), "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def make_environment() -> None:
    try:
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    except subprocess.CalledProcessError:
        # Debian's python3 lacks ensurepip, so the environment gets no pip of its own.
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV))


def main(kind: str) -> int:
    if not usable():
        make_environment()
    return 0 if kind == "environment" else install(kind)


def install(kind: str) -> int:
    """Install the dependencies of the kind, unless they are installed."""
    stamps = {name: VENV / f".leadgraph-{name}" for name in ("runtime", "dev")}
    expected = digest(kind)
    if stamps[kind].exists() and stamps[kind].read_text() == expected:
        return 0
    print(f"Installing the {kind} dependencies into .venv …", flush=True)
    installing = [*pip(), "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run(*installing, "--require-hashes", "--requirement", f"locks/{kind}.txt")
    run(*installing, "--no-deps", "--no-build-isolation", "--editable", ".")
    run(str(PYTHON), "-m", "compileall", "-q", *PACKAGES)  # else the first start compiles them
    stamps[kind].write_text(expected)
    if kind == "dev":  # contains the runtime dependencies in the same versions
        stamps["runtime"].write_text(digest("runtime"))
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["environment"], ["runtime"], ["dev"]):
        sys.exit(__doc__)
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Leadgraph requires Python 3.11, 3.12 or 3.13, not {sys.version.split()[0]}.")
    try:
        sys.exit(main(sys.argv[1]))
    except subprocess.CalledProcessError as failure:
        sys.exit(f"Set-up failed: `{' '.join(map(str, failure.cmd))}` failed with the output above.")
