"""A real cluster: scheduler, workers and driver are processes, and each is killed."""

import os
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed (extra campaign)")

from benchmarks.clusters import Cluster, drive, free_port, kill, until
from pipeline import analysis, cluster
from pipeline.campaign import read_campaign
from pipeline.campaigning import Killed, Kind, Refused, Task, conduct, one
from pipeline.cluster import remote_cluster
from pipeline.errors import PipelineError
from pipeline.patrol_steps import LEDGERS
from pipeline.workspace import Workspace
from tests.pipeline.rendered import make_photos

RUN = """
out = "patrols"
photos_per_task = 1
grids = "district/cells.gpkg"
zones = "district/zones.gpkg"
dem = "district/dem.tif"
[[patrols]]
name = "one"
photos = "photos"
"""


def entries(run: Path, kind: str) -> set[str]:
    """Tasks of a kind that are finished."""
    return {path.name for path in run.parent.glob(f"patrols/{LEDGERS}/*/{kind}-*")}


def products(workspace: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in workspace.root.iterdir()}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("campaign")
    make_photos(root)
    path = root / "run.toml"
    path.write_text(RUN)
    return path


def test_killing_worker_driver_and_scheduler_leaves_what_the_serial_run_makes(run):
    campaign = read_campaign(run)
    serial = Workspace(campaign.out / "serial")
    found = analysis.ingest(serial, campaign.patrols[0].inputs, campaign.settings)
    detections = analysis.detect(serial, campaign.settings)
    analysis.locate(serial, campaign.settings)
    with Cluster() as processes:
        scheduler, worker = processes.scheduler(), processes.worker()
        processes.worker()
        driver = processes.driver(run)
        until(lambda: len(entries(run, "read")) > 0, "a photo is read")
        kill(worker)
        until(lambda: len(entries(run, "search")) > 0, "a photo is searched")
        kill(driver)
        driver = processes.driver(run)
        searched = len(entries(run, "search"))
        until(lambda: len(entries(run, "search")) != searched, "another photo is searched")
        kill(scheduler)
        until(lambda: not driver.is_alive(), "the driver ends")
        processes.scheduler()
        processes.worker()
        told = drive(processes.address, run)["one"]
    assert (told.photos, told.detections) == (len(found.frames), len(detections))
    assert [path for path, _ in told.unusable] == ["torn.jpg"]
    assert products(Workspace(campaign.out / "one")) == products(serial)


def steps(task: Task):
    return (yield from one(task))


def answers(cluster: cluster.DaskCluster, call, *arguments: object) -> object:
    """What a call on a worker comes to."""
    task = Task(f"{call.__name__}-{arguments}", Kind.READ, call, arguments)
    cluster.submit(task)
    return cluster.next_done()[1]


def refuse(why: str) -> None:
    raise PipelineError(why)


def test_what_a_task_comes_to_is_told(monkeypatch):
    with Cluster() as processes:
        processes.scheduler(most_deaths=0)
        processes.worker()
        processes.worker()
        with remote_cluster(processes.address) as opened:
            assert opened.slots == 2
            assert answers(opened, pow, 2, 10) == 1024
            assert answers(opened, refuse, "no zones") == Refused("no zones")
            broken = answers(opened, int, "x")
            assert isinstance(broken, Refused)
            assert "a worker failed: ValueError: invalid literal" in broken.why
            assert answers(opened, os._exit, 1) == Killed()
            steps_of = steps(Task("again", Kind.READ, os._exit, (1,)))
            ((_, result),) = conduct([("one", steps_of)], opened, lambda kind, done, known: None)
            assert "its workers ended several times" in result.why


def test_a_cluster_that_is_not_there_is_named_with_what_to_start(monkeypatch):
    monkeypatch.setattr(cluster, "_SCHEDULER_WAIT_S", 0.5)
    monkeypatch.setattr(cluster, "_WORKERS_WAIT_S", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(PipelineError, match=rf"{address}: no scheduler"), remote_cluster(address):
        pass
    with Cluster() as processes:
        processes.scheduler()
        with (
            pytest.raises(PipelineError, match=r"has no workers.*dask worker"),
            remote_cluster(processes.address),
        ):
            pass
