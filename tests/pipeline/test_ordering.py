"""Pictures of work orders: cut from the very photos that were judged."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from shapely import box

from cases.model import Case, Evidence
from cases.registry import Registry
from cases.rule_files import load_rulebook
from pipeline import ordering
from pipeline.inputs import Inputs, write_inputs
from pipeline.workspace import Workspace
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights
from vision.frame_table import write_frames
from vision.images import read_rgb, sha256_of
from vision.model import Frame

OUTLINE = box(800, 500, 900, 580)


@pytest.fixture
def patrol(tmp_path: Path) -> tuple[Workspace, Case]:
    """A patrol with one photo, in which a case was outlined."""
    workspace, photos = Workspace(tmp_path / "patrol"), tmp_path / "photos"
    photos.mkdir()
    workspace.root.mkdir()
    Image.new("RGB", (1600, 1200), (60, 120, 60)).save(photos / "a.jpg")
    digest = sha256_of(photos / "a.jpg")
    write_frames(
        workspace.frames, [Frame("a", "a.jpg", digest, 1600, 1200, None, None, None, None, ())]
    )
    write_inputs(workspace, Inputs(photos))
    rulebook = load_rulebook()
    with Registry.open("sqlite://") as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        case = registry.cases()[0]
    outlined = Evidence("p", "a", digest, case.class_name, OUTLINE)
    return workspace, replace(case, evidence=(outlined,))


def sizes_written(workspace: Workspace, case: Case, monkeypatch: pytest.MonkeyPatch):
    """Names and sizes of the pictures of a case, and the remark on them."""
    taken = []

    def writing(_path, _pages, pictures):
        shown = pictures[case.case_no]
        taken.append([(name.en, read_rgb(path).shape[1::-1]) for name, path in shown.files])
        taken.append(shown.remark)

    monkeypatch.setattr(ordering, "write_orders", writing)
    ordering.write_work_orders(workspace, Path("orders.pdf"), [case], [], 8.0)
    return taken


def test_far_middle_and_near_show_less_and_less_of_the_photo(patrol, monkeypatch):
    sizes, remark = sizes_written(*patrol, monkeypatch)
    assert sizes == [("far", (1200, 900)), ("middle", (900, 900)), ("near", (320, 320))]
    assert remark.en == "photo a"


def test_a_photo_that_was_changed_since_is_not_shown(patrol, monkeypatch, tmp_path: Path):
    Image.new("RGB", (1600, 1200), (200, 0, 0)).save(tmp_path / "photos" / "a.jpg")
    sizes, remark = sizes_written(*patrol, monkeypatch)
    assert sizes == []
    assert "have changed" in remark.en
