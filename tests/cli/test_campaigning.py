"""`aerogrid campaign`: what it tells, and how it ends."""

import json
import os
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed (extra campaign)")

from benchmarks.clusters import forks, kill, until
from cli import campaigning
from pipeline.campaigning import Kind, Task, Worked
from pipeline.cluster import local_cluster
from pipeline.only_campaign import only_campaign
from pipeline.patrol_steps import LEDGERS
from tests.cli.test_main import run
from tests.pipeline.test_campaigning import Here
from tests.vision.photos import GIMBAL, HEIGHTS, save_photo

RUN = """
out = "patrols"
[[patrols]]
name = "one"
photos = "photos"
[[patrols]]
name = "gone"
photos = "nowhere"
"""


@pytest.fixture
def week(tmp_path: Path, monkeypatch) -> Path:
    """A campaign of one photo that shows nothing, run in this process."""

    @contextmanager
    def here(cluster, local, *, is_verbose):
        yield Here()

    monkeypatch.setattr(campaigning, "_opened", here)
    (tmp_path / "photos").mkdir()
    save_photo(tmp_path / "photos" / "a.jpg", xmp=GIMBAL | HEIGHTS)
    (tmp_path / "photos" / "b.jpg").write_bytes(b"")
    path = tmp_path / "week.toml"
    path.write_text(RUN)
    return path


def test_patrols_are_told_and_one_that_cannot_be_done_is_named(week, monkeypatch, capsys):
    assert run(monkeypatch, "campaign", week, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["patrols"]["one"]["photos"] == 2
    assert "unreadable" in told["patrols"]["one"]["not_searched"]["b.jpg"]
    assert "nowhere: no such folder" in told["refused"]["gone"]
    assert told["seconds_without_workers"] == 0
    assert (week.parent / "patrols" / "one" / "observations.gpkg").is_file()


def test_a_photo_that_ends_its_workers_is_named_each_time_and_the_campaign_is_not_whole(
    week, monkeypatch, capsys
):
    week.write_text(RUN.partition('[[patrols]]\nname = "gone"')[0])

    @contextmanager
    def killing(cluster, local, *, is_verbose):
        yield Here(
            lambda task: (
                task.kind is Kind.READ and any(f.path == "b.jpg" for f in task.arguments[-1])
            )
        )

    here = campaigning._opened
    monkeypatch.setattr(campaigning, "_opened", killing)
    for _ in range(2):
        assert run(monkeypatch, "campaign", week) == 3
        said = " ".join(capsys.readouterr().err.split())
        assert "one: unreadable: the programs that read it were ended each time (b.jpg)." in said
    assert run(monkeypatch, "campaign", week, "--json") == 3
    assert json.loads(capsys.readouterr().out)["patrols"]["one"]["unread"] == ["b.jpg"]
    monkeypatch.setattr(campaigning, "_opened", here)
    assert run(monkeypatch, "campaign", week) == 0


def test_what_each_worker_got_through_is_told(week, monkeypatch, capsys):
    fast, slow = Worked(has_gpu=True), Worked(has_gpu=False)
    fast.add(Task("a", Kind.SEARCH, sum, (), photos=16), 2.0)
    slow.add(Task("b", Kind.READ, sum, (), photos=5), 10.0)

    @contextmanager
    def here(cluster, local, *, is_verbose):
        yield Here(workers={"tcp://b:1": fast, "tcp://a:1": slow})

    monkeypatch.setattr(campaigning, "_opened", here)
    run(monkeypatch, "campaign", week)
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["tcp://a:1", "CPU", "0.5", "10"] in lines
    assert ["tcp://b:1", "GPU", "8", "2"] in lines
    run(monkeypatch, "campaign", week, "--json")
    told = json.loads(capsys.readouterr().out)["workers"]["tcp://b:1"]
    assert told == {
        "gpu": True, "tasks": 1, "photos_read": 0, "photos_searched": 16, "busy_s": {"search": 2.0}
    }  # fmt: skip


def test_a_campaign_that_was_done_says_so(week, monkeypatch, capsys):
    week.write_text(RUN.partition('[[patrols]]\nname = "gone"')[0])
    assert run(monkeypatch, "campaign", week) == 0
    assert run(monkeypatch, "campaign", week) == 0
    told = capsys.readouterr()
    assert "1 patrol done (1 of them before), 0 refused" in told.out
    assert "photos not searched, and why: remarks.csv of each patrol" in told.err
    (remark,) = (week.parent / "patrols" / "one" / "remarks.csv").read_text().splitlines()[1:]
    assert remark.startswith("b.jpg,unreadable")


def test_a_second_campaign_into_one_folder_is_refused_until_the_first_has_ended(
    week, monkeypatch, capsys
):
    week.write_text(RUN.replace('"photos"', '"nothing"'))
    holder = forks().Process(target=hold, args=(week.parent / "patrols",), daemon=True)
    holder.start()
    try:
        lock = week.parent / "patrols" / LEDGERS / ".lock"
        until(lambda: lock.is_file() and lock.read_text() != "", "it is held")
        assert run(monkeypatch, "campaign", week) == 1
        said = " ".join(capsys.readouterr().err.split())
        assert "another campaign writes into this folder" in said
        assert f"(process {holder.pid} of {socket.gethostname()})" in said
    finally:
        kill(holder)
    assert run(monkeypatch, "campaign", week) == 3


def hold(out: Path) -> None:
    """Be a campaign without end."""
    with only_campaign(out):
        until(lambda: False, "never")


def test_filing_comes_next_only_where_a_patrol_is_done(week, monkeypatch, capsys):
    run(monkeypatch, "campaign", week)
    assert "next: aerogrid file" in capsys.readouterr().err
    week.write_text(RUN.replace('"photos"', '"nothing"'))
    assert run(monkeypatch, "campaign", week) == 3
    told = capsys.readouterr()
    assert "0 patrols done, 2 refused" in told.out
    assert "aerogrid file" not in told.err


def test_cluster_and_local_exclude_each_other(week, monkeypatch, capsys):
    assert run(monkeypatch, "campaign", week, "--local", 2, "--cluster", "tcp://x:1") == 2
    assert "exclude each other" in capsys.readouterr().err


def test_workers_of_this_machine_are_processes_of_their_own_that_load_their_code_once():
    with local_cluster(2) as cluster:
        cluster.submit(Task("sum", Kind.READ, sum, ((1, 2),)))
        assert cluster.next_done()[1] == 3
        assert cluster.slots == 2
        pids = cluster._client.run(os.getpid).values()
        (parent,) = {*cluster._client.run(os.getppid).values()}
        assert len({*pids, parent, os.getpid()}) == 4
