"""The files of deploy/: linted, and consistent with the settings and commands of the product."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.commands.app import app as cli
from server.runtime.settings import ALLOWED
from tests.support.demo import LEADGRAPH

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = ("leadgraph-server.service", "leadgraph-worker.service")
EXECUTABLE = "/opt/leadgraph/.venv/bin/leadgraph"
COMMANDS = {command.name or getattr(command.callback, "__name__", "") for command in cli.registered_commands}
SETTINGS = {f"LEADGRAPH_{name.upper()}" for name in ALLOWED}
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "leadgraph"}


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.skipif(
    not LEADGRAPH.with_name("hadolint").exists(), reason="hadolint has a wheel for Linux on x86_64 only."
)
def test_hadolint_finds_nothing_in_the_containerfile(tmp_path: Path) -> None:
    hadolint = LEADGRAPH.with_name("hadolint")
    found = run(hadolint, DEPLOY / "Containerfile")
    assert (found.returncode, found.stdout) == (0, "")
    (tmp_path / "Containerfile").write_text("FROM python:latest\nRUN cd /tmp && sudo pip install x\n")
    assert run(hadolint, tmp_path / "Containerfile").returncode == 1


def test_the_build_context_of_the_image_suffices_for_the_wheel(tmp_path: Path) -> None:
    """The files that `.dockerignore` lets through are packed, and the wheel contains code and revisions."""
    context, wheels = tmp_path / "context", tmp_path / "wheels"
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    context.mkdir()
    for name in allowed:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, context / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
        else:
            shutil.copy(source, context / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = run(*pip, "--wheel-dir", wheels, context)
    assert done.returncode == 0, done.stderr
    names = set(zipfile.ZipFile(next(wheels.glob("*.whl"))).namelist())
    revisions = {f"db/_migrations/versions/{path.name}" for path in (ROOT / "alembic/versions").glob("*.py")}
    assert {"server/cli.py", "breadth/plan.py", "text/words.py", "db/_migrations/env.py"} | revisions <= names
    assert {"locks/runtime.txt", "web/build.py", "locks/web.txt"} <= {
        str(path.relative_to(context)) for path in context.rglob("*")
    }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed.")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_units(name: str, tmp_path: Path) -> None:
    unit = tmp_path / name
    text = (DEPLOY / name).read_text()
    assert text.count(EXECUTABLE) == 1
    unit.write_text(text.replace(EXECUTABLE, str(LEADGRAPH)))
    verified = run("systemd-analyze", "verify", "--man=no", unit)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("Restart=always", "Restrat=always"))
    assert "'Restrat'" in run("systemd-analyze", "verify", "--man=no", unit).stderr


@pytest.mark.parametrize("name", UNITS)
def test_units_use_existing_commands_and_settings(name: str) -> None:
    text = (DEPLOY / name).read_text()
    (arguments,) = re.findall(rf"^ExecStart={EXECUTABLE} (.+)$", text, re.MULTILINE)
    assert arguments in COMMANDS
    assert set(re.findall(r"LEADGRAPH_\w+", text)) <= SETTINGS


def test_the_two_units_differ_only_in_their_work() -> None:
    server, worker = ((DEPLOY / name).read_text().splitlines() for name in UNITS)
    assert {line.split("=")[0] for line in set(server) ^ set(worker)} == {
        "Description",
        "Environment",
        "ExecStart",
        "LimitNOFILE",
        "# See LEADGRAPH_DRAIN_SECONDS and LEADGRAPH_SHUTDOWN_SECONDS.",
        "# The current turn of an export or a task gets ten seconds to finish.",
    }


def test_the_example_of_an_environment_file_names_settings() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "leadgraph.env.example").read_text(), re.MULTILINE)
    assert set(names) == {
        "LEADGRAPH_CREDENTIALS_KEY",
        "LEADGRAPH_DOWNLOAD_KEY",
        "LEADGRAPH_DATABASE_URL",
        "POSTGRES_PASSWORD",
    }
    assert set(names) - SETTINGS == {"POSTGRES_PASSWORD"}


def test_services_of_the_compose_file_use_existing_commands_settings_and_files() -> None:
    assert list(OURS) == ["migrate", "server", "worker"]
    for name, service in OURS.items():
        assert service.get("command", ["serve"])[0] in COMMANDS, name
        assert set(service["environment"]) <= SETTINGS, name
        build = service["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Containerfile"
        assert (DEPLOY / f"{service['env_file']}.example").exists()
        assert set(service["depends_on"]) <= set(COMPOSE["services"]), name
    assert {volume.partition(":")[0] for volume in COMPOSE["services"]["database"]["volumes"]} == set(
        COMPOSE["volumes"]
    )


def test_the_compose_file_publishes_one_port_on_loopback() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in OURS.values())


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed.")
def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    """Version 1 refuses `name`, which later versions require to be a name alone."""
    text = (DEPLOY / "compose.yaml").read_text().replace("name: leadgraph\n", 'version: "3.9"\n', 1)
    (tmp_path / "compose.yaml").write_text(text)
    (tmp_path / "leadgraph.env").write_text((DEPLOY / "leadgraph.env.example").read_text())
    (tmp_path / ".env").write_text("")
    command = ["docker-compose", "--file", "compose.yaml", "config", "--quiet"]
    missing = run(*command, cwd=tmp_path)
    assert "Set POSTGRES_PASSWORD in deploy/leadgraph.env" in missing.stderr
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=secret\n")
    found = run(*command, cwd=tmp_path)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
