"""From photos to cases on a rendered corner of the simulated district."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from shapely import box

from cases.model import Findings, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from geo.errors import AerogridError
from geo.formats import write_layers
from geo.pose import Attitude, GeoPoint, Pose
from pipeline import analysis, filing, reporting
from pipeline.errors import NoUsablePhotoError
from pipeline.filing import Filed
from pipeline.inputs import Inputs, read_inputs
from pipeline.settings import Filing, Settings
from pipeline.workspace import Workspace, read_json
from simulations.recording import write_photo
from tests.pipeline.rendered import CAMERA, NOW, make_photos
from vision.frame_table import read_frame_table, write_frames

SETTINGS = Settings()
SQUARE = [[[120.0, 32.0], [120.1, 32.0], [120.1, 32.1], [120.0, 32.0]]]
BROKEN_CELLS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": SQUARE},
        }
        for code in ("320412001001001", None)
    ],
}


@pytest.fixture(scope="module")
def patrol(tmp_path_factory) -> Workspace:
    root = tmp_path_factory.mktemp("patrol")
    workspace = Workspace(root / "patrol")
    analysis.ingest(workspace, make_photos(root), SETTINGS)
    analysis.detect(workspace, SETTINGS)
    analysis.locate(workspace, SETTINGS)
    filing.file(workspace, SETTINGS, now=NOW)
    reporting.report(workspace, SETTINGS)
    reporting.draw_cases(workspace, SETTINGS)
    return workspace


def copied(patrol: Workspace, root: Path) -> Workspace:
    """A patrol of the same, together with its photos."""
    return Workspace(Path(shutil.copytree(patrol.root.parent, root / "copy")) / patrol.root.name)


def products(workspace: Workspace) -> dict[str, bytes]:
    chosen = [
        workspace.frames,
        workspace.detections,
        workspace.observations,
        workspace.unlocated,
        workspace.filing,
        *sorted(path for path in workspace.report.rglob("*") if path.is_file()),
    ]
    return {str(path.relative_to(workspace.root)): path.read_bytes() for path in chosen}


def test_the_planted_boat_becomes_one_case(patrol):
    told = read_json(patrol.filing)
    boats = [item for item in told["filed"] if item["category"] == "fishing.boat"]
    assert len(boats) == 1


def test_one_bad_photo_is_listed_and_stops_nothing(patrol):
    frames = {frame.photo_id: frame for frame in read_frame_table(patrol.frames)}
    assert frames["torn"].reasons
    assert not frames["torn"].is_readable
    assert sum(frame.is_located for frame in frames.values()) == 4


def test_every_stage_twice_leaves_the_same_bytes(patrol):
    before = products(patrol)
    analysis.ingest(patrol, read_inputs(patrol), SETTINGS)
    analysis.detect(patrol, SETTINGS)
    analysis.locate(patrol, SETTINGS)
    filed = filing.file(patrol, SETTINGS, now=NOW + timedelta(days=1))
    reporting.report(patrol, SETTINGS)
    assert filed.result.already_filed
    assert products(patrol) == before


def test_an_interrupted_search_goes_on_and_ends_the_same(patrol):
    whole = patrol.detections.read_bytes()

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    patrol.detections.unlink()
    with pytest.raises(KeyboardInterrupt):
        analysis.detect(patrol, SETTINGS, stop)
    assert not patrol.detections.exists()
    searched: list[int] = []
    analysis.detect(patrol, SETTINGS, lambda done, total: searched.append(done))
    assert searched == [3, 4]
    assert patrol.detections.read_bytes() == whole
    assert not patrol.detection_ledger.exists()


def test_photos_without_cells_and_zones_still_give_cases(patrol, tmp_path: Path):
    workspace = Workspace(tmp_path)
    analysis.ingest(workspace, Inputs(read_inputs(patrol).photos), SETTINGS)
    analysis.detect(workspace, SETTINGS)
    located = analysis.locate(workspace, SETTINGS)
    filed = filing.file(workspace, SETTINGS, now=NOW)
    assert {item.cell_code for item in located.observations} == {None}
    assert any(item.to_check for item in filed.findings.proposals)


def test_zones_that_no_rule_knows_are_refused_before_the_photos_are_read(patrol, tmp_path: Path):
    zones = tmp_path / "zones.gpkg"
    write_layers(zones, {"耕地": [{"geometry": box(120, 31, 121, 32)}]})
    given = replace(read_inputs(patrol), zones=zones)
    with pytest.raises(AerogridError, match=r"zones\.gpkg: no rule knows.*耕地.*farmland"):
        analysis.ingest(Workspace(tmp_path / "p"), given, SETTINGS)
    assert not (tmp_path / "p").exists()


def test_photos_that_changed_since_the_search_are_not_mixed_with_it(tmp_path: Path):
    inputs = make_photos(tmp_path)
    workspace = Workspace(tmp_path / "patrol")
    analysis.ingest(workspace, inputs, SETTINGS)
    analysis.detect(workspace, SETTINGS)
    analysis.locate(workspace, SETTINGS)
    photos = sorted(inputs.photos.glob("test_*.jpg"))
    photos[0].write_bytes(photos[1].read_bytes())
    analysis.ingest(workspace, inputs, SETTINGS)
    with pytest.raises(AerogridError, match="aerogrid detect"):
        analysis.locate(workspace, SETTINGS)
    with pytest.raises(AerogridError, match="aerogrid detect"):
        filing.file(workspace, SETTINGS, now=NOW)


def test_photos_of_which_none_can_be_used_leave_a_patrol_as_it_was(patrol, tmp_path: Path):
    before = {path: path.read_bytes() for path in patrol.root.rglob("*") if path.is_file()}
    (tmp_path / "a.jpg").write_bytes(b"")
    cells = tmp_path / "cells.geojson"
    cells.write_text(json.dumps(BROKEN_CELLS))
    told: list[str] = []
    with pytest.raises(NoUsablePhotoError, match=r"none of the 1 photos"):
        analysis.ingest(patrol, Inputs(tmp_path, cells), SETTINGS, note=told.append)
    assert {path: path.read_bytes() for path in patrol.root.rglob("*") if path.is_file()} == before
    assert ["no code" in said for said in told] == [True]


def test_frames_of_which_none_can_be_used_are_not_searched(patrol, tmp_path: Path):
    workspace = copied(patrol, tmp_path)
    frames = read_frame_table(workspace.frames)
    write_frames(workspace.frames, [frame for frame in frames if not frame.is_readable])
    with pytest.raises(NoUsablePhotoError):
        analysis.detect(workspace, SETTINGS)


def search_again(workspace: Workspace) -> Filed:
    analysis.ingest(workspace, read_inputs(workspace), SETTINGS)
    analysis.detect(workspace, SETTINGS)
    analysis.locate(workspace, SETTINGS)
    return filing.file(workspace, SETTINGS, now=NOW + timedelta(days=1))


def test_a_flight_with_one_photo_more_or_less_stays_the_same_patrol(patrol, tmp_path: Path):
    workspace = copied(patrol, tmp_path)
    patrol_id = read_json(patrol.filing)["patrol_id"]
    photos = read_inputs(workspace).photos
    (photos / "torn.jpg").unlink()
    pixels = np.random.default_rng(4).integers(90, 166, (480, 640, 3), dtype=np.uint8)
    frame = next(f for f in read_frame_table(patrol.frames) if f.pose is not None)
    later = NOW + timedelta(seconds=30)
    path = photos / "later.jpg"
    write_photo(path, pixels, frame.pose, CAMERA, later, height_home_m=100.0)
    filed = search_again(workspace)
    assert filed.result.gone == ()
    assert read_json(workspace.filing)["patrol_id"] == patrol_id
    with Registry.open(workspace.registry) as registry:
        assert {case.gone_at for case in registry.cases()} == {None}


def test_a_flight_that_another_program_files_at_the_same_moment_is_one_patrol(
    patrol, tmp_path: Path, monkeypatch
):
    workspace = copied(patrol, tmp_path)
    asked = Registry.patrol_of
    waits_ms = []

    def asked_just_before(registry: Registry, photos: Mapping[str, str]) -> str | None:
        answer = asked(registry, photos)
        quicker = PatrolRecord("quicker", NOW, "a" * 64, photos)
        registry.file(quicker, Findings((), ()), rulebook=load_rulebook(), now=NOW)
        with registry._engine.connect() as connection:
            waits_ms.append(connection.exec_driver_sql("PRAGMA busy_timeout").scalar())
        return answer

    monkeypatch.setattr(Registry, "patrol_of", asked_just_before)
    settings = Settings(filing=Filing(registry=str(tmp_path / "shared.sqlite")))
    filed = filing.file(workspace, settings, now=NOW)
    assert filed.result.new
    assert waits_ms == [1000 * filing.FILING_WAIT_S]
    assert read_json(workspace.filing)["patrol_id"] == "quicker"
    with Registry.open(tmp_path / "shared.sqlite") as registry:
        assert [entry.patrol_id for entry in registry.filings()] == ["quicker", "quicker"]
        assert len(registry.cases()) == len(filed.result.new)
        assert registry.verify_chain().is_intact


def noise_over_the_cases(patrol: Workspace, root: Path, height_m: float) -> Filed:
    """File, a day later, one photo in which nothing can be seen, from above the known cases."""
    with Registry.open(patrol.registry) as registry:
        case = registry.cases(category="fishing.boat")[0]
    position = GeoPoint(case.lon_deg, case.lat_deg, height_m)
    pixels = np.random.default_rng(4).integers(90, 166, (480, 640, 3), dtype=np.uint8)
    photos = root / "photos"
    photos.mkdir()
    write_photo(
        photos / "noise.jpg", pixels, Pose(position, Attitude(0.0, -90.0)), CAMERA,
        NOW + timedelta(days=1), height_home_m=height_m,
    )  # fmt: skip
    elsewhere = SETTINGS.filing.model_copy(
        update={"registry": str(shutil.copy(patrol.registry, root / "district.sqlite"))}
    )
    settings = SETTINGS.model_copy(update={"filing": elsewhere})
    workspace = Workspace(root / "later")
    inputs = read_inputs(patrol)
    analysis.ingest(workspace, replace(inputs, photos=photos, dem=None), settings)
    analysis.detect(workspace, settings)
    analysis.locate(workspace, settings)
    return filing.file(workspace, settings, now=NOW + timedelta(days=2))


def test_a_photo_that_could_not_show_a_case_does_not_close_it(patrol, tmp_path: Path):
    filed = noise_over_the_cases(patrol, tmp_path, 2000.0)
    assert filed.result.gone == ()
    (frame,) = read_frame_table(tmp_path / "later" / "frames.parquet")
    assert frame.reasons[0].startswith("coarse: 400 cm per pixel")


def test_a_photo_that_would_show_a_case_closes_it(patrol, tmp_path: Path):
    assert noise_over_the_cases(patrol, tmp_path, 100.0).result.gone
