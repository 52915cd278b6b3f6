"""Copies of what lies in an object store go, also those of a process that was killed."""

import tempfile
from pathlib import Path

import pytest

from benchmarks.clusters import forks, kill, until
from pipeline.at_hand import at_hand
from pipeline.campaign import Patrol
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from pipeline.job import Job
from pipeline.settings import Settings

PLACE = Path("s3/land/patrol")
JOB = Job(Patrol("one", Inputs(Path("s3/land/photos")), None), PLACE, PLACE, Settings(), "", "")


def hold(temporary: Path) -> None:
    """Have copies at hand without end, as a worker that is killed in the midst of a task."""
    tempfile.tempdir = str(temporary)
    with at_hand(JOB, ()) as here:
        (here.root / "photo.jpg").write_bytes(b"copied")
        until(lambda: False, "never")


def test_copies_of_a_process_go_once_it_was_killed_and_not_before(tmp_path, monkeypatch):
    def copied() -> list[Path]:
        return list(tmp_path.glob(f"*/{PLACE}/photo.jpg"))

    holder = forks().Process(target=hold, args=(tmp_path,), daemon=True)
    holder.start()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    try:
        until(lambda: copied() != [], "it has copies")
        with at_hand(JOB, ()) as ours, at_hand(JOB, ()):
            assert ours.root.is_dir()
            assert len(copied()) == 1
    finally:
        kill(holder)
    assert len(copied()) == 1
    with at_hand(JOB, ()) as ours:
        assert ours.root.is_dir()
        assert copied() == []
    assert list(tmp_path.iterdir()) == []


def test_copies_go_where_a_task_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(PipelineError, match="s3://land/patrol: is none"), at_hand(JOB, ()) as here:
        raise PipelineError(f"{here.root}: is none")
    assert list(tmp_path.iterdir()) == []
