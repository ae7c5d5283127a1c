"""The alert rules, the dashboard and the guide, and a real Prometheus that scrapes a server and a worker."""

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from server.http.admission import Admission, AdmissionLimits
from server.metrics.metrics import Metrics
from services.accounts.api_key import ALL_SCOPES
from services.figures.cache import Cached
from tests.support.ports import free_port
from tests.support.rows import add_integration, add_key, add_keyword, add_user
from tests.support.serving import running_command, served

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "docs" / "monitoring"
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
TOKEN = "a-secret-of-the-monitoring"
PROCESS_METRICS = {
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Prometheus is not installed"
)


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


@pytest.fixture
def exposed(pool: Pool) -> set[str]:
    """The names of all samples that a server may expose, without those of the process."""
    metrics = Metrics(pool)
    metrics.observe_cache(Cached(pool))
    metrics.observe_documents({})
    metrics.observe_admission(Admission(AdmissionLimits.of_pool(10)))
    metrics.observe_sign_ins(Counter())
    return {
        family.name + suffix
        for family in metrics.registry.collect()
        if family.name.startswith("leadgraph_")
        for suffix in {
            "counter": ["_total"],
            "gauge": [""],
            "histogram": ["_bucket", "_count", "_sum"],
            "summary": ["_count", "_sum"],
        }[family.type]
    }


async def test_rules_and_dashboard_use_metrics_that_exist(exposed: set[str]) -> None:
    rules = re.findall(r"expr:.*(?:\n {10}.*)*", (MONITORING / "alerts.yml").read_text())
    used = set(re.findall(r"\b(?:leadgraph|process)_\w+", " ".join([*rules, *expressions()])))
    assert used - exposed - PROCESS_METRICS == set()
    parts = ("_bucket", "_count", "_sum")
    histograms = {name.removesuffix("_sum") for name in exposed if name.endswith("_sum")}
    shown = {re.sub(r"(_bucket|_count|_sum)$", "", name) if name.endswith(parts) else name for name in used}
    singles = {name for name in exposed if not name.endswith(parts)}
    assert (histograms | singles) - shown == set(), "each metric is on the dashboard or in a rule"


async def test_the_guide_describes_each_metric_with_its_labels(exposed: set[str]) -> None:
    guide = (ROOT / "docs" / "guides" / "monitoring.md").read_text()
    described = set(re.findall(r"^\| `(leadgraph_\w+)` \|", guide, re.MULTILINE))
    assert described == {re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed}


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    found = DASHBOARD["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in found)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@needs_promtool
def test_the_rules_are_valid_and_ring_on_chosen_series() -> None:
    for command in (
        ("check", "rules", MONITORING / "alerts.yml"),
        ("check", "config", MONITORING / "prometheus.yml"),
        ("test", "rules", Path(__file__).parent / "alerts_test.yml"),
    ):
        found = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout + found.stderr


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"

    async def get(self, path: str, **parameters: str) -> Any:
        async with httpx.AsyncClient(base_url=self.origin) as client:
            answer = await client.get(f"/api/v1/{path}", params=parameters)
            assert answer.json()["status"] == "success", (parameters, answer.text)
            return answer.json()["data"]

    async def value(self, expression: str) -> float | None:
        result = (await self.get("query", query=expression))["result"]
        return float(result[0]["value"][1]) if result else None

    async def until(self, expression: str, expected: float) -> None:
        async with asyncio.timeout(60):
            while await self.value(expression) != expected:
                await asyncio.sleep(0.2)

    async def until_present(self, expression: str) -> None:
        """Wait until the expression has a value: a rate of a new series needs two scrapes."""
        give_up_at = time.monotonic() + 20
        while await self.value(expression) is None:
            assert time.monotonic() < give_up_at, expression
            await asyncio.sleep(0.2)

    async def firing(self) -> set[str]:
        alerts = (await self.get("alerts"))["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    async def until_firing(self, names: set[str]) -> None:
        give_up_at = time.monotonic() + 60
        while not names <= (firing := await self.firing()):
            assert time.monotonic() < give_up_at, firing
            await asyncio.sleep(0.2)


@asynccontextmanager
async def prometheus(folder: Path, addresses: dict[str, str]) -> AsyncIterator[Prometheus]:
    """Run Prometheus with the example configuration, and with the rules without their patience."""
    rules = (MONITORING / "alerts.yml").read_text()
    (folder / "alerts.yml").write_text(re.sub(r"for: \d+m", "for: 1s", rules))
    (folder / "token").write_text(TOKEN)
    config = (MONITORING / "prometheus.yml").read_text().replace("15s", "1s")
    config = config.replace("# authorization", "authorization").replace(
        "/etc/prometheus/leadgraph-token", "token"
    )
    for example, address in zip(("9464", "9465", "9466"), addresses.values(), strict=True):
        config = config.replace(f"127.0.0.1:{example}", address)
    (folder / "prometheus.yml").write_text(config)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        running = Prometheus(port)
        async with asyncio.timeout(30):
            while True:
                try:
                    await running.get("query", query="1")
                except (httpx.TransportError, json.JSONDecodeError):
                    await asyncio.sleep(0.1)
                else:
                    break
        yield running
    finally:
        process.terminate()
        await process.wait()


async def answered(origin: str, key: str, document: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=origin, timeout=30) as client:
        headers = {"authorization": f"Bearer {key}"}
        answer: dict[str, Any] = (
            await client.post("/graphql", json={"query": document}, headers=headers)
        ).json()
        return answer


EXPORT = """mutation Export {
  createExport(input: { list: { leads: {} } }) { export { id } userErrors { message } }
}"""
GOOD = [
    "query Page { keywords { nodes { id mentions { nodes { id } } } } }",
    "query Figures { dashboard { recentLeads { id } } }",
]
LOST = "query Lost { integrations { nodes { logs { nodes { id } } } } }"


@pytest.mark.slow
@pytest.mark.process
@needs_prometheus
async def test_a_prometheus_scrapes_servers_and_a_worker_and_three_alerts_fire(
    pool: Pool, database_url: str, server_folder: Path
) -> None:
    user_id = await add_user(pool)
    await add_keyword(pool, user_id, "security")
    await add_integration(pool, user_id)
    key = await add_key(pool, user_id, sorted(ALL_SCOPES))
    # An audit checks users first, and fails at the last table.
    await pool.execute("ALTER TABLE day_stats RENAME COLUMN mentions TO lost")
    addresses = {process: f"127.0.0.1:{free_port()}" for process in ("first", "second", "worker")}
    common = {"METRICS_TOKEN": TOKEN, "AUDIT_EVERY_SECONDS": "0.5", "WORKERS": "0"}
    of_worker = {"DATABASE_URL": database_url, "HOME": str(server_folder), **common}
    async with (
        served(database_url, server_folder, {**common, "METRICS_ADDRESS": addresses["first"]}) as (first, _),
        served(database_url, server_folder, {**common, "METRICS_ADDRESS": addresses["second"]}) as (
            second,
            _,
        ),
        running_command(
            "worker", b"worker is running", {**of_worker, "METRICS_ADDRESS": addresses["worker"]}
        ),
        prometheus(server_folder, addresses) as monitor,
    ):
        await monitor.until('count(up{job="leadgraph"} == 1)', 3)
        for url, status in ((f"{first}/metrics", 404), (f"http://{addresses['first']}/metrics", 401)):
            assert httpx.get(url).status_code == status
        for origin, document in ((first, GOOD[0]), (second, GOOD[0]), (first, GOOD[1]), (first, EXPORT)):
            assert "errors" not in await answered(origin, key, document)
        await monitor.until('sum(leadgraph_job_seconds_count{kind="write_exports", outcome="done"})', 1)
        requests = 'leadgraph_request_seconds_count{route="graphql", outcome="answered"}'
        await monitor.until(f"sum({requests})", 4)
        assert await monitor.value(f"min({requests})") == 1
        await monitor.until_firing({"LeadgraphNoAudit"})
        assert await monitor.firing() & {"LeadgraphFailedRequests", "LeadgraphCounterDrift"} == set()

        await pool.execute("UPDATE users SET mentions_count = 40")
        await pool.execute("ALTER TABLE integration_logs RENAME TO lost_logs")
        assert (await answered(second, key, LOST))["errors"][0]["extensions"]["code"] == "INTERNAL"
        await monitor.until_firing({"LeadgraphNoAudit", "LeadgraphFailedRequests", "LeadgraphCounterDrift"})
        assert await monitor.value('sum(leadgraph_pool_connections_max{pool="requests"})') == 10 + 10
        assert await monitor.value('sum(leadgraph_pool_connections_max{pool="jobs"})') == 6
        for sent in map(filled, expressions()):
            await monitor.until_present(sent)


def filled(expression: str) -> str:
    """Return a query of the dashboard with its variables replaced."""
    return expression.replace("$instance", ".*").replace("$__rate_interval", "1m")
