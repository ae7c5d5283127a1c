"""The metrics of all processes of a server, which any of them tells.

Each sample names its process by the label `process`. A process that is started again therefore resets its own series
only, as Prometheus expects, and no value counts twice. Each process tells the others its metrics on a socket in a
folder that only their user may enter.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

LABEL: Final = "process"
ANSWER_SECONDS: Final = 2.0
_HELP: Final = "# HELP "


class _Labelled:
    """A registry whose samples have the label of the process."""

    def __init__(self, registry: CollectorRegistry, place: int) -> None:
        self._registry = registry
        self._place = str(place)

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, LABEL: self._place}) for sample in family.samples
            ]
            yield family


class _Answers:
    """The processes that told their metrics, and those that did not."""

    def __init__(self, answered: Sequence[bool]) -> None:
        self._answered = answered

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "leadgraph_process_up",
            "Whether the process of the server told its metrics. Another one starts when a process has ended.",
            labels=[LABEL],
        )
        for place, has_answered in enumerate(self._answered):
            family.add_metric([str(place)], has_answered)
        yield family


class OtherProcesses:
    """The processes at the other places of a server, from the process at one `place`."""

    def __init__(self, registry: CollectorRegistry, folder: Path, place: int, number: int) -> None:
        self._registry = registry
        self._folder = folder
        self._place = place
        self._number = number

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell the other processes the metrics of this one during the context."""
        server = await asyncio.start_unix_server(self._tell, self._path(self._place))
        try:
            yield
        finally:
            server.close()

    async def encoded(self) -> bytes:
        """Return the metrics of all processes as text."""
        places = range(self._number)
        texts = await asyncio.gather(
            *(self._own() if each == self._place else self._ask(each) for each in places)
        )
        answers = _text(_Answers([bool(text) for text in texts]))
        return await asyncio.to_thread(merged, [*texts, answers])

    async def _own(self) -> bytes:
        return await asyncio.to_thread(_text, _Labelled(self._registry, self._place))

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await self._own())
        with suppress(OSError):
            await writer.drain()
        writer.close()

    async def _ask(self, place: int) -> bytes:
        """Return the metrics of another process, or nothing if it does not answer."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._path(place))
                try:
                    return await reader.read(-1)
                finally:
                    writer.close()
        return b""

    def _path(self, place: int) -> str:
        return str(self._folder / f"{place}.sock")


def _text(registry: Any) -> bytes:
    return generate_latest(registry)


def merged(texts: Iterable[bytes]) -> bytes:
    """Return one text of several, with the samples of each metric together, as the format requires."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for text in texts:
        name, new = "", set()
        for line in text.decode().splitlines():
            if not line.startswith("#"):
                samples[name].append(line)
                continue
            if line.startswith(_HELP):
                name = line.removeprefix(_HELP).partition(" ")[0]
                if name not in heads:
                    new.add(name)
                    heads[name], samples[name] = [], []
            if name in new:
                heads[name].append(line)
    lines = [line for name, head in heads.items() for line in (*head, *samples[name])]
    return ("\n".join(lines) + "\n").encode()
