"""What a report tells of its photos is valid STAC, and leads to the photos that were judged."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely

from geo.frames import LocalFrame
from geo.terrain import FlatTerrain
from pipeline import reporting
from pipeline.settings import Settings
from pipeline.stac import Flown, write_stac
from pipeline.workspace import Workspace
from tests.pipeline.test_reporting import patrol
from vision.frame_table import read_frame_table

__all__ = ["patrol"]

pystac = pytest.importorskip("pystac", reason="pystac is not installed (extra dev)")


def told(folder: Path) -> dict[str, Any]:
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.json"))
    }


def test_catalogue_and_items_are_valid_by_the_schemas_of_the_standard(patrol: Workspace):
    reporting.report(patrol, Settings())
    catalog = pystac.Catalog.from_file(str(patrol.report / "stac" / "catalog.json"))
    checked = [catalog.validate(), *(item.validate() for item in catalog.get_items())]
    assert [len(schemas) for schemas in checked] == [1] * 5  # that of the core, in pystac's wheel
    broken = next(catalog.get_items())
    broken.bbox = [1.0]
    with pytest.raises(pystac.errors.STACValidationError):
        broken.validate()


def test_a_reader_finds_every_photo_and_its_hash(patrol: Workspace):
    reporting.report(patrol, Settings())
    catalog = pystac.Catalog.from_file(str(patrol.report / "stac" / "catalog.json"))
    items = {item.id: item for item in catalog.get_items()}
    assert list(items) == ["p", "a", "b", "c"]
    for item in (items["a"], items["b"], items["c"]):
        asset = item.get_assets()["photo"]
        file = Path(asset.get_absolute_href())
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert asset.extra_fields["aerogrid:sha256"] == digest
        assert item.common_metadata.gsd == 0.1
        # the patrol covers each of its photos
        assert (
            shapely.geometry.shape(items["p"].geometry)
            .buffer(1e-9)
            .covers(shapely.geometry.shape(item.geometry))
        )
    for asset in items["p"].get_assets().values():
        assert Path(asset.get_absolute_href()).exists()


def test_a_photo_that_does_not_know_when_or_where_is_left_out_and_counted(
    patrol: Workspace, tmp_path: Path
):
    first, second, third = read_frame_table(patrol.frames)
    frames = [replace(first, taken_at=None), replace(second, pose=None), third]
    local = LocalFrame(120.0, 32.0)
    flown = Flown("p", frames, patrol.photos, FlatTerrain(12.0), local, "ab" * 32, {})
    folder = tmp_path / "stac"
    assert write_stac(folder, folder, flown) == 1
    values = told(folder)
    assert set(values) == {"catalog.json", "patrol.json", "photos/c.json"}
    assert "2 photos without time or place are left out" in values["catalog.json"]["description"]
    lost = replace(flown, frames=[replace(third, taken_at=None)])
    assert write_stac(tmp_path / "none", tmp_path / "none", lost) == 0
    assert not (tmp_path / "none").exists()


def test_photos_and_bare_places_together_are_one_valid_shape(patrol: Workspace, tmp_path: Path):
    first, second, third = read_frame_table(patrol.frames)
    away = replace(second.pose, position=replace(second.pose.position, lon_deg=120.01))
    frames = [first, replace(second, camera=None, pose=away), third]
    local = LocalFrame(120.0, 32.0)
    flown = Flown("p", frames, patrol.photos, FlatTerrain(12.0), local, "ab" * 32, {})
    assert write_stac(tmp_path, tmp_path, flown) == 3
    [place] = [item for item in pystac.Catalog.from_file(str(tmp_path / "catalog.json")).get_items()
               if item.id == "p"]  # fmt: skip
    place.validate()
    shape = shapely.geometry.shape(place.geometry)
    assert shape.geom_type == "Polygon"
    assert shape.distance(shapely.Point(120.01, away.position.lat_deg)) < 1e-9


def test_photos_of_like_names_have_items_of_their_own(patrol: Workspace, tmp_path: Path):
    frame = read_frame_table(patrol.frames)[0]
    names = ["a/b", "a__b", "a~1b"]
    frames = [replace(frame, photo_id=name) for name in names]
    local = LocalFrame(120.0, 32.0)
    flown = Flown("p", frames, patrol.photos, FlatTerrain(12.0), local, "ab" * 32, {})
    assert write_stac(tmp_path, tmp_path, flown) == 3
    catalog = pystac.Catalog.from_file(str(tmp_path / "catalog.json"))
    told = [item.properties.get("aerogrid:photo_id") for item in catalog.get_items()]
    assert told == [None, *names]
