"""What a report tells of its photos is valid STAC, and leads to the photos that were judged."""

import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image
from pyproj import Transformer

from cases.registry import Registry
from geo.frames import LocalFrame
from geo.terrain import FlatTerrain
from pipeline import reporting
from pipeline.inputs import Inputs, write_inputs
from pipeline.settings import Settings
from pipeline.stac import Flown, write_stac
from pipeline.workspace import Workspace
from tests.pipeline.test_reporting import BUILDING, SMOKE, patrol
from vision.frame_table import read_frame_table, write_frames
from vision.observations import source_digest, write_observations

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
    assert [len(schemas) for schemas in checked] == [1] * 7  # that of the core, in pystac's wheel
    broken = next(catalog.get_items())
    broken.bbox = [1.0]
    with pytest.raises(pystac.errors.STACValidationError):
        broken.validate()


def test_a_reader_finds_every_photo_and_its_hash(patrol: Workspace):
    reporting.report(patrol, Settings())
    catalog = pystac.Catalog.from_file(str(patrol.report / "stac" / "catalog.json"))
    items = {item.id: item for item in catalog.get_items()}
    assert list(items) == ["p", "a", "b", "c", BUILDING, SMOKE]
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


def test_each_case_has_its_pictures_and_leads_to_its_photo(patrol: Workspace):
    reporting.report(patrol, Settings())
    catalog = pystac.Catalog.from_file(str(patrol.report / "stac" / "catalog.json"))
    items = {item.id: item for item in catalog.get_items()}
    with Registry.open(patrol.registry) as registry:
        for number, photo in ((BUILDING, "a"), (SMOKE, "b")):
            item = items[number]
            assert shapely.geometry.shape(item.geometry).equals(registry.case(number).polygon)
            assert item.datetime == items[photo].datetime
            [source] = item.get_links("derived_from")
            assert pystac.Item.from_file(source.get_absolute_href()).id == photo
            crop, case_map = (item.get_assets()[name] for name in ("crop", "map"))
            with Image.open(crop.get_absolute_href()) as picture:
                assert (picture.format, crop.media_type) == ("JPEG", "image/jpeg")
            with rasterio.open(case_map.get_absolute_href()) as raster:
                assert raster.driver == "GTiff"
                assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_a_case_is_told_with_the_pictures_that_it_has(patrol: Workspace):
    (patrol.photos / "a.jpg").unlink()  # the building is cut out of b, and has no map
    frames = [replace(frame, taken_at=None) if frame.photo_id == "b" else frame
              for frame in read_frame_table(patrol.frames)]  # fmt: skip
    write_frames(patrol.frames, frames)
    made_from = source_digest(patrol.frames, patrol.detections)
    write_observations(patrol.observations, (), made_from)
    reporting.report(patrol, Settings())
    values = told(patrol.report / "stac" / "cases")
    building = values[f"{BUILDING}.json"]
    assert set(building["assets"]) == {"crop"}
    assert building["properties"]["datetime"] is None  # b has lost its time, so it has no item
    assert {link["rel"] for link in building["links"]} == {"root", "parent"}
    assert set(values[f"{SMOKE}.json"]["assets"]) == {"crop", "map"}
    pystac.Item.from_file(str(patrol.report / "stac" / "cases" / f"{BUILDING}.json")).validate()
    (patrol.photos / "b.jpg").unlink()
    reporting.report(patrol, Settings())
    assert not (patrol.report / "stac" / "cases").exists()


def test_the_orthophoto_that_was_given_is_told_with_where_it_lies(patrol: Workspace):
    ortho = patrol.root.parent / "maps" / "ortho.tif"
    ortho.parent.mkdir()
    transform = Affine(0.5, 0.0, 500_000.0, 0.0, -0.5, 3_541_000.0)
    with rasterio.open(
        ortho, "w", driver="GTiff", width=40, height=20, count=3, dtype="uint8", crs="EPSG:32651",
        transform=transform,
    ) as made:  # fmt: skip
        made.write(np.zeros((3, 20, 40), np.uint8))
    os.utime(ortho, (0, 1_780_000_000))
    write_inputs(patrol, Inputs(patrol.photos, ortho=ortho))
    reporting.report(patrol, Settings())
    catalog = pystac.Catalog.from_file(str(patrol.report / "stac" / "catalog.json"))
    [item] = [item for item in catalog.get_items() if item.id == "p-orthophoto"]
    item.validate()
    to_utm = Transformer.from_crs(4326, 32651, always_xy=True)
    ground = shapely.geometry.shape(item.geometry)
    there = shapely.transform(ground, to_utm.transform, interleaved=False)
    asked = shapely.box(500_000, 3_540_990, 500_020, 3_541_000)
    assert there.symmetric_difference(asked).area < 0.01
    assert item.common_metadata.gsd == pytest.approx(0.5, rel=0.01)
    assert item.datetime is None
    assert item.common_metadata.end_datetime == datetime.fromtimestamp(1_780_000_000, UTC)
    assert Path(item.get_assets()["orthophoto"].get_absolute_href()) == ortho


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
