"""What the bulletin shows is what was judged, or it says why not."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cases.model import Findings, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.bulletin_html import Pictureless
from pipeline import reporting
from pipeline.errors import PipelineError
from pipeline.filings import write_filing
from pipeline.inputs import Inputs, write_inputs
from pipeline.settings import Filing, Settings
from pipeline.workspace import Workspace
from tests.cases.world import seen
from tests.review.conftest import make_photo, make_proposal
from vision.coco import write_coco
from vision.frame_table import read_frame_table, write_frames
from vision.images import read_rgb
from vision.model import Frame
from vision.observations import observations_digest, source_digest, write_observations
from vision.package import load_package

NOW = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
BUILDING, SMOKE = "20260610-0001", "20260610-0002"


@pytest.fixture
def patrol(tmp_path: Path) -> Workspace:
    """Two cases: a building in the photos a and b, smoke in b alone."""
    workspace = Workspace(tmp_path / "patrol")
    frames = [make_photo(workspace.photos, name, seed) for seed, name in enumerate("abc")]
    file_patrol(workspace, frames)
    return workspace


def file_patrol(workspace: Workspace, frames: list[Frame]) -> None:
    """File a building in the photos a and b, and smoke in b alone."""
    proposals = (
        make_proposal(0, "building.unpermitted", "building", ["a", "b"]),
        make_proposal(1, "burning.straw", "smoke", ["b"]),
    )
    record = PatrolRecord("p", NOW, "ab" * 32, {frame.photo_id: frame.sha256 for frame in frames})
    with Registry.open(workspace.registry) as registry:
        result = registry.file(
            record, Findings(proposals, ()), rulebook=load_rulebook(), footprints=(), now=NOW
        )
    write_filing(
        workspace, record, Findings(proposals, ()), result, observations=observations_digest(()),
        by=Filing(),
    )  # fmt: skip
    write_inputs(workspace, Inputs(workspace.photos))
    write_frames(workspace.frames, frames)
    write_coco(workspace.detections, frames, (), load_package(), searched_by={})
    write_observations(
        workspace.observations, (), source_digest(workspace.frames, workspace.detections)
    )


def crops(workspace: Workspace) -> set[str]:
    return {path.stem for path in (workspace.report / "crops").iterdir()}


def test_each_case_is_shown_by_its_photo(patrol: Workspace) -> None:
    written = reporting.report(patrol, Settings())
    assert crops(patrol) == {BUILDING, SMOKE}
    assert written.pictureless == {}
    shown = read_rgb(patrol.report / "crops" / f"{BUILDING}.jpg")
    assert np.abs(shown[shown.shape[0] // 2, shown.shape[1] // 2] - (220.0, 30, 30)).max() < 20


def test_swapped_photos_are_not_shown_as_evidence(patrol: Workspace) -> None:
    for name in "ab":
        shutil.copyfile(patrol.photos / "c.jpg", patrol.photos / f"{name}.jpg")
    written = reporting.report(patrol, Settings())
    assert crops(patrol) == set()
    assert written.pictureless == {BUILDING: Pictureless.CHANGED, SMOKE: Pictureless.CHANGED}
    page = written.bulletin.read_text(encoding="utf-8")
    assert page.count("photo changed since it was judged") == 2


def test_a_case_is_shown_by_the_photo_that_is_left(patrol: Workspace) -> None:
    shutil.copyfile(patrol.photos / "c.jpg", patrol.photos / "a.jpg")
    assert reporting.report(patrol, Settings()).pictureless == {}
    (patrol.photos / "a.jpg").unlink()
    assert reporting.report(patrol, Settings()).pictureless == {}
    assert crops(patrol) == {BUILDING, SMOKE}


def test_photos_that_are_gone_are_counted(patrol: Workspace) -> None:
    (patrol.photos / "b.jpg").unlink()
    written = reporting.report(patrol, Settings())
    assert crops(patrol) == {BUILDING}
    assert written.pictureless == {SMOKE: Pictureless.MISSING}


def test_what_somebody_put_beside_the_bulletin_stays(patrol: Workspace) -> None:
    reporting.report(patrol, Settings())
    (patrol.report / "inspector-notes.txt").write_text("seen on site")
    reporting.report(patrol, Settings())
    assert (patrol.report / "inspector-notes.txt").read_text() == "seen on site"


def test_a_bulletin_of_somebody_else_is_not_written_over(patrol: Workspace) -> None:
    patrol.report.mkdir()
    (patrol.report / "bulletin.html").write_text("mine")
    with pytest.raises(PipelineError, match=r"bulletin\.html: was not written by aerogrid"):
        reporting.report(patrol, Settings())
    assert [path.name for path in patrol.report.iterdir()] == ["bulletin.html"]


def test_files_of_somebody_else_are_refused_before_any_work(patrol: Workspace) -> None:
    patrol.report.mkdir()
    (patrol.report / "files.json").write_text("[]")
    patrol.frames.write_text("would be read next")
    with pytest.raises(PipelineError, match=r"files\.json: was not written by aerogrid"):
        reporting.report(patrol, Settings())


def test_a_report_of_before_the_list_of_files_is_written_anew(patrol: Workspace) -> None:
    reporting.report(patrol, Settings())
    (patrol.report / "files.json").unlink()
    shutil.rmtree(patrol.report / "stac", ignore_errors=True)
    (patrol.report / "crops" / "20260101-0001.jpg").write_text("of another filing")
    reporting.report(patrol, Settings())
    assert crops(patrol) == {BUILDING, SMOKE}


@pytest.mark.parametrize("draw", [reporting.report, reporting.draw_cases])
def test_a_filing_of_other_observations_is_not_reported(patrol: Workspace, draw: Callable) -> None:
    made_from = source_digest(patrol.frames, patrol.detections)
    write_observations(patrol.observations, [seen("o", "boat", 0, 0)], made_from)
    with pytest.raises(PipelineError, match=r"filing\.json: is of other observations.*file` again"):
        draw(patrol, Settings())
    write_frames(patrol.frames, [])
    with pytest.raises(PipelineError, match=r"observations\.gpkg: .*locate` again"):
        draw(patrol, Settings())
    assert not patrol.report.exists()


@pytest.mark.parametrize("draw", [reporting.report, reporting.draw_cases])
def test_a_filing_that_another_folder_replaced_is_not_reported(
    patrol: Workspace, draw: Callable
) -> None:
    again = (make_proposal(0, "building.unpermitted", "building", ["a"]),)
    photos = {frame.photo_id: frame.sha256 for frame in read_frame_table(patrol.frames)}
    with Registry.open(patrol.registry) as registry:
        registry.file(
            PatrolRecord("p", NOW, "ab" * 32, photos), Findings(again, ()),
            rulebook=load_rulebook(), footprints=(), now=NOW,
        )  # fmt: skip
    with pytest.raises(PipelineError, match=r"patrol p was filed anew by another folder.*file` ag"):
        draw(patrol, Settings())
    patrol.registry.unlink()
    with pytest.raises(PipelineError, match=r"cases\.sqlite: the case registry that .* is gone"):
        draw(patrol, Settings())
    assert not patrol.registry.exists()
    with Registry.open(patrol.registry):
        pass  # another registry, which has never met the patrol
    with pytest.raises(PipelineError, match=r"patrol p is not in the registry.*file` again"):
        draw(patrol, Settings())
    assert not patrol.report.exists()


def test_the_report_asks_the_registry_that_was_filed_into(patrol: Workspace) -> None:
    elsewhere = Settings(filing=Filing(registry=str(patrol.root / "other.sqlite")))
    reporting.report(patrol, elsewhere)
    assert crops(patrol) == {BUILDING, SMOKE}
    assert not (patrol.root / "other.sqlite").exists()
