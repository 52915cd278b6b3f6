from dataclasses import replace

import geopandas
import pyogrio
import pytest

from geo.errors import GeoError
from geo.formats import read_features
from missions.kml import write_kml
from missions.legs import legs
from missions.vectors import LAYERS, write_vectors
from tests.missions.shapes import WITH_POND, on_globe

CELL = on_globe(WITH_POND)
CODE = "320412001001001"


def rows_of(sortie):
    return [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]


@pytest.fixture
def package(sortie, tmp_path):
    write_vectors(tmp_path / "a.gpkg", [sortie], areas=[(CODE, CELL)])
    return tmp_path / "a.gpkg"


def test_geopackage_has_a_layer_for_everything(package):
    assert set(pyogrio.list_layers(package)[:, 0]) == set(LAYERS)


def test_geopandas_reads_the_same_geometry(sortie, package):
    frame = geopandas.read_file(package, layer="rows")
    assert frame.crs.to_epsg() == 4326
    ends = [tuple(line.coords) for line in frame.geometry]
    assert ends == [(leg.start[:2], leg.end[:2]) for leg in rows_of(sortie)]
    photos = geopandas.read_file(package, layer="photos")
    places = [(point.x, point.y) for point in photos.geometry]
    assert places == [(photo.lon_deg, photo.lat_deg) for photo in sortie.photos]
    fence = geopandas.read_file(package, layer="fences").geometry[0]
    assert fence.equals(sortie.fence)
    assert geopandas.read_file(package, layer="cells").geometry[0].equals(CELL)


def test_home_carries_the_figures(sortie, package):
    home = geopandas.read_file(package, layer="homes").iloc[0]
    assert (home.sortie, home.photos) == (sortie.code, len(sortie.photos))
    assert home.duration_s == pytest.approx(sortie.duration_s)


def test_geojson_is_one_layer_told_apart_by_a_column(sortie, tmp_path):
    write_vectors(tmp_path / "a.geojson", [sortie], areas=[(CODE, CELL)])
    frame = geopandas.read_file(tmp_path / "a.geojson")
    assert set(frame.layer) == set(LAYERS)
    assert (frame.layer == "photos").sum() == len(sortie.photos)
    west, south, east, north = frame.total_bounds
    assert (119 < west < east < 120, 31 < south < north < 32) == (True, True)


def test_same_sorties_give_the_same_bytes(sortie, tmp_path):
    for name in ("a.gpkg", "b.gpkg", "a.geojson", "b.geojson"):
        write_vectors(tmp_path / name, [sortie], areas=[(CODE, CELL)])
    for kind in ("gpkg", "geojson"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_other_endings_are_refused(sortie, tmp_path):
    with pytest.raises(GeoError, match=r"\.gpkg or \.geojson"):
        write_vectors(tmp_path / "a.shp", [sortie])


@pytest.fixture
def kml(sortie, tmp_path):
    write_kml(tmp_path / "a.kml", [replace(sortie, code="网格 <1>")], areas=[(CODE, CELL)])
    return read_features(tmp_path / "a.kml")


def test_kml_is_read_by_gdal_with_all_geometry(sortie, kml):
    kinds = [feature.geometry.geom_type for feature in kml]
    assert kinds.count("Polygon") == 2
    assert kinds.count("Point") == 1 + len(sortie.photos)
    assert kinds.count("LineString") == len(list(legs(sortie.home, sortie.items)))


def test_kml_has_longitude_first_and_keeps_holes(kml):
    cell = next(f.geometry for f in kml if f.properties["Name"] == CODE)
    assert cell.equals_exact(CELL, 1e-7)
    assert len(cell.interiors) == 1


def test_names_may_hold_anything(kml):
    assert any("网格 <1>" in str(feature.properties["Name"]) for feature in kml)


def test_kml_of_unknown_ground_stands_above_whatever_ground_there_is(sortie, tmp_path):
    low = replace(sortie, home=replace(sortie.home, altitude_amsl_m=0.0))
    for name, one in (("a.kml", sortie), ("b.kml", low)):
        write_kml(tmp_path / name, [one], mode="relativeToGround")
    text = (tmp_path / "a.kml").read_text()
    assert text == (tmp_path / "b.kml").read_text()
    assert ">relativeToGround<" in text
    assert ">absolute<" not in text


def test_kml_lines_stand_at_their_altitude(sortie, tmp_path):
    write_kml(tmp_path / "a.kml", [sortie])
    frame = geopandas.read_file(tmp_path / "a.kml", layer="rows")
    heights = [z for line in frame.geometry for _, _, z in line.coords]
    wanted = sortie.home.altitude_amsl_m + sortie.height_home_m
    assert heights == pytest.approx([wanted] * len(heights), abs=0.01)
