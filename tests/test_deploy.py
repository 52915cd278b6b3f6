"""What docs/operations.md hands out: units, composition and the drill are what they say."""

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Literal

import pytest
import typer
import yaml
from pydantic import BaseModel, ConfigDict, Field

from cli.verbs import app

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


class Told(BaseModel):
    """The part of the Compose specification that we use; anything else is a slip."""

    model_config = ConfigDict(extra="forbid")


class Build(Told):
    context: str
    dockerfile: str


class Health(Told):
    test: list[str]
    interval: str = Field(pattern=r"^\d+s$")
    timeout: str = Field(pattern=r"^\d+s$")
    retries: int


class Condition(Told):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Replicas(Told):
    replicas: int = Field(ge=1)


class Service(Told):
    image: str
    build: Build | None = None
    command: list[str] = []
    environment: dict[str, str] = {}
    volumes: list[str] = []
    ports: list[str] = []
    depends_on: dict[str, Condition] | list[str] = []
    healthcheck: Health | None = None
    deploy: Replicas | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"]


class Compose(Told):
    name: str
    services: dict[str, Service]
    volumes: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def compose() -> Compose:
    return Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def refuse_unknown(words: list[str]) -> None:
    """Fail where a program of ours would not take its command line."""
    program, *arguments = words
    if Path(program).name == "dask":
        module = pytest.importorskip(f"distributed.cli.dask_{arguments[0]}")
        module.main.make_context("dask", arguments[1:])
        return
    assert Path(program).name == "aerogrid"
    command = typer.main.get_command(app)
    context = command.make_context("aerogrid", list(arguments), resilient_parsing=True)
    while hasattr(command, "resolve_command"):
        _, command, arguments = command.resolve_command(context, list(arguments))
    command.make_context("verb", list(arguments))


def test_the_composition_follows_its_schema_and_refers_to_what_is_there(compose):
    for service in compose.services.values():
        assert set(service.depends_on) <= set(compose.services)
        named = {volume.partition(":")[0] for volume in service.volumes}
        assert {name for name in named if not name.startswith((".", "/"))} <= set(compose.volumes)
        if service.build is not None:
            assert (DEPLOY / service.build.context / service.build.dockerfile).is_file()
    built = {service.image for service in compose.services.values() if service.build}
    ours = {service.image for service in compose.services.values() if service.command}
    assert ours == built


def test_the_composition_runs_programs_with_options_that_they_have(compose):
    commands = [service.command for service in compose.services.values() if service.command]
    assert len(commands) == 3
    for command in commands:
        refuse_unknown(command)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_program_with_options_that_it_has(path):
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    assert unit["Service"]["User"] == "aerogrid"
    refuse_unknown(shlex.split(unit["Service"]["ExecStart"]))
    assert path.stem.rstrip("@") in OPERATIONS


def test_systemd_takes_the_units(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in UNITS:
        text = path.read_text().replace("/opt/aerogrid/.venv/bin/aerogrid", str(program))
        text = text.replace("/opt/aerogrid/.venv/bin/dask", str(program))
        name = path.name.replace("@.", "@1.")
        (tmp_path / name).write_text(text)
    units = [str(path) for path in tmp_path.glob("*.service")]
    told = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *units],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    about = [line for line in told.stderr.splitlines() if str(tmp_path) in line]
    assert (told.returncode, about) == (0, []), told.stderr
    assert len(units) == len(UNITS) == 4
