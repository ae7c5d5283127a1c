"""A checkout as the guides describe it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.demo import Demo

ROOT = Path(__file__).parents[2]
SECONDS = 300


@dataclass(frozen=True)
class Checkout:
    """A folder with the programs and variables that the guides presuppose."""

    folder: Path
    programs: Path
    demo: Demo

    @property
    def variables(self) -> dict[str, str]:
        path = os.pathsep.join(map(str, (self.programs, Path(sys.executable).parent, os.environ["PATH"])))
        return {
            **self.demo.environment(),
            "PATH": path,
            "LEADGRAPH_URL": self.demo.facts["url"],
            "LEADGRAPH_API_KEY": self.demo.facts["api_key"],
        }

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script by a shell in the folder."""
        return subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=self.folder,
            env=self.variables | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def output(self, script: str, **variables: str) -> str:
        """Return the output of the script. A script that fails fails the test."""
        done = self.run(script, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def checkout_of(demo: Demo) -> Iterator[Checkout]:
    """Yield a copy of the examples and the schema, beside the data folder of a running demo."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-checkout-", ignore_cleanup_errors=True) as temporary:
        folder, programs = Path(temporary) / "checkout", Path(temporary) / "bin"
        built = shutil.ignore_patterns("node_modules", "gql", "*.graphql.ts", "__pycache__")
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=built)
        shutil.copyfile(ROOT / "schema.graphql", folder / "schema.graphql")
        (folder / ".leadgraph").symlink_to(demo.home)
        programs.mkdir()
        yield Checkout(folder, programs, demo)
