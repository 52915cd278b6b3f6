"""The stages chained, on photos of the simulated district and on files that are none."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from geo.files import WriteError
from pipeline import chaining
from pipeline.errors import NoUsablePhotoError
from pipeline.inputs import Inputs
from pipeline.settings import Settings
from pipeline.workspace import Workspace
from tests.pipeline.rendered import NOW, make_photos


class Told:
    """Remembers which stages ran, and how far each of their parts came."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.parts: dict[str, tuple[int, int]] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[chaining.Bars]:
        self.stages.append(stage)
        yield lambda part: lambda done, total: self.parts.update({part: (done, total)})


def test_every_stage_runs_in_order_and_tells_how_far_it_is(tmp_path):
    watch, patrol = Told(), Workspace(tmp_path / "patrol")
    done = chaining.analyze(patrol, make_photos(tmp_path), Settings(), watch, now=NOW)
    assert watch.stages == ["ingest", "detect", "locate", "file", "report"]
    assert watch.parts["reading photos"] == (5, 5)
    assert watch.parts["searching photos"] == (4, 4)
    assert len(done.filed.result.new) == len(done.filed.findings.proposals) > 0
    assert done.sheet.exists()
    assert done.report.bulletin.exists()


def test_photos_of_which_none_can_be_used_are_listed_with_their_remarks(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    (photos / "b.jpg").write_bytes(b"")
    watch = Told()
    with pytest.raises(NoUsablePhotoError, match=r"none of the 2 photos.*\n  a\.jpg.*\n  b\.jpg"):
        chaining.analyze(Workspace(tmp_path / "p"), Inputs(photos), Settings(), watch, now=NOW)
    assert watch.stages == ["ingest"]
    assert not (tmp_path / "p").exists()


def test_a_target_that_cannot_be_written_is_refused_before_any_photo_is_read(tmp_path):
    (tmp_path / "file").touch()
    watch, patrol = Told(), Workspace(tmp_path / "file" / "patrol")
    with pytest.raises(WriteError, match="cannot be written"):
        chaining.analyze(patrol, Inputs(tmp_path / "none"), Settings(), watch, now=NOW)
    assert watch.stages == ["ingest"]
    assert watch.parts == {}
