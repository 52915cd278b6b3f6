from pathlib import Path

import geopandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from cases.errors import ZoneError
from cases.zone_files import read_zones
from cases.zones import Zones
from geo.formats import write_layers
from tests.cases.world import on_ground, square

HALF = Zones({"farmland": [on_ground(box(-100, -100, 0, 100))], "none": []})


@settings(deadline=None, max_examples=50)
@given(st.floats(-30, 30))
def test_share_is_the_part_west_of_the_border(x_m: float):
    expected = min(1.0, max(0.0, (10 - x_m) / 20))
    assert HALF.share_inside("farmland", square(x_m, 0, 20)) == pytest.approx(expected, abs=1e-6)


def test_tolerance_grows_the_zone():
    area = square(10, 0, 20)
    assert HALF.share_inside("farmland", area, tolerance_m=5) == pytest.approx(0.25, abs=1e-3)


def test_overlapping_polygons_count_once():
    twice = Zones({"farmland": [square(0, 0, 50), square(5, 0, 50)]})
    assert twice.share_inside("farmland", square(0, 0, 10)) == pytest.approx(1.0)


def test_touches_keeps_the_distance_in_metres():
    area = square(20, 0, 10)
    assert HALF.touches("farmland", area, within_m=15.1)
    assert not HALF.touches("farmland", area, within_m=14.9)


def test_an_empty_layer_is_known_to_be_nowhere():
    assert HALF.has("none")
    assert HALF.share_inside("none", square(0, 0)) == 0
    assert not HALF.touches("none", square(0, 0), within_m=100)


def test_an_area_without_extent_counts_as_its_point():
    line = Polygon([(119.7995, 32.4), (119.7995, 32.4), (119.7995, 32.4)])
    assert HALF.share_inside("farmland", line) == 1


def test_layers_are_read_in_any_crs(tmp_path: Path):
    path = tmp_path / "zones.gpkg"
    field = square(0, 0, 100)
    frame = geopandas.GeoDataFrame(geometry=[field], crs=4326).to_crs(4549)
    frame.to_file(path, layer="farmland")
    frame.iloc[:0].to_file(path, layer="permitted")
    zones = read_zones(path)
    assert zones.share_inside("farmland", square(50, 0, 20)) == pytest.approx(0.5, abs=1e-3)
    assert zones.has("permitted")
    assert not zones.has("industrial")


def test_a_self_crossing_zone_is_mended(tmp_path: Path):
    path = tmp_path / "zones.gpkg"
    bow_tie = Polygon([(119, 32), (119.01, 32.01), (119.01, 32), (119, 32.01)])
    write_layers(path, {"farmland": [{"geometry": bow_tie}]})
    assert len(read_zones(path).layers["farmland"]) == 2


def test_a_file_without_polygons_is_refused(tmp_path: Path):
    path = tmp_path / "zones.gpkg"
    write_layers(path, {"trees": [{"geometry": Point(119, 32)}]})
    with pytest.raises(ZoneError, match="no polygon layer"):
        read_zones(path)


def test_a_missing_or_foreign_zone_file_is_named(tmp_path: Path):
    with pytest.raises(ZoneError, match="does not exist"):
        read_zones(tmp_path / "none.gpkg")
    text = tmp_path / "zones.txt"
    text.write_text("no zones", encoding="utf-8")
    with pytest.raises(ZoneError, match="not a file of polygon layers"):
        read_zones(text)


def test_zones_speak_of_the_ground_around_their_polygons_only():
    assert HALF.covers(square(500, 0))
    assert not HALF.covers(square(600, 0))
    assert Zones({"none": []}).covers(square(9000, 0))


def test_a_layer_of_another_place_says_nothing_of_here():
    away = on_ground(box(100_000, 0, 100_100, 100))
    zones = Zones({"farmland": [square(0, 0, 100)], "permitted": [away], "none": []})
    assert zones.knows("farmland", square(500, 0))
    assert zones.knows("none", square(500, 0))
    assert not zones.knows("permitted", square(500, 0))
    assert not zones.knows("industrial", square(500, 0))
    assert zones.knows("permitted", away)
    assert not zones.covers(square(900, 0)), "the other place does not widen what is covered"


def test_a_layer_around_a_place_that_is_far_on_all_sides_says_nothing_of_it():
    ends = [on_ground(box(x, 0, x + 100, 100)) for x in (-100_000, 100_000)]
    zones = Zones({"farmland": [square(0, 0, 100)], "permitted": ends})
    assert not zones.knows("permitted", square(0, 0))
