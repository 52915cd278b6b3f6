import json
import sqlite3

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely import Point, box

from geo.errors import CrsError, GeoError, GridError
from geo.files import WriteError
from geo.formats import read_features, read_grid, write_features, write_layers

SHAPE = box(120.0, 31.0, 120.01, 31.01)
CODES = ["320412001001001", "320412001001002"]
NAMES = ["前黄镇张家村东侧网格", "西侧"]


def shapes(crs="EPSG:4326"):
    both = np.array([SHAPE, box(120.02, 31.0, 120.03, 31.01)])
    to_crs = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return shapely.transform(both, lambda xy: np.column_stack(to_crs.transform(*xy.T)))


def save(path, crs="EPSG:4326", names=("code", "name"), geometries=None, **more):
    geometries = shapes(crs) if geometries is None else geometries
    columns = [np.array(CODES, dtype=object), np.array(NAMES, dtype=object)]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(geometries),
        columns,
        list(names),
        geometry_type="Polygon",
        crs=crs,
        **more,
    )
    return path


def assert_is_our_grid(grid, tolerance=1e-7):
    assert [cell.code for cell in grid] == CODES
    assert [cell.name for cell in grid] == NAMES
    assert grid.problems == ()
    assert grid.cells[0].boundary.hausdorff_distance(SHAPE) < tolerance


@pytest.mark.parametrize("name", ["g.gpkg", "g.geojson"])
def test_each_format_gives_the_same_grid(tmp_path, name):
    assert_is_our_grid(read_grid(save(tmp_path / name)))


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4549", "EPSG:32650"])
def test_each_reference_system_gives_the_same_ground(tmp_path, crs):
    assert_is_our_grid(read_grid(save(tmp_path / "g.gpkg", crs)), tolerance=2e-6)


def test_local_system_is_read(tmp_path):
    crs = "+proj=tmerc +lat_0=31 +lon_0=120 +k=1 +x_0=1000 +y_0=2000 +ellps=GRS80 +units=m"
    assert_is_our_grid(read_grid(save(tmp_path / "g.gpkg", crs)), tolerance=2e-6)


def test_datum_without_a_known_shift_is_refused_until_the_shift_is_given(tmp_path):
    path = save(tmp_path / "g.gpkg", "EPSG:4610")  # Xian 80
    with pytest.raises(CrsError, match=r"g\.gpkg: no shift from Xian 1980.*towgs84"):
        read_grid(path)
    shifted = read_grid(path, crs="+proj=longlat +ellps=IAU76 +towgs84=100,-100,50")
    moved = shifted.cells[0].boundary.centroid
    assert 50 < Geod(ellps="WGS84").inv(moved.x, moved.y, *SHAPE.centroid.coords[0])[2] < 200


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
@pytest.mark.parametrize("says_so", [True, False])
def test_shapefile_attributes_are_decoded(tmp_path, encoding, says_so):
    path = save(tmp_path / "g.shp", encoding=encoding)
    if not says_so:
        path.with_suffix(".cpg").unlink()
    assert_is_our_grid(read_grid(path))


def test_shapefile_with_a_wrong_encoding_file_is_decoded(tmp_path):
    path = save(tmp_path / "g.shp", encoding="GBK")
    path.with_suffix(".cpg").write_text("UTF-8")
    assert_is_our_grid(read_grid(path))


@pytest.mark.filterwarnings("ignore:.*Normalized/laundered field name")
@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_shapefile_column_names_cut_after_ten_bytes_are_found(tmp_path, encoding):
    path = save(tmp_path / "g.shp", names=("网格编码", "网格名称"), encoding=encoding)
    assert_is_our_grid(read_grid(path))


def test_shapefile_without_prj_is_refused_until_the_system_is_named(tmp_path):
    path = save(tmp_path / "g.shp", "EPSG:4549")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"g\.shp.*\.prj.*EPSG:4549"):
        read_grid(path)
    assert_is_our_grid(read_grid(path, crs="EPSG:4549"), tolerance=2e-6)


def test_metres_declared_as_degrees_are_refused(tmp_path):
    path = save(tmp_path / "g.gpkg", "EPSG:4326", geometries=shapes("EPSG:4549"))
    with pytest.raises(CrsError, match="look like metres"):
        read_grid(path)


def test_longitudes_beyond_the_date_line_are_named_as_such(tmp_path):
    beyond = shapely.transform(shapes(), lambda xy: np.add(xy, (59.99, 0.0)))
    with pytest.raises(CrsError, match="cut what crosses 180 degrees in two"):
        read_grid(save(tmp_path / "g.gpkg", geometries=beyond))


def test_swapped_axes_are_recognised(tmp_path):
    swapped = shapely.transform(shapes(), lambda xy: xy[:, ::-1])
    with pytest.raises(CrsError, match="swapped"):
        read_grid(save(tmp_path / "g.gpkg", geometries=swapped))


def test_coordinates_with_a_zone_number_are_refused(tmp_path):
    zoned = shapely.transform(shapes("EPSG:4549"), lambda xy: xy + np.array([4e7, 0]))
    with pytest.raises(CrsError, match="zone number"):
        read_grid(save(tmp_path / "g.gpkg", "EPSG:4549", geometries=zoned))


def test_unknown_reference_system_is_refused(tmp_path):
    path = save(tmp_path / "g.gpkg")
    with pytest.raises(CrsError, match="EPSG:1"):
        read_grid(path, crs="EPSG:1")


def test_kml_folders_are_read_together(tmp_path):
    ring = "120,31,5 120.01,31,5 120.01,31.01,5 120,31,5"
    placemark = (
        "<Folder><name>{0}</name><Placemark><name>cell</name><ExtendedData><Data name='code'>"
        "<value>{0}</value></Data></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>"
    )
    folders = "".join(placemark.format(code) for code in CODES)
    path = tmp_path / "g.kml"
    path.write_text(
        f"<kml xmlns='http://www.opengis.net/kml/2.2'><Document>{folders}</Document></kml>"
    )
    grid = read_grid(path)
    assert [cell.code for cell in grid] == CODES
    assert not grid.cells[0].boundary.has_z


def test_missing_file_is_a_grid_error(tmp_path):
    with pytest.raises(GridError, match="no such file"):
        read_grid(tmp_path / "g.gpkg")


def test_broken_file_is_named(tmp_path):
    path = tmp_path / "g.geojson"
    path.write_text("{")
    with pytest.raises(GridError, match=r"g\.geojson"):
        read_grid(path)


def test_empty_collection_is_refused(tmp_path):
    path = tmp_path / "g.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(GridError, match="no features"):
        read_grid(path)


def test_several_layers_need_a_name(tmp_path):
    path = tmp_path / "g.gpkg"
    record = {"code": CODES[0], "geometry": SHAPE}
    write_layers(path, {"cells": [record], "water": [record]})
    with pytest.raises(GridError, match="cells, water"):
        read_grid(path)
    assert read_grid(path, layer="cells").cells[0].code == CODES[0]
    with pytest.raises(GridError, match="no layer 'roads'"):
        read_grid(path, layer="roads")


RECORDS = [
    {"geometry": SHAPE, "code": "b", "count": 2, "share": 0.5, "open": True, "note": None},
    {"geometry": SHAPE, "code": "a", "count": 3, "share": None, "open": False, "note": "网格"},
]


@pytest.mark.parametrize("name", ["out.gpkg", "out.geojson"])
def test_written_features_read_back_in_order(tmp_path, name):
    write_features(tmp_path / name, "found", RECORDS)
    features = read_features(tmp_path / name)
    assert [f.number for f in features] == [1, 2]
    assert [f.properties["code"] for f in features] == ["b", "a"]
    assert features[1].properties["note"] == "网格"
    assert features[0].properties["count"] == 2
    assert features[0].geometry.equals(SHAPE)


@pytest.mark.parametrize("name", ["out.gpkg", "out.geojson"])
def test_same_features_give_the_same_bytes(tmp_path, name):
    path = tmp_path / name
    write_features(path, "found", RECORDS)
    first = path.read_bytes()
    write_features(path, "found", RECORDS)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_layer_without_records_keeps_its_columns(tmp_path):
    path = tmp_path / "out.gpkg"
    write_features(path, "found", [], fields=["code", "score"])
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(found)")]
    db.close()
    assert columns[-2:] == ["code", "score"]
    assert read_features(path) == []


def test_geometries_may_differ_and_be_missing(tmp_path):
    path = tmp_path / "out.gpkg"
    places = [Point(120, 31), SHAPE, None]
    write_features(path, "found", [{"geometry": place, "n": 1} for place in places])
    assert [f.geometry for f in read_features(path)] == places


def test_geojson_is_standard(tmp_path):
    write_features(tmp_path / "out.geojson", "found", RECORDS)
    content = json.loads((tmp_path / "out.geojson").read_text("utf-8"))
    assert content["features"][0]["geometry"]["coordinates"][0][0][0] > 100


def test_other_formats_are_not_written(tmp_path):
    with pytest.raises(GeoError, match=r"\.gpkg or \.geojson"):
        write_features(tmp_path / "out.shp", "found", RECORDS)


def test_failed_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.gpkg"
    write_features(path, "found", RECORDS)
    before = path.read_bytes()
    with pytest.raises(KeyError):
        write_features(path, "found", [{"code": "x"}])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.gpkg"]


def test_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be written"):
        write_features(tmp_path / "file" / "out.gpkg", "found", RECORDS)


def cells_with(ring, codes=CODES):
    """A GeoJSON of one sound cell and one of a given ring."""
    sound = [list(corner) for corner in SHAPE.exterior.coords]
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [corners]},
        }
        for code, corners in zip(codes, (sound, ring), strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.filterwarnings("ignore:Non closed ring:RuntimeWarning")
@pytest.mark.parametrize(
    ("corner", "told"),
    [
        ([120.03, 31.0], "no geometry that can be read"),  # the ring does not close
        ([float("nan"), 31.0], "coordinates that are no numbers"),
    ],
)
def test_a_cell_that_no_polygon_can_be_made_of_is_refused_and_the_others_kept(
    tmp_path, corner, told
):
    ring = [[120.02, 31.0], [120.03, 31.0], corner, [120.02, 31.01]]
    ring += [ring[0]] if told.startswith("coord") else []
    (tmp_path / "g.geojson").write_text(cells_with(ring))
    grid = read_grid(tmp_path / "g.geojson")
    assert [cell.code for cell in grid.cells] == CODES[:1]
    assert [problem.what for problem in grid.problems] == [told]


def test_attributes_that_are_not_utf_8_are_refused_with_what_to_do(tmp_path):
    ring = [[120.02, 31.0], [120.03, 31.0], [120.03, 31.01], [120.02, 31.0]]
    text = cells_with(ring).replace(CODES[0], "@@")
    (tmp_path / "g.geojson").write_bytes(text.encode().replace(b"@@", "网格".encode("gb18030")))
    with pytest.raises(GridError, match=r"not UTF-8.*save it as UTF-8"):
        read_grid(tmp_path / "g.geojson")


def test_refusals_of_grids_do_not_quote_a_whole_hostile_file(tmp_path):
    text = cells_with([[120.02, 31.0]])
    (tmp_path / "g.geojson").write_text(text.replace("120.02", "1" + "[" * 9000))
    with pytest.raises(GridError, match="cannot be read") as caught:
        read_grid(tmp_path / "g.geojson")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", ["cells.geojson", "cells.gpkg", "script.py"])
def test_a_file_without_bytes_is_called_empty(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(GeoError, match=r"the file is empty \(0 bytes\)"):
        read_features(tmp_path / name)


@pytest.mark.parametrize("name", ["cells.geojson", "script.py"])
def test_a_file_of_another_kind_is_refused_without_gdals_hints(tmp_path, name):
    (tmp_path / name).write_text('{"type": "FeatureColl')
    with pytest.raises(GeoError, match="no whole GeoPackage, GeoJSON, Shapefile or KML") as caught:
        read_features(tmp_path / name)
    assert "DRIVER" not in str(caught.value)
