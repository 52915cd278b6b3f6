"""A demonstration removes what it wrote and nothing else."""

import json
from pathlib import Path

import pytest

from cli.demo_folder import claim
from geo.files import WriteError
from pipeline.errors import PipelineError
from pipeline.own_folder import renewing
from pipeline.workspace import Workspace
from simulations.recording import write_district
from simulations.town import make_district

ASKED = {"seed": 1, "cells": 6, "version": "1"}
OURS = (
    "plan/plan.json", "plan/A-1.plan", "flight/A-1/flight.tlog", "flight/A-1/track.parquet",
    "flight/A-1/camera_events.csv", "flight/A-1/flight.json",
    "photos/A-1/A-1_0001.jpg", "photos/A-1/A-1_0002.jpg",
    "inputs.json", "frames.parquet", "remarks.csv", "adjustment.json", "overlays/found.jpg",
    "overlays/contact_sheet.jpg", "filing.json",
)  # fmt: skip


@pytest.fixture
def finished(tmp_path: Path) -> Workspace:
    """What a demonstration leaves, without its content."""
    workspace = Workspace(tmp_path / "demo")
    for name in OURS:
        (workspace.root / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / name).touch()
    (workspace.plan / "plan.json").write_text('{"files": ["A-1.plan"]}')
    with renewing(workspace.report) as folder:
        (folder / "crops").mkdir()
        (folder / "crops" / "a.jpg").touch()
    mark(workspace, asked=ASKED, outcome={})
    return workspace


def mark(workspace: Workspace, **told: object) -> None:
    workspace.demo.write_text(json.dumps(told))


def files(workspace: Workspace) -> set[str]:
    found = (path for path in workspace.root.rglob("*") if not path.is_dir())
    return {path.relative_to(workspace.root).as_posix() for path in found}


def test_a_new_run_removes_what_an_earlier_one_wrote(finished: Workspace) -> None:
    write_district(finished.root / "district", make_district(3))
    claim(finished, ASKED, again=False)
    assert files(finished) == {"demo.json"}
    assert [path.name for path in finished.root.iterdir()] == ["demo.json"]
    assert json.loads(finished.demo.read_text()) == {"asked": ASKED}


def test_what_others_put_beside_it_stays(finished: Workspace) -> None:
    for name in ("report/notes.txt", "overlays/mine.jpg", "thesis.docx", "photos/.DS_Store"):
        (finished.root / name).touch()
    claim(finished, ASKED, again=True)
    assert files(finished) == {
        "demo.json", "report/notes.txt", "overlays/mine.jpg", "thesis.docx", "photos/.DS_Store",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["photos/mine.jpg", "photos/A-1/mine.jpg", "plan/mine.plan", "district/mine.gpkg"]
)
@pytest.mark.parametrize("again", [False, True])
def test_what_would_be_taken_for_its_own_is_refused(
    finished: Workspace, name: str, again: bool
) -> None:
    (finished.root / name).parent.mkdir(exist_ok=True)
    (finished.root / name).touch()
    before = files(finished)
    with pytest.raises(PipelineError, match=f"{name}: was not written by a demonstration"):
        claim(finished, ASKED, again=again)
    assert files(finished) == before


def test_a_report_of_somebody_else_is_refused_first(finished: Workspace) -> None:
    (finished.report / "bulletin.html").write_text("mine")
    before = files(finished)
    with pytest.raises(PipelineError, match=r"bulletin\.html: was not written by aerogrid"):
        claim(finished, ASKED, again=True)
    assert files(finished) == before


def test_a_report_of_before_the_list_of_files_goes_with_its_run(finished: Workspace) -> None:
    (finished.report / "files.json").unlink()
    (finished.report / "crops" / "a.jpg").rename(finished.report / "crops" / "20260610-0001.jpg")
    for name in ("bulletin.html", "cases.gpkg", "cases.geojson", "cases.csv"):
        (finished.report / name).touch()
    claim(finished, ASKED, again=True)
    assert files(finished) == {"demo.json"}


def test_an_unfinished_run_goes_on_unless_it_is_to_start_again(finished: Workspace) -> None:
    mark(finished, asked=ASKED)
    before = files(finished)
    claim(finished, ASKED, again=False)
    assert files(finished) == before
    claim(finished, ASKED, again=True)
    assert files(finished) == {"demo.json"}


def test_an_unfinished_run_of_another_version_starts_anew(finished: Workspace) -> None:
    mark(finished, asked={**ASKED, "version": "0"})
    claim(finished, ASKED, again=False)
    assert files(finished) == {"demo.json"}


def test_a_folder_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"cannot be written .*Choose a folder of yours"):
        claim(Workspace(tmp_path / "file" / "demo"), ASKED, again=False)
