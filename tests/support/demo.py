"""`leadgraph demo` as a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from db.embedded import EmbeddedPostgres
from tests.support.folders import data_folder
from tests.support.ports import free_port

LEADGRAPH = Path(sys.executable).parent / "leadgraph"
READY_SECONDS = 120


@dataclass
class Demo:
    """`leadgraph demo` as a process of its own, on a data folder and a port of its own."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    command: Path = LEADGRAPH

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("LEADGRAPH_") or name == "LEADGRAPH_EXECUTOR"
        }
        return {**kept, "LEADGRAPH_HOME": str(self.home), "LEADGRAPH_PORT": str(self.port), **more}

    def start(self, *arguments: str, **environment: str) -> None:
        """Start the process and return when it answers."""
        self.process = subprocess.Popen(
            [self.command, "demo", *arguments],
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        give_up_at = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < give_up_at, f"The demo did not answer within {READY_SECONDS} seconds."
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run another `leadgraph` command on the same data folder to its end."""
        return subprocess.run(
            [self.command, *arguments],
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send the signal and return the exit code and all output."""
        assert self.process is not None
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output

    @property
    def facts(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home / "demo.json").read_text())
        return found

    def ask(self, document: str, **variables: object) -> Any:
        """Return the answer's data. An answer with errors fails the test."""
        headers = {"authorization": f"Bearer {self.facts['api_key']}"}
        body = {"query": document, "variables": variables}
        answer = httpx.post(self.facts["url"], json=body, headers=headers).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@contextmanager
def unstarted_demo() -> Iterator[Demo]:
    """Yield a demo on an empty data folder. Stop the demo in the end if the test has started it."""
    with data_folder() as folder:
        made = Demo(folder / "home")
        try:
            yield made
        finally:
            if made.process is not None and made.process.poll() is None:
                made.stop()
            EmbeddedPostgres(made.home / "postgres").stop()


@contextmanager
def running_demo(scale: str) -> Iterator[Demo]:
    """Yield a running demo with data of this scale."""
    with unstarted_demo() as made:
        made.start("--scale", scale)
        yield made
