"""`leadgraph worker` as processes of their own."""

import subprocess

from tests.support.demo import Demo

READY = "The worker is running. Press Ctrl-C to stop it.\n"


class Workers:
    """`leadgraph worker` processes on one database."""

    def __init__(self, demo: Demo, url: str, **variables: str) -> None:
        self._demo = demo
        self._url = url
        self._variables = variables
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a worker, and return when it is running."""
        process = subprocess.Popen(
            [self._demo.command, "worker", *arguments],
            env=self._demo.environment(LEADGRAPH_DATABASE_URL=self._url, **self._variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == READY
        return process

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
