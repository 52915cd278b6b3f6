"""What docs/operations.md hands out: units, composition and the drill are what they say."""

import asyncio
import logging
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import typer
import urllib3
import yaml
from pydantic import BaseModel, ConfigDict, Field

from cli import console
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


class Limits(Told):
    memory: str = Field(pattern=r"^[0-9]+[mg]$")


class Resources(Told):
    limits: Limits


class Replicas(Told):
    replicas: int = Field(ge=1)
    resources: Resources


class EnvFile(Told):
    path: str
    required: bool


class Service(Told):
    image: str
    build: Build | None = None
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
    assert len(commands) == 4
    for command in commands:
        refuse_unknown(command)


def test_the_image_is_built_of_code_and_of_no_photos(compose: Compose):
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    mounted = {v.partition(":")[0] for s in compose.services.values() for v in s.volumes}
    assert {(DEPLOY / v).relative_to(ROOT).as_posix() for v in mounted if v[0] == "."} <= {
        *left_out
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    needed = {*packages, project["project"]["readme"], "pyproject.toml", "requirements.lock"}
    assert not needed & {*left_out}
    assert {".git", ".venv"} <= {*left_out}


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
    assert len(units) == len(UNITS) == 5


def test_the_units_that_the_steps_enable_are_there(tmp_path):
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        pytest.skip("systemctl is not installed")
    (line,) = [line for line in OPERATIONS.splitlines() if "systemctl enable --now" in line]
    names = [word for word in line.split() if word.startswith("aerogrid-")]
    assert len(names) == 5
    units = tmp_path / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for path in UNITS:
        shutil.copy(path, units)
    subprocess.run([systemctl, f"--root={tmp_path}", "enable", *names], check=True)
    wanted = {path.name for path in (units / "multi-user.target.wants").iterdir()}
    assert wanted == {f"{name}.service" for name in names}


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
        if "template" in document.get("spec", {}):
            pod = document["spec"]["template"]["spec"]
            yield from ((pod, container) for container in pod["containers"])


@pytest.mark.parametrize("name", KUBERNETES)
def test_kubernetes_takes_each_manifest(name):
    schemas = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed (extra dev)"
    )
    documents = list(written(DEPLOY / "kubernetes" / name))
    for document in documents:
        schemas.validate(document, "1.30", strict=True)
    kinds = {(document["kind"], document["metadata"]["name"]) for document in documents}
    assert len(kinds) == len(documents) > 10
    broken = next(d for d in documents if d["kind"] == "Deployment")
    broken["spec"]["replica"] = 1
    with pytest.raises(schemas.ValidationError):
        schemas.validate(broken, "1.30", strict=True)


@pytest.mark.parametrize("name", KUBERNETES)
def test_pods_run_programs_with_options_that_they_have_and_mount_what_is_there(name):
    documents = list(written(DEPLOY / "kubernetes" / name))
    claims = {d["metadata"]["name"] for d in documents if d["kind"] == "PersistentVolumeClaim"}
    services = {d["metadata"]["name"] for d in documents if d["kind"] == "Service"}
    programs = 0
    for pod, container in containers(documents):
        volumes = {volume["name"] for volume in pod.get("volumes", ())}
        named = {v["persistentVolumeClaim"]["claimName"] for v in pod.get("volumes", ())}
        assert named <= claims
        if container["image"].startswith("aerogrid"):
            refuse_unknown(container["args"])
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= volumes
            assert container["resources"]["limits"]["memory"]
            programs += 1
        asked = [word for word in container.get("args", ()) if word.startswith("tcp://")]
        assert {word.split("/")[2].split(":")[0] for word in asked} <= services
    assert programs >= 3


def test_wherever_a_page_runs_one_sender_of_alerts_does_too(compose: Compose):
    unit = ConfigParser(strict=False, interpolation=None)
    unit.read(DEPLOY / "aerogrid-alerts.service")
    words = shlex.split(unit["Service"]["ExecStart"])[1:]
    assert words[:2] == ["alerts", "send"]
    senders = [name for name, told in compose.services.items() if told.command[1:] == words]
    assert senders == ["alerts"]
    assert compose.services["alerts"].deploy is None  # one of it
    assert "PGPASSWORD" in compose.services["alerts"].environment
    for name in KUBERNETES:
        documents = list(written(DEPLOY / "kubernetes" / name))
        (sender,) = (
            document
            for document in documents
            for _, container in containers([document])
            if container.get("args", [])[1:] == words
        )
        assert (sender["kind"], sender["spec"]["replicas"]) == ("Deployment", 1)
        assert sender["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("name", KUBERNETES)
def test_services_and_policies_choose_pods_that_are_there(name):
    documents = list(written(DEPLOY / "kubernetes" / name))
    pods = [
        document["spec"]["template"]["metadata"]["labels"]
        for document in documents
        if "template" in document.get("spec", {})
    ]
    for document in documents:
        spec = document.get("spec", {})
        if document["kind"] == "Service":
            chosen = [labels for labels in pods if spec["selector"].items() <= labels.items()]
            assert len(chosen) == 1, document["metadata"]["name"]
        if document["kind"] == "NetworkPolicy":
            wanted = spec["podSelector"]["matchLabels"].items()
            assert any(wanted <= labels.items() for labels in pods)
        if "template" in spec:
            own = spec["selector"]["matchLabels"].items()
            assert sum(own <= labels.items() for labels in pods) == 1


@pytest.mark.parametrize("name", ["aerogrid-worker@.service", "aerogrid-scheduler.service"])
def test_what_runs_any_program_listens_on_loopback(name):
    (line,) = [
        line for line in (DEPLOY / name).read_text().splitlines() if line.startswith("ExecStart=")
    ]
    words = line.split()
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--dashboard-address") + 1].startswith("127.0.0.1:")


def test_workers_everywhere_keep_memory_and_look_at_themselves_as_seldom_as_local_ones(
    compose: Compose,
):
    cluster = pytest.importorskip("pipeline.cluster", reason="Dask is not installed (extra dev)")
    wanted = {name: str(value) for name, value in cluster.ENVIRONMENT.items()}
    for name, value in cluster.SELDOM.items():
        variable = "DASK_" + name.replace(".", "__").replace("-", "_").upper()
        wanted[variable] = str(value)
    assert compose.services["worker"].environment == wanted
    assert "--no-nanny" in compose.services["worker"].command  # which would set its own
    lines = (DEPLOY / "aerogrid-worker@.service").read_text().splitlines()
    told = [line.partition("=")[2] for line in lines if line.startswith("Environment=")]
    assert dict(word.split("=", 1) for line in told for word in shlex.split(line)) == wanted
    documents = list(written(DEPLOY / "kubernetes" / "gpu"))
    (given,) = (document for document in documents if document["kind"] == "ConfigMap")
    assert given["data"] == wanted
    workers = [c for _, c in containers(documents) if c.get("args", [])[:2] == ["dask", "worker"]]
    assert len(workers) == 2
    for worker in workers:
        assert worker["envFrom"] == [{"configMapRef": {"name": given["metadata"]["name"]}}]
        assert "--no-nanny" in worker["args"]


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
    for path in UNITS:
        told = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        yield Start(path.name, shlex.split(told["ExecStart"]), told.get("MemoryMax", ""))
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


def test_a_worker_may_hold_what_it_needs_on_a_machine_of_many_cores(monkeypatch):
    """By Dask's own share of 3 GiB for one of 64 cores it would pause with 40 MB, for ever."""
    memory = pytest.importorskip("distributed.worker_memory", reason="Dask is not installed")
    workers = started("worker")
    assert len(workers) == 4
    for worker in workers:
        allowed = bytes_of(worker.memory)
        monkeypatch.setattr(memory.system, "MEMORY_LIMIT", allowed)
        given = worker.options["memory_limit"]
        held = memory.parse_memory_limit(given, 1, 64, logger=logging.getLogger("test"))
        assert 0.9 * allowed < held <= allowed, worker.place
        assert held > 2e9, worker.place


def test_a_campaign_begins_again_but_for_what_no_new_try_mends():
    schemas = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed (extra dev)"
    )
    (job,) = written(CAMPAIGN)
    schemas.validate(job, "1.30", strict=True)
    ((_, container),) = containers([job])
    refuse_unknown(container["args"])
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [2, console.IN_PART]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert not {"env", "envFrom"} & container.keys()  # it files nothing
    unit = (DEPLOY / "aerogrid-campaign@.service").read_text()
    assert f"RestartPreventExitStatus=2 {console.IN_PART}\n" in unit
    base = list(written(DEPLOY / "kubernetes" / "base"))
    claims = {d["metadata"]["name"] for d in base if d["kind"] == "PersistentVolumeClaim"}
    pod = job["spec"]["template"]
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] in claims
    (policy,) = (d for d in base if (d["kind"], d["metadata"]["name"]) == _SCHEDULERS_POLICY)
    let_in = [entry["podSelector"]["matchLabels"] for entry in policy["spec"]["ingress"][0]["from"]]
    assert pod["metadata"]["labels"] in let_in


_SCHEDULERS_POLICY = ("NetworkPolicy", "scheduler")


def kustomized(name: str) -> list[dict[str, Any]]:
    """What kubectl makes of a folder before it sends it anywhere."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run(
        [kubectl, "kustomize", DEPLOY / "kubernetes" / name], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if 'unknown field "labels"' in built.stderr:
        pytest.skip("kubectl is older than 1.22, whose kustomize does not know `labels`")
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


@pytest.mark.parametrize("name", KUBERNETES)
def test_kustomize_builds_the_manifests(name):
    documents = kustomized(name)
    assert len(documents) == len(list(written(DEPLOY / "kubernetes" / name))) + 1  # the secret
    secret = next(d["metadata"]["name"] for d in documents if d["kind"] == "Secret")
    for program in ("page", "alerts"):
        chosen = ("Deployment", program)
        (it,) = (d for d in documents if (d["kind"], d["metadata"]["name"]) == chosen)
        (container,) = it["spec"]["template"]["spec"]["containers"]
        assert container["envFrom"][0] == {"secretRef": {"name": secret}}


def test_kustomize_builds_a_campaign_with_the_name_that_the_steps_delete():
    (job,) = written(CAMPAIGN)
    assert set(job["metadata"]) == {"name"}  # kustomize takes no `generateName`
    (built,) = kustomized("campaign")
    name, namespace = built["metadata"]["name"], built["metadata"]["namespace"]
    command = f"kubectl delete job {name} --namespace {namespace} --ignore-not-found"
    assert command in OPERATIONS
    assert command in (CAMPAIGN / "kustomization.yaml").read_text()
    assert built["spec"]["ttlSecondsAfterFinished"] == 7 * 24 * 3600


PROMETHEUS = {
    "namespaceSelector": {},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
}


def test_metrics_have_a_port_that_prometheus_can_name_and_no_dashboard_beside_them():
    all_started = [*started("scheduler"), *started("worker")]
    assert len(all_started) == 3 + 4
    for start in all_started:
        options, is_unit = start.options, start.place.endswith(".service")
        assert options["dashboard"] is False, start.place
        host, _, port = options["dashboard_address"].replace("%i", "12").rpartition(":")
        assert host == ("127.0.0.1" if is_unit else ""), start.place
        wanted = 8787 if start.program == "scheduler" else 19012 if is_unit else 8788
        assert int(port) == wanted, start.place
    for number in (1, 9, 10, 99):
        assert 1024 < int(f"190{number}") < 65536


def test_network_policies_let_prometheus_in_to_metrics_alone():
    documents = list(written(DEPLOY / "kubernetes" / "gpu"))
    ports = {}
    for document in documents:
        for _, container in containers([document]):
            for port in container.get("ports", ()):
                if port.get("name") == "metrics":
                    app = document["spec"]["template"]["metadata"]["labels"]["app"]
                    ports.setdefault(app, set()).add(port["containerPort"])
    assert ports == {"scheduler": {8787}, "worker": {8788}}
    for app, wanted in ports.items():
        (policy,) = (
            d for d in documents if (d["kind"], d["metadata"]["name"]) == ("NetworkPolicy", app)
        )
        assert all(entry["from"] for entry in policy["spec"]["ingress"])  # none is let in by all
        for_it = [entry for entry in policy["spec"]["ingress"] if PROMETHEUS in entry["from"]]
        assert [entry["from"] for entry in for_it] == [[PROMETHEUS]]
        assert {port["port"] for entry in for_it for port in entry["ports"]} == wanted


def test_scheduler_and_workers_tell_prometheus_of_tasks_without_a_dashboard():
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra dev)")

    async def ask(server: Any, *paths: str) -> list[str]:
        url = f"http://127.0.0.1:{server.http_server.port}"
        with urllib3.PoolManager() as http:
            answers = [
                await asyncio.to_thread(http.request, "GET", f"{url}/{path}") for path in paths
            ]
        return [answer.data.decode() for answer in answers]

    async def told() -> list[str]:
        bare = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
        async with (
            distributed.Scheduler(port=0, **bare) as scheduler,
            distributed.Worker(scheduler.address, nthreads=1, **bare) as worker,
        ):
            return await ask(scheduler, "metrics", "health") + await ask(worker, "metrics")

    metrics, health, of_worker = asyncio.run(told())
    assert "dask_scheduler_workers" in metrics
    assert "dask_scheduler_tasks" in metrics
    assert health == "ok"
    assert "dask_worker_tasks" in of_worker
