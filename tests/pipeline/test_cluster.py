"""A real cluster: scheduler, workers and driver are processes, and each is killed."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="Dask is not installed (extra campaign)")

from distributed.comm import CommClosedError

from benchmarks.campaign_memory import drive_recorded, record, stand_ins
from benchmarks.clusters import Cluster, drive, free_port, kill, until
from pipeline import analysis, attendance, cluster, on_worker, shards
from pipeline.at_hand import at_hand
from pipeline.campaign import Patrol, read_campaign
from pipeline.campaigning import Killed, Kind, Refused, Task, conduct, one
from pipeline.cluster import LostSchedulerError, local_cluster, remote_cluster
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from pipeline.job import Job
from pipeline.overdue import within
from pipeline.patrol_steps import LEDGERS
from pipeline.settings import Settings
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


def test_500_recorded_photos_are_each_found_once_whatever_is_killed(run, tmp_path, monkeypatch):
    """Planning, ledger, tasks and processes are real; reading and searching were recorded."""
    kept, ledgers = tmp_path / "recorded", tmp_path / "out" / LEDGERS
    record(kept, run.parent / "photos")
    for name in stand_ins(kept):
        monkeypatch.setattr(shards, name, getattr(shards, name))  # back as it is now afterwards

    def finished() -> int:
        return len(list(ledgers.glob("*/done.json")))

    with Cluster() as processes:
        scheduler, worker = processes.scheduler(), processes.worker()
        processes.worker()
        driver = processes.driver_by(drive_recorded, tmp_path, kept)
        until(lambda: len(list(ledgers.glob("*/read-*"))) > 5, "photos are read")
        kill(worker)
        processes.worker()
        until(lambda: finished() > 0, "a patrol is done")
        kill(driver)
        assert finished() < 10
        driver = processes.driver_by(drive_recorded, tmp_path, kept)
        before = finished()
        until(lambda: finished() > before or not driver.is_alive(), "another one is done")
        kill(scheduler)
        until(lambda: not driver.is_alive(), "the driver ends")
        processes.scheduler()
        processes.worker()
        processes.worker()
        told = drive_recorded(processes.address, tmp_path, kept)
    assert len(told) == 10
    assert not any(isinstance(result, Refused) for result in told.values())
    found = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("p*/found.json")]
    assert [len(photos) for photos in found] == [50] * 10
    assert len({key for photos in found for key in photos}) == 500
    assert len({count for photos in found for count in photos.values()}) == 1
    assert not list(ledgers.glob("*/[rs]e*"))


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
            monkeypatch.setattr(cluster, "find_spec", lambda name: name == "bokeh")
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/status", opened.dashboard)
            monkeypatch.setattr(cluster, "find_spec", lambda name: None)
            assert opened.dashboard is None
            assert answers(opened, pow, 2, 10) == 1024
            assert answers(opened, refuse, "no zones") == Refused("no zones")
            broken = answers(opened, int, "x")
            assert isinstance(broken, Refused)
            assert "a worker failed: ValueError: invalid literal" in broken.why
            assert answers(opened, os._exit, 1) == Killed()
            steps_of = steps(Task("again", Kind.READ, os._exit, (1,)))
            ((_, result),) = conduct([("one", steps_of)], opened, lambda kind, done, known: None)
            assert "the programs that had all of it in hand were ended each time" in result.why


def hang(told: str, times: int) -> int:
    """Hang for the first times that it is called; which time this is else."""
    with Path(told).open("a") as file:
        file.write(f"{os.getpid()}\n")
    calls = len(Path(told).read_text().splitlines())
    until(lambda: calls > times, "never")
    return calls


def test_a_task_that_hangs_is_tried_elsewhere_once_and_its_worker_ends(tmp_path):
    told: list[str] = []
    once, ever = tmp_path / "once", tmp_path / "ever"
    with Cluster() as processes:
        processes.scheduler()
        workers = {worker.pid: worker for worker in (processes.worker(), processes.worker())}
        with remote_cluster(processes.address, note=told.append) as opened:
            task = Task("hangs", Kind.READ, hang, (str(once), 1), 16, limit_s=0.5)
            opened.submit(task)
            assert opened.next_done() == (task, 2)
            first, second = map(int, once.read_text().split())
            assert first != second
            until(lambda: not workers[first].is_alive(), "the worker with the hung task ends")
            assert workers[second].is_alive()
            assert len(told) == 1
            assert "a task of 16 photos was not done within 0.5 s. It is tried once more" in told[0]

            opened.submit(replace(task, name="hangs ever", arguments=(str(ever), 9)))
            workers[second].join()
            assert opened._tasks  # waits for a worker that takes it
            processes.worker()
            result = opened.next_done()[1]
            assert isinstance(result, Killed)
            assert result.why == "were not done within 0.5 s, twice"
            assert len(ever.read_text().split()) == 2


def test_where_all_workers_hang_at_once_their_tasks_are_done_by_those_that_follow(tmp_path):
    """Each is tried elsewhere; the worker that was there a moment ago may have ended, too."""
    names = ("first", "second", "third", "fourth")
    with local_cluster(2) as opened:
        for name in names:
            arguments = (str(tmp_path / name), 1)
            opened.submit(Task(name, Kind.READ, hang, arguments, 16, limit_s=3.0))
        came = [within(100.0, opened.next_done)[1] for _ in names]
    assert came == [2] * 4


def test_all_workers_count_where_dask_tells_five_of_itself(monkeypatch):
    """Some releases do, unless they are asked for all."""
    told = cluster.Client.scheduler_info

    def told_five(client: cluster.Client, n_workers: int = 5) -> object:
        return told(client, n_workers=n_workers)

    monkeypatch.setattr(cluster.Client, "scheduler_info", told_five)
    with (
        cluster.LocalCluster(
            n_workers=6, threads_per_worker=1, processes=False, dashboard_address=None
        ) as started,
        cluster.Client(started) as client,
    ):
        assert len(told_five(client)["workers"]) == 5
        assert cluster.DaskCluster(client).slots == 6


@pytest.mark.parametrize("lost", [CommClosedError("stream is closed"), CancelledError()])
def test_a_scheduler_that_ends_while_a_result_is_on_its_way_is_told(monkeypatch, lost):
    def ended(_: cluster.Future) -> None:
        raise lost

    with Cluster() as processes:
        processes.scheduler()
        processes.worker()
        with remote_cluster(processes.address) as opened:
            opened.submit(Task("two", Kind.READ, pow, (1, 2)))
            monkeypatch.setattr(cluster.Future, "result", ended)
            with pytest.raises(LostSchedulerError, match="the scheduler has ended"):
                opened.next_done()


def named_if_gpu(path: str) -> str:
    """Wait until a file is there, as a task that takes its time."""
    until(Path(path).is_file, "the file is there")
    return "GPU"


def named_if_none(path: str) -> str:
    named_if_gpu(path)
    return "CPU"


def test_workers_with_a_gpu_get_what_is_faster_there_and_all_is_counted(tmp_path):
    gate = tmp_path / "gate"
    with Cluster() as processes:
        processes.scheduler()
        plain, fast = processes.worker(), processes.worker(gpus=1)
        with remote_cluster(processes.address) as opened:
            assert opened.slots == 2
            for number in range(4):
                arguments = (str(gate),)
                task = Task(f"search-{number}", Kind.SEARCH, named_if_none, arguments, 3)
                opened.submit(replace(task, gpu_call=named_if_gpu))
            opened.submit(Task("read", Kind.READ, named_if_none, (str(gate),), 5))
            gate.touch()
            came = dict(opened.next_done() for _ in range(5))
            by_name = {task.name: by for task, by in came.items()}
            assert {by_name["search-0"], by_name["search-1"]} == {"GPU"}
            assert sum(by == "GPU" for by in by_name.values()) < 5
            counted = {worked.has_gpu: worked for worked in opened.workers.values()}
            assert sum(worked.tasks for worked in counted.values()) == 5
            assert sum(worked.photos[Kind.SEARCH] for worked in counted.values()) == 12
            assert counted[False].photos[Kind.READ] + counted[True].photos[Kind.READ] == 5
            assert counted[True].photos_a_second(Kind.SEARCH) > 0

            kill(fast)
            task = Task("late", Kind.SEARCH, named_if_none, (str(gate),), gpu_call=named_if_gpu)
            opened.submit(task)
            assert opened.next_done()[1] == "CPU"
        assert plain.is_alive()


def test_of_a_scheduler_that_ends_our_message_alone_is_seen(run):
    path = run.with_name("others.toml")
    path.write_text(RUN.replace('out = "patrols"', 'out = "others"'))
    with Cluster() as processes:
        scheduler = processes.scheduler()
        processes.worker()
        driver = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "campaign", path, "--cluster", processes.address],
            env={**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            until(lambda: any(path.parent.glob(f"others/{LEDGERS}/*/read-*")), "a photo is read")
            kill(scheduler)
            _, said = driver.communicate(timeout=60)
        finally:
            driver.kill()
            driver.wait()
    assert driver.returncode == 1
    assert "the scheduler has ended. Start it and its workers" in " ".join(said.split())
    assert "Traceback" not in said
    assert "distributed" not in said


def hold_copies(told: str) -> None:
    """Copy a patrol of a bucket to this machine, tell where, and be at it without end."""
    place = Path("s3/land/patrol")
    job = Job(Patrol("one", Inputs(Path("s3/land/photos")), None), place, place, Settings(), "", "")
    with at_hand(job, ()) as here:
        Path(told).write_text(str(here.root.parents[2]))
        until(lambda: False, "never")


def test_a_worker_in_the_midst_of_a_task_ends_when_the_system_wants_it(tmp_path):
    told = tmp_path / "told"
    with Cluster() as processes:
        processes.scheduler()
        worker = subprocess.Popen(
            [
                sys.executable, "-m", "distributed.cli.dask_worker", processes.address,
                "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard",
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with remote_cluster(processes.address) as opened:
                opened.submit(Task("hold", Kind.READ, hold_copies, (str(told),)))
                until(lambda: told.is_file() and told.read_text() != "", "copies are made")
                folder = Path(told.read_text())
                assert folder.is_dir()
                worker.terminate()
                assert worker.wait(timeout=10) == 0  # Dask alone: after 30 s
                assert not folder.exists()
        finally:
            worker.kill()
            worker.wait()


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Let a campaign look for its workers, and tell that none is there, all the time."""
    monkeypatch.setattr(cluster, "_LOOK_S", 0.1)
    monkeypatch.setattr(cluster, "_NEWS_S", 0.0)
    monkeypatch.setattr(attendance, "FIRST_TOLD_S", 0.2)
    monkeypatch.setattr(attendance, "TOLD_EACH_S", 0.2)


def test_that_no_worker_is_there_is_told_until_one_comes(impatient):
    told: list[str] = []
    with Cluster() as processes:
        processes.scheduler()
        first = processes.worker()
        with remote_cluster(processes.address, note=told.append) as opened:
            assert answers(opened, pow, 2, 3) == 8
            assert opened.without_workers_s == 0
            kill(first)
            until(lambda: not opened._known(), "the scheduler knows")
            opened.submit(Task("waits", Kind.READ, pow, (2, 4)))
            opened.submit(Task("waits, too", Kind.READ, pow, (2, 4)))
            with ThreadPoolExecutor(1) as other:
                came = other.submit(opened.next_done)
                until(lambda: len(told) > 1, "it is told again")
                processes.worker()
                assert came.result(timeout=60)[1] == 16
            assert opened.without_workers_s > 0.4
    assert "no worker has been there for 0 s, tasks that wait: 2. Start them with" in told[0]
    assert f"`dask worker {processes.address} --nthreads 1 --memory-limit 3GB`" in told[0]


def test_a_paused_worker_is_told_of_and_counts_as_none(impatient):
    """As Dask's own limit on a machine of many cores makes it: a share that Python alone fills."""
    told: list[str] = []
    with Cluster() as processes:
        processes.scheduler()
        first = processes.worker()
        paused = subprocess.Popen(
            [
                sys.executable, "-m", "distributed.cli.dask_worker", processes.address,
                "--host", "127.0.0.1", "--nthreads", "3", "--no-nanny", "--no-dashboard",
                "--memory-limit", "32MB",
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with remote_cluster(processes.address, note=told.append) as opened:
                until(lambda: opened._known() and told, "the pause is told")
                assert opened.slots == 1
                assert answers(opened, pow, 2, 3) == 8
                assert opened.without_workers_s == 0
                kill(first)
                opened.submit(Task("waits", Kind.READ, pow, (2, 4)))
                with ThreadPoolExecutor(1) as other:
                    came = other.submit(opened.next_done)
                    until(lambda: len(told) > 2, "it is told again")
                    processes.worker()
                    assert came.result(timeout=60)[1] == 16
        finally:
            paused.kill()
            paused.wait()
    assert re.match(r"1 worker\(s\) are paused by Dask.* holds \d+ MB of 32 MB", told[0])
    assert "no worker has been there (but 1 paused) for" in told[1]
    assert "paused by Dask" not in " ".join(told[1:])


def test_workers_of_this_machine_have_memory_for_a_model_and_no_pause(monkeypatch):
    """By Dask's own share of 8 GB for one of 64 cores they would be ended at 119 MB."""
    begun: list[dict[str, object]] = []

    class BegunError(Exception):
        """Nothing need start."""

    def start(**asked: object) -> None:
        begun.append({**asked, "pause": cluster.dask.config.get(f"{memory}.pause")})
        raise BegunError

    memory = "distributed.worker.memory"
    monkeypatch.setattr(cluster, "LocalCluster", start)
    monkeypatch.setattr(cluster, "MEMORY_LIMIT", 8e9)
    for workers in (1, 64):
        with pytest.raises(BegunError), cluster.local_cluster(workers):
            pass
    assert [asked["memory_limit"] for asked in begun] == [8e9, 3e9]
    assert not any(asked["pause"] for asked in begun)


def test_a_cluster_that_is_not_there_is_named_with_what_to_start(monkeypatch):
    waited_s: list[float] = []
    has_workers = cluster._has_workers

    def asked(client: cluster.Client, within_s: float) -> bool:
        waited_s.append(within_s)
        return has_workers(client, within_s)

    monkeypatch.setattr(cluster, "_has_workers", asked)
    monkeypatch.setattr(cluster, "_SCHEDULER_WAIT_S", 0.5)
    monkeypatch.setattr(cluster, "FIRST_TOLD_S", 0.2)
    monkeypatch.setattr(cluster, "_WORKERS_WAIT_S", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(PipelineError, match=rf"{address}: no scheduler"), remote_cluster(address):
        pass
    told: list[str] = []
    with Cluster() as processes:
        processes.scheduler()
        with (
            pytest.raises(PipelineError, match=r"has no workers.*dask worker"),
            remote_cluster(processes.address, note=told.append),
        ):
            pass
    assert "has no workers yet. Start them with `dask worker" in told[0]
    assert sum(waited_s) == pytest.approx(0.5)


def test_an_absence_of_workers_ends_with_the_first_result_and_is_told_each_minute():
    """Where results come often nobody looks for workers: an hour of them counted, too."""
    now_s, told = [0.0], list[str]()
    absence = attendance.Attendance(told.append, "Start one.", lambda: now_s[0])

    def looks(until_s: float) -> None:
        while now_s[0] < until_s:
            now_s[0] += 5.0
            absence.look(0, 2)

    looks(20.0)
    assert absence.seconds == 15.0
    assert told == ["no worker has been there for 10 s, tasks that wait: 2. Start one."]
    absence.end()
    now_s[0] += 3600.0
    absence.end()
    assert absence.seconds == 15.0
    looks(now_s[0] + 5.0)
    assert (absence.seconds, len(told)) == (15.0, 1)  # begins anew, and is not told yet
    looks(now_s[0] + 75.0)
    assert (absence.seconds, len(told)) == (90.0, 3)


def test_each_worker_is_taught_to_leave_once(monkeypatch):
    """Added again, Dask lets go of the first, and the worker ends in the midst of its task."""
    taught = []
    monkeypatch.setattr(on_worker._Leaves, "setup", lambda plugin, worker: taught.append(worker))
    with (
        cluster.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, dashboard_address=None
        ) as started,
        cluster.Client(started) as client,
    ):
        opened = cluster.DaskCluster(client)
        for number in range(20):
            opened.submit(Task(f"task-{number}", Kind.READ, pow, (2, number)))
        for _ in range(20):
            opened.next_done()
        assert len(taught) == len({*taught}) == len(opened.workers) == 2


def test_a_result_ends_the_absence():
    opened = cluster.DaskCluster(SimpleNamespace(scheduler=SimpleNamespace(address="tcp://none")))
    opened._attendance.look(0, 1)
    opened._completed.put("future")
    assert opened._next_future() == "future"
    ended_s = opened.without_workers_s
    assert ended_s == opened.without_workers_s
