"""Makes `.venv` with exactly the locked dependencies and the project itself in it.

    python3 bootstrap.py runtime    what serving needs
    python3 bootstrap.py dev        that, and what tests and checks need

Nothing but the standard library is used. A second call finds its stamp and does nothing.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def digest(kind: str) -> str:
    """What the environment of this kind is made of, as one hash."""
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
    """The pip that fills `.venv`: its own, or the outer one where the system's Python cannot give it one."""
    own = [str(PYTHON), "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def make_environment() -> None:
    try:
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    except subprocess.CalledProcessError:
        # Debian leaves ensurepip out of python3; the environment can be made without it.
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV))


def main(kind: str) -> int:
    stamps = {name: VENV / f".leadgraph-{name}" for name in ("runtime", "dev")}
    wanted = digest(kind)
    if usable() and stamps[kind].exists() and stamps[kind].read_text() == wanted:
        return 0
    print(f"Installing the {kind} dependencies into .venv …", flush=True)
    if not usable():
        make_environment()
    install = [*pip(), "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run(*install, "--require-hashes", "--requirement", f"locks/{kind}.txt")
    run(*install, "--no-deps", "--no-build-isolation", "--editable", ".")
    stamps[kind].write_text(wanted)
    if kind == "dev":  # it contains what serving needs, in the same versions
        stamps["runtime"].write_text(digest("runtime"))
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["runtime"], ["dev"]):
        sys.exit(__doc__)
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Leadgraph needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.")
    try:
        sys.exit(main(sys.argv[1]))
    except subprocess.CalledProcessError as failure:
        sys.exit(f"Set-up stopped: `{' '.join(map(str, failure.cmd))}` failed; what it printed stands above.")
