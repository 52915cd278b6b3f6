"""Scheduler and workers as deploy/ starts them on every kind of machine."""

import asyncio
import logging
import subprocess
import sys
from typing import Any

import pytest
import urllib3

from geo.tracing import VARIABLE
from tests.deployed import (
    CAMPAIGN,
    DEPLOY,
    GPU_DROP_IN,
    OPERATIONS,
    ROOT,
    bytes_of,
    composition,
    containers,
    environment_of,
    settings_of,
    started,
    written,
)


@pytest.mark.parametrize("name", ["aerogrid-worker@.service", "aerogrid-scheduler.service"])
def test_what_runs_any_program_listens_on_loopback(name):
    (line,) = [
        line for line in (DEPLOY / name).read_text().splitlines() if line.startswith("ExecStart=")
    ]
    words = line.split()
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--dashboard-address") + 1].startswith("127.0.0.1:")


def test_workers_everywhere_keep_memory_and_look_at_themselves_as_seldom_as_local_ones():
    cluster = pytest.importorskip("pipeline.cluster", reason="Dask is not installed (extra dev)")
    wanted = {name: str(value) for name, value in cluster.ENVIRONMENT.items()}
    for name, value in cluster.SELDOM.items():
        variable = "DASK_" + name.replace(".", "__").replace("-", "_").upper()
        wanted[variable] = str(value)
    services = composition().services
    documents = list(written(DEPLOY / "kubernetes" / "gpu"))
    (given,) = (document for document in documents if document["kind"] == "ConfigMap")
    environments = [
        services["worker"].environment,
        services["worker-gpu"].environment,
        environment_of(DEPLOY / "aerogrid-worker@.service"),  # the drop-in has it from here
        given["data"],
    ]
    for environment in environments:
        assert {name: environment[name] for name in environment if name != VARIABLE} == wanted
    assert not wanted.keys() & environment_of(GPU_DROP_IN).keys()
    workers = [c for _, c in containers(documents) if c.get("args", [])[:2] == ["dask", "worker"]]
    assert len(workers) == 2
    for worker in workers:
        assert worker["envFrom"] == [{"configMapRef": {"name": given["metadata"]["name"]}}]
    for start in started("worker"):
        assert start.options["nanny"] is False, start.place  # which would set its own


def test_whatever_photos_go_through_is_written_down_where_logs_are_kept():
    """By workers, campaigns, alerts, and where patrols are filed; docs/operations.md has where."""
    services = composition().services
    in_units = "/var/log/aerogrid/trace.jsonl"
    for name in ("worker@", "campaign@", "alerts"):
        path = DEPLOY / f"aerogrid-{name}.service"
        assert environment_of(path)[VARIABLE] == in_units
        assert settings_of(path)["LogsDirectory"] == ["aerogrid"]  # /var/log/aerogrid, its own
    for name in ("worker", "worker-gpu", "alerts", "page"):
        assert services[name].environment[VARIABLE] == "/srv/aerogrid/trace.jsonl"
        assert "./data:/srv/aerogrid" in services[name].volumes
    documents = [*written(DEPLOY / "kubernetes" / "base"), *written(CAMPAIGN)]
    (given,) = (document for document in documents if document["kind"] == "ConfigMap")
    in_pods = {"worker": given["data"][VARIABLE]}
    for _, container in containers(documents):
        for variable in container.get("env", ()):
            if variable["name"] == VARIABLE:
                in_pods[container["name"]] = variable["value"]
    assert in_pods == dict.fromkeys(("worker", "campaign", "alerts", "page"), "/proc/1/fd/1")
    for where in (in_units, "./data/trace.jsonl", "/proc/1/fd/1"):
        assert where in OPERATIONS


def test_the_way_of_a_photo_can_be_written_into_what_keeps_a_programs_output():
    told = subprocess.run(
        [sys.executable, "-c", "from geo.tracing import follow; follow('read', ['ab' * 32])"],
        env={VARIABLE: "/proc/self/fd/1", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert '"trace": "abababababababab"' in told.stdout
    assert told.stderr == ""


def test_a_worker_may_hold_what_it_needs_on_a_machine_of_many_cores(monkeypatch):
    """By Dask's own share of 3 GiB for one of 64 cores it would pause with 40 MB, for ever."""
    memory = pytest.importorskip("distributed.worker_memory", reason="Dask is not installed")
    workers = started("worker")
    assert len(workers) == 6
    for worker in workers:
        allowed = bytes_of(worker.memory)
        monkeypatch.setattr(memory.system, "MEMORY_LIMIT", allowed)
        given = worker.options["memory_limit"]
        held = memory.parse_memory_limit(given, 1, 64, logger=logging.getLogger("test"))
        assert 0.9 * allowed < held <= allowed, worker.place
        assert held > 2e9, worker.place


def test_metrics_have_a_port_that_prometheus_can_name_and_no_dashboard_beside_them():
    all_started = [*started("scheduler"), *started("worker")]
    assert len(all_started) == 3 + 6
    for start in all_started:
        options, is_unit = start.options, start.place.startswith("unit ")
        assert options["dashboard"] is False, start.place
        host, _, port = options["dashboard_address"].replace("%i", "12").rpartition(":")
        assert host == ("127.0.0.1" if is_unit else ""), start.place
        wanted = 8787 if start.program == "scheduler" else 19012 if is_unit else 8788
        assert int(port) == wanted, start.place
    for number in (1, 9, 10, 99):
        assert 1024 < int(f"190{number}") < 65536


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
