"""What docs/operations.md hands out: units, composition and the drill are what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
import typer
import yaml

from cases.registry import Registry
from cli.verbs import app
from geo.tracing import VARIABLE
from tests.deployed import (
    DEPLOY,
    GPU_DROP_IN,
    INSTALLED,
    KUBERNETES,
    OPERATIONS,
    ROOT,
    TIMERS,
    UNITS,
    Compose,
    composition,
    containers,
    environment_of,
    here,
    refuse_unknown,
    settings_of,
    written,
)


@pytest.fixture(scope="module")
def compose() -> Compose:
    return composition()


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
    assert len(commands) == 7
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


def test_the_image_brings_the_client_of_the_servers_version(compose: Compose):
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    (version,) = re.findall(r"^ARG POSTGRES=(\d+)$", dockerfile, re.MULTILINE)
    assert "postgresql-client-${POSTGRES}" in dockerfile
    (server,) = (
        container["image"]
        for _, container in containers(list(written(DEPLOY / "kubernetes" / "base")))
        if container["name"] == "postgis"
    )
    for image in (server, compose.services["db"].image):
        assert image.startswith(f"postgis/postgis:{version}-")


def test_images_are_built_with_extras_that_there_are_and_with_torch_for_gpus(compose: Compose):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    (plain,) = re.findall(r"^ARG EXTRAS=(\S+)$", dockerfile, re.MULTILINE)
    extras = {*plain.split(",")}
    assert re.findall(r"'\.\[(\S+)\]'\n", OPERATIONS) == [plain, f"{plain},train"]  # the units
    assert extras <= {*project["optional-dependencies"]}
    build = compose.services["worker-gpu"].build
    assert build is not None
    assert {*build.args["EXTRAS"].split(",")} == extras | {"train"}
    line = f"-t aerogrid-gpu --build-arg EXTRAS={build.args['EXTRAS']} ."
    assert f"docker build -f deploy/Dockerfile {line}" in OPERATIONS
    assert f"docker build -f deploy/Dockerfile {line}" in dockerfile
    locked = (ROOT / "requirements.lock").read_text()
    assert re.search(r"^torch==[\d.]+$", locked, re.MULTILINE)  # `+cpu` would leave GPUs out
    assert compose.services["worker-gpu"].profiles == ["gpu"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_program_with_options_that_it_has(path):
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    has_timer = path.with_suffix(".timer") in TIMERS
    assert set(unit.sections()) == {"Unit", "Service"} | (set() if has_timer else {"Install"})
    assert (unit["Service"].get("Type") == "oneshot") == has_timer
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

    def placed(text: str) -> str:
        return re.sub(rf"{INSTALLED}/\.venv/bin/\w+", str(program), text)

    for path in (*UNITS, *TIMERS):
        (tmp_path / path.name.replace("@.", "@1.")).write_text(placed(path.read_text()))
    worker = (tmp_path / "aerogrid-worker@1.service").read_text()
    (tmp_path / "aerogrid-worker@90.service").write_text(worker)
    drop_in = tmp_path / "aerogrid-worker@90.service.d" / "gpu.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(placed(GPU_DROP_IN.read_text()))

    def verified() -> tuple[int, list[str]]:
        units = [str(path) for path in tmp_path.glob("aerogrid-*.*") if path.is_file()]
        assert len(units) == len(UNITS) + len(TIMERS) + 1 == 10
        told = subprocess.run(
            [analyze, "verify", "--man=no", "--recursive-errors=no", *units],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return told.returncode, [x for x in told.stderr.splitlines() if str(tmp_path) in x]

    assert verified() == (0, [])
    drop_in.write_text(drop_in.read_text().replace("MemoryMax=8G", "MemoryMax=much"))
    assert "much" in " ".join(verified()[1])


def test_the_units_that_the_steps_enable_are_there(tmp_path):
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        pytest.skip("systemctl is not installed")
    lines = [line for line in OPERATIONS.splitlines() if "systemctl enable --now" in line]
    names = [word for line in lines for word in line.split() if word.startswith("aerogrid-")]
    assert len(names) == 7
    units = tmp_path / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for path in (*UNITS, *TIMERS):
        shutil.copy(path, units)
    subprocess.run([systemctl, f"--root={tmp_path}", "enable", *names], check=True)
    wanted = {
        path.name
        for target in ("multi-user", "timers")
        for path in (units / f"{target}.target.wants").iterdir()
    }
    assert wanted == {name if "." in name else f"{name}.service" for name in names}


def test_logrotate_takes_what_the_units_write(tmp_path):
    logrotate = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
    if logrotate is None:
        pytest.skip("logrotate is not installed")
    written_by_units = environment_of(DEPLOY / "aerogrid-worker@.service")[VARIABLE]
    folder, name = written_by_units.rsplit("/", 1)
    (tmp_path / name).write_text("{}\n")
    user, group = tmp_path.owner(), tmp_path.group()
    given = (DEPLOY / "logrotate.conf").read_text()
    text = given.replace(folder, str(tmp_path)).replace("aerogrid aerogrid", f"{user} {group}")
    (tmp_path / "conf").write_text(text)
    (tmp_path / "conf").chmod(0o644)
    subprocess.run([logrotate, "-f", "-s", tmp_path / "state", tmp_path / "conf"], check=True)
    assert not (tmp_path / name).exists()  # each line opens the file anew
    assert (tmp_path / f"{name}.1").read_text() == "{}\n"


def test_every_page_serves_what_campaigns_write_with_the_index_that_the_steps_make(compose):
    manifests = yaml.safe_load_all((DEPLOY / "kubernetes" / "base" / "page.yaml").read_text())
    [deployment] = [entry for entry in manifests if entry["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    commands = [
        compose.services["page"].command, container["args"],
        shlex.split(settings_of(DEPLOY / "aerogrid-page.service")["ExecStart"][0]),
    ]  # fmt: skip
    serve = typer.main.get_group(app).commands["serve"]
    for command in commands:
        given = serve.make_context("serve", command[command.index("serve") + 1 :]).params
        assert [path.name for path in given["patrols"]] == ["patrol", "patrols"]
        assert given["photo_index"] == Path("photos.sqlite")
    steps = OPERATIONS.partition("### Install the units")[2].partition("```\n\n")[0]
    assert "mkdir -p /srv/aerogrid/patrols" in steps
    assert "aerogrid photos add patrol'" in steps


def test_the_units_of_backup_and_drill_bring_a_registry_back(tmp_path):
    """As systemd runs them, but for where aerogrid lies."""
    folder = tmp_path / "patrol"
    folder.mkdir()
    with Registry.open(folder / "cases.sqlite"):
        pass
    for name, said in (("backup", "backed up: backups/cases-"), ("drill", "came back: 0 ")):
        path = DEPLOY / f"aerogrid-{name}.service"
        registry = environment_of(path)["REGISTRY"]
        _, script, *arguments = shlex.split(settings_of(path)["ExecStart"][0])
        given = [word.replace("${REGISTRY}", registry) for word in arguments]
        done = subprocess.run(
            [sys.executable, here(script), *given], cwd=tmp_path, capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.stdout.startswith(said), done.stderr
    (copy,) = (tmp_path / "backups").glob("*.sqlite")
    with Registry.open(copy) as registry:
        assert registry.verify_chain().is_intact


def test_containers_back_up_and_drill_with_the_same_words(compose: Compose):
    pods = {
        container["name"]: container["args"]
        for _, container in containers(list(written(DEPLOY / "kubernetes" / "base")))
        if container.get("args", [""])[0] == "python"
    }
    assert pods.keys() == {"backup", "drill"}
    for name, words in pods.items():
        assert compose.services[name].command == words
        unit = shlex.split(settings_of(DEPLOY / f"aerogrid-{name}.service")["ExecStart"][0])
        assert [word.replace("${REGISTRY}", words[2]) for word in unit[1:]] == words[1:]
        assert f"REGISTRY={words[2]}" in OPERATIONS
        assert f"docker compose -f deploy/compose.yaml run --rm {name}" in OPERATIONS
        script = here(words[1]).relative_to(ROOT)
        left_out = {*(ROOT / ".dockerignore").read_text().splitlines()}
        assert not {script.as_posix(), *(folder.as_posix() for folder in script.parents)} & left_out


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
