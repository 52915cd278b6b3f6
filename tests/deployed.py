"""What deploy/ hands out, as the programs that take it read it."""

import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import typer
import yaml
from pydantic import BaseModel, ConfigDict, Field

from cli.verbs import app

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
INSTALLED = "/opt/aerogrid"
UNITS = sorted(DEPLOY.glob("*.service"))
TIMERS = sorted(DEPLOY.glob("*.timer"))
GPU_DROP_IN = DEPLOY / "aerogrid-worker-gpu.conf"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


class Told(BaseModel):
    """The part of the Compose specification that we use; anything else is a slip."""

    model_config = ConfigDict(extra="forbid")


class Build(Told):
    context: str
    dockerfile: str
    args: dict[str, str] = {}


class Health(Told):
    test: list[str]
    interval: str = Field(pattern=r"^\d+s$")
    timeout: str = Field(pattern=r"^\d+s$")
    retries: int


class Condition(Told):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Limits(Told):
    memory: str = Field(pattern=r"^[0-9]+[mg]$")


class Device(Told):
    driver: Literal["nvidia"]
    count: int = Field(ge=1)
    capabilities: list[Literal["gpu"]] = Field(min_length=1)


class Reservations(Told):
    devices: list[Device]


class Resources(Told):
    limits: Limits
    reservations: Reservations | None = None


class Replicas(Told):
    replicas: int = Field(ge=1)
    resources: Resources


class EnvFile(Told):
    path: str
    required: bool


class Service(Told):
    image: str
    build: Build | None = None
    profiles: list[str] = []
    command: list[str] = []
    environment: dict[str, str] = {}
    env_file: list[EnvFile] = []
    volumes: list[str] = []
    ports: list[str] = []
    depends_on: dict[str, Condition] | list[str] = []
    healthcheck: Health | None = None
    deploy: Replicas | None = None
    stop_grace_period: str = Field("10s", pattern=r"^\d+s$")
    restart: Literal["no", "always", "on-failure", "unless-stopped"]


class Compose(Told):
    name: str
    services: dict[str, Service]
    volumes: dict[str, dict[str, Any]]


def composition() -> Compose:
    return Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def here(installed: str) -> Path:
    """Where what lies below /opt/aerogrid of an image or a machine is in this checkout."""
    assert installed.startswith(f"{INSTALLED}/")
    return ROOT / installed.removeprefix(f"{INSTALLED}/")


def settings_of(path: Path) -> dict[str, list[str]]:
    """What a unit sets, each name as often as it does."""
    settings: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings


def environment_of(path: Path) -> dict[str, str]:
    """The variables that a unit gives its program."""
    lines = settings_of(path).get("Environment", [])
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def refuse_unknown(words: list[str]) -> None:
    """Fail where a program of ours would not take its command line."""
    program, *arguments = words
    if Path(program).name == "dask":
        module = pytest.importorskip(f"distributed.cli.dask_{arguments[0]}")
        module.main.make_context("dask", arguments[1:])
        return
    if Path(program).name == "python":
        script, *arguments = arguments
        functions = runpy.run_path(str(here(script)))
        assert len(arguments) == 1 or functions["parser"]().parse_args(arguments)
        return
    assert Path(program).name == "aerogrid"
    command = typer.main.get_command(app)
    context = command.make_context("aerogrid", list(arguments), resilient_parsing=True)
    while hasattr(command, "resolve_command"):
        _, command, arguments = command.resolve_command(context, list(arguments))
    command.make_context("verb", list(arguments))


KUBERNETES = ("base", "gpu")
CAMPAIGN = DEPLOY / "kubernetes" / "campaign"


def written(folder: Path) -> Iterator[dict[str, Any]]:
    """All that a kustomization names, as it is written; what others it builds on comes with it."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    listed = {*kustomization["resources"]}
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in listed if not name.startswith("..")} == there
    for name in kustomization["resources"]:
        if (folder / name).is_dir():
            yield from written((folder / name).resolve())
        else:
            yield from yaml.safe_load_all((folder / name).read_text())


def containers(documents: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for document in documents:
        spec = document.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            pod = spec["template"]["spec"]
            yield from ((pod, container) for container in pod["containers"])


@dataclass(frozen=True, slots=True)
class Start:
    """How something of Dask is started somewhere, and the memory that it may have there."""

    place: str
    words: list[str]
    memory: str

    @property
    def program(self) -> str:
        """`worker` or `scheduler`."""
        return self.words[1]

    @property
    def options(self) -> dict[str, Any]:
        """What its words mean to Dask."""
        module = pytest.importorskip(f"distributed.cli.dask_{self.program}")
        given: dict[str, Any] = module.main.make_context("dask", self.words[2:]).params
        return given


def starts() -> Iterator[Start]:
    """Every program that a unit, the composition or a pod runs."""
    for path in (*UNITS, GPU_DROP_IN):
        told = settings_of(path)
        memory = told.get("MemoryMax", [""])[-1]
        yield Start(f"unit {path.name}", shlex.split(told["ExecStart"][-1]), memory)
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, service in composed.items():
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        yield Start(f"compose {name}", service.get("command", []), limits.get("memory", ""))
    for document in written(DEPLOY / "kubernetes" / "gpu"):
        for _, container in containers([document]):
            limits = container["resources"]["limits"]
            yield Start(
                f"pod {document['metadata']['name']}", container.get("args", []), limits["memory"]
            )


def started(program: str) -> list[Start]:
    """Every start of a worker, or of the scheduler, that we hand out."""
    return [
        start
        for start in starts()
        if Path((start.words or [""])[0]).name == "dask" and start.program == program
    ]


def bytes_of(memory: str) -> int:
    """Memory as systemd (3G), Compose (3g) and Kubernetes (3Gi) write it, all by powers of 1024."""
    return int(memory.rstrip("gGi")) * 1024**3
