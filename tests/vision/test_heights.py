import numpy as np
import pytest

from geo.terrain import FlatTerrain
from vision.heights import choose_altitudes
from vision.metadata import AltitudeDatum, Position


def at(altitude_m, height_home_m, lon=119.3):
    return Position(lon, 33.2, altitude_m, AltitudeDatum.STATED_AMSL, height_home_m)


def test_the_absolute_altitude_counts_when_the_take_off_lies_on_the_ground():
    chosen = choose_altitudes([at(163.0, 100.0), at(164.0, 101.0)], FlatTerrain(60.0))
    assert [a.altitude_amsl_m for a in chosen] == [163.0, 164.0]
    assert "absolute" in chosen[0].source


def test_an_altitude_in_another_height_system_is_replaced_by_the_relative_one():
    chosen = choose_altitudes([at(101.3, 100.0), at(102.3, 101.0)], FlatTerrain(60.0))
    assert [a.altitude_amsl_m for a in chosen] == [160.0, 161.0]
    assert "1.3 m" in chosen[0].source
    assert chosen[0].sigma_m > 0


def test_a_take_off_on_a_hill_among_the_photos_is_believed():
    class Hill:
        def altitudes_amsl_m(self, lonlat_deg):
            return np.where(lonlat_deg[:, 0] > 119.3, 150.0, 60.0)

    chosen = choose_altitudes([at(250.0, 100.0), at(251.0, 101.0, lon=119.4)], Hill())
    assert chosen[0].altitude_amsl_m == 250.0


def test_without_terrain_the_absolute_altitude_counts():
    assert choose_altitudes([at(131.3, 100.0)], None)[0].altitude_amsl_m == 131.3


def test_a_relative_height_alone_stands_on_the_ground_under_the_first_photo():
    assert choose_altitudes([at(None, 80.0)], FlatTerrain(60.0))[0].altitude_amsl_m == 140.0
    assert choose_altitudes([at(None, 80.0)], None)[0].altitude_amsl_m == 80.0


def test_ground_that_the_terrain_does_not_know_changes_nothing():
    class Nowhere:
        def altitudes_amsl_m(self, lonlat_deg):
            return np.full(len(lonlat_deg), np.nan)

    assert choose_altitudes([at(131.3, 100.0)], Nowhere())[0].altitude_amsl_m == 131.3


def test_a_photo_without_any_height_has_none():
    assert choose_altitudes([None, at(None, None)], FlatTerrain(60.0)) == [None, None]


def above(datum, altitude_m, height_home_m, lon, lat):
    return Position(lon, lat, altitude_m, datum, height_home_m)


def test_a_height_above_the_ellipsoid_is_brought_to_mean_sea_level():
    duluth = above(AltitudeDatum.ELLIPSOID, 171.32, None, -91.994, 46.8426)
    (chosen,) = choose_altitudes([duluth], None)
    assert chosen.altitude_amsl_m == pytest.approx(200.0, abs=0.01)
    assert "less EGM96 (-28.7 m)" in chosen.source


def test_heights_above_the_ellipsoid_stay_where_the_terrain_has_them_too():
    duluth = above(AltitudeDatum.ELLIPSOID, 171.32, 40.0, -91.994, 46.8426)
    (chosen,) = choose_altitudes([duluth], FlatTerrain(131.0))
    assert chosen.altitude_amsl_m == 171.32
    assert "as the terrain is" in chosen.source


def test_an_altitude_that_only_says_it_is_above_sea_level_is_found_out():
    duluth = above(AltitudeDatum.STATED_AMSL, 171.32, 40.0, -91.994, 46.8426)
    (chosen,) = choose_altitudes([duluth], FlatTerrain(160.0))
    assert chosen.altitude_amsl_m == pytest.approx(200.0, abs=0.01)
    assert "really above the ellipsoid" in chosen.source
