import json

import pytest
from shapely import LineString, Point, box
from shapely.geometry import mapping

from geo.formats import write_features, write_layers
from missions.airspace import HeightBand
from missions.airspace_files import read_airspace
from missions.errors import MissionError

AREA = box(119.9, 31.6, 119.91, 31.61)
WIRE = LineString([(119.9, 31.6), (119.91, 31.61)])


def geojson(path, *features):
    rows = [
        {"type": "Feature", "properties": columns, "geometry": shape and mapping(shape)}
        for columns, shape in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    return path


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_zones_and_obstacles_come_back_as_written(tmp_path, suffix):
    zones, obstacles = tmp_path / f"zones{suffix}", tmp_path / f"obstacles{suffix}"
    zone = {"name": "airport", "low_m": 60.0, "above": "sea", "margin_m": 100.0}
    lower = {"name": "town", "kind": "ceiling", "ceiling_agl_m": 50.0}
    columns = ["name", "kind", "low_m", "above", "margin_m", "ceiling_agl_m"]
    records = [{**row, "geometry": AREA} for row in (zone, lower)]
    write_features(zones, "zones", records, fields=columns)
    mast = {"name": "mast", "height_m": 80.0, "radius_m": 3.0, "geometry": Point(119.9, 31.6)}
    write_features(obstacles, "obstacles", [mast, {**mast, "name": "line", "geometry": WIRE}])
    airspace = read_airspace(zones, obstacles)
    (airport,), (town,) = airspace.no_fly, airspace.ceilings
    assert (airport.name, airport.margin_m) == ("airport", 100)
    assert airport.band == HeightBand(low_m=60.0, above="sea")
    assert (town.name, town.ceiling_agl_m) == ("town", 50)
    assert [(o.name, o.height_agl_m, o.radius_m) for o in airspace.obstacles] == [
        ("mast", 80, 3),
        ("line", 80, 3),
    ]


def test_times_and_defaults_are_read(tmp_path):
    path = geojson(tmp_path / "z.geojson", ({"begins": "2026-06-01T08:00:00+08:00"}, AREA))
    (zone,) = read_airspace(path).no_fly
    assert zone.name == "zone 1"
    assert zone.window.begins.isoformat() == "2026-06-01T08:00:00+08:00"
    assert zone.window.ends is None


def test_nothing_given_is_an_empty_airspace():
    assert read_airspace() == read_airspace(None, None)
    assert not read_airspace().obstacles


@pytest.mark.parametrize(
    ("columns", "shape", "what"),
    [
        ({}, Point(119.9, 31.6), "a zone is a polygon; this row holds Point"),
        ({"kind": "prohibited"}, AREA, "kind is 'prohibited'"),
        ({"kind": "ceiling"}, AREA, "has no ceiling_agl_m"),
        ({"margin_m": "wide"}, AREA, "margin_m is 'wide'"),
        ({"above": "home"}, AREA, "above is 'home'"),
        ({"begins": "in June"}, AREA, "begins is 'in June'"),
        ({"margin_m": -5.0}, AREA, "margin_m must be 0 or more"),
    ],
)
def test_zone_that_cannot_be_understood_is_named(tmp_path, columns, shape, what):
    path = geojson(tmp_path / "z.geojson", ({}, AREA), (columns, shape))
    with pytest.raises(MissionError, match=rf"z.geojson, feature 2: .*{what}"):
        read_airspace(path)


def test_obstacle_without_height_is_named(tmp_path):
    path = geojson(tmp_path / "o.geojson", ({"name": "mast"}, Point(119.9, 31.6)))
    with pytest.raises(MissionError, match="feature 1: has no height_m"):
        read_airspace(obstacles=path)


def sky(path, **layers):
    write_layers(path, {name: [{"name": name, **row}] for name, row in layers.items()})
    return path


def test_one_file_holds_zones_and_obstacles_in_layers_of_their_names(tmp_path):
    path = sky(
        tmp_path / "sky.gpkg",
        no_fly={"geometry": AREA},
        ceilings={"ceiling_agl_m": 40.0, "geometry": AREA},
        obstacles={"height_m": 80.0, "geometry": WIRE},
        remarks={"geometry": AREA},
    )
    found = read_airspace(path, path)
    assert [zone.name for zone in found.no_fly] == ["no_fly"]
    assert [zone.ceiling_agl_m for zone in found.ceilings] == [40]
    assert [obstacle.height_agl_m for obstacle in found.obstacles] == [80]


@pytest.mark.parametrize("layers", [("farmland",), ("farmland", "permitted")])
def test_zones_of_the_analysis_are_no_airspace(tmp_path, layers):
    path = sky(tmp_path / "zones.gpkg", **{name: {"geometry": AREA} for name in layers})
    with pytest.raises(MissionError, match=r"analyze --zones.*airspace, no_fly, ceilings"):
        read_airspace(path)


def test_layers_of_unknown_names_are_refused_with_the_names_that_count(tmp_path):
    path = sky(tmp_path / "two.gpkg", a={"geometry": AREA}, b={"geometry": AREA})
    with pytest.raises(MissionError, match=r"has the layers a, b\. .*obstacles"):
        read_airspace(None, path)
