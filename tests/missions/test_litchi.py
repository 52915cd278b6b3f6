import csv
from dataclasses import replace

import pytest
from hypothesis import given

from missions.errors import MissionError
from missions.legs import legs
from missions.litchi import COLUMNS, read_litchi, write_litchi
from missions.stops import Do, Finish, items_of, tour
from tests.missions.mutation import ROUNDS, read_damaged
from tests.missions.test_stops import tours


@pytest.fixture
def path(sortie, tmp_path):
    assert write_litchi(tmp_path / "a.csv", sortie) == (tmp_path / "a.csv",)
    return tmp_path / "a.csv"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_written_reads_back_as_the_same_places(sortie, path):
    found = read_litchi(path)
    assert (found.home, found.fence) == (None, None)
    again, planned = tour(sortie.home, found.items, 1.0), tour(sortie.home, sortie.items, 1.0)
    for stop, wanted in zip(again.stops, planned.stops, strict=True):
        assert (stop.lon_deg, stop.lat_deg) == (wanted.lon_deg, wanted.lat_deg)
        assert stop.height_home_m == pytest.approx(wanted.height_home_m, abs=0.01)
        assert stop.photo_spacing_m == pytest.approx(wanted.photo_spacing_m, abs=0.01)
        assert stop.actions == wanted.actions


def test_nose_points_along_the_rows(sortie, path):
    headings = [float(row["heading(deg)"]) for row in rows(path)]
    told = [stop.heading_deg for stop in tour(sortie.home, sortie.items, 1.0).stops]
    assert [h for h, t in zip(headings, told, strict=True) if t is not None] == [
        pytest.approx(t, abs=0.01) for t in told if t is not None
    ]


def test_columns_are_those_of_the_mission_hub(path):
    assert tuple(rows(path)[0]) == COLUMNS
    assert len(COLUMNS) == 46
    assert COLUMNS[:3] == ("latitude", "longitude", "altitude(m)")


def test_latitude_stands_in_the_column_of_latitude(path):
    assert all(31 < float(row["latitude"]) < 32 for row in rows(path))
    assert all(119 < float(row["longitude"]) < 120 for row in rows(path))


def test_camera_is_tilted_down_and_triggered_by_distance_on_rows_only(sortie, path):
    found = rows(path)
    assert (found[0]["actiontype1"], found[0]["actionparam1"]) == ("5", "-90")
    on = [row for row in found if float(row["photo_distinterval"]) > 0]
    assert len(on) == sum(leg.camera_on for leg in legs(sortie.home, sortie.items))


@given(tours)
def test_any_places_read_back(sortie, tmp_path_factory, way):
    path = tmp_path_factory.mktemp("t") / "a.csv"
    planned = replace(sortie, items=items_of(way, sortie.home))
    write_litchi(path, planned)
    again = tour(sortie.home, read_litchi(path).items, 1.0)
    assert again.finish is Finish.STAY
    for stop, wanted in zip(again.stops, way.stops, strict=True):
        told = replace(stop, heading_deg=wanted.heading_deg, actions=without_turns(stop))
        assert told == replace(wanted, actions=without_turns(wanted))


def without_turns(stop):
    return tuple(action for action in stop.actions if action.what is not Do.TURN_DEG)


def test_too_many_waypoints_become_several_files(sortie, tmp_path):
    paths = write_litchi(tmp_path / "a.csv", sortie, most_waypoints=14)
    assert len(paths) > 1
    assert all(len(rows(path)) <= 14 for path in paths)


def test_feet_and_semicolons_are_read(path):
    text = path.read_text().replace("altitude(m)", "altitude(ft)", 1).replace(",", ";")
    path.write_text(text)
    first = read_litchi(path).items[0]
    assert first.altitude_m == pytest.approx(
        float(rows_of(text)["altitude(ft)"]) * 0.3048, abs=0.01
    )


def rows_of(text):
    return next(csv.DictReader(text.splitlines(), delimiter=";"))


def test_swapped_axes_are_refused_with_the_line(path):
    lines = [line.split(",") for line in path.read_text().splitlines()]
    text = [",".join([row[1], row[0], *row[2:]]) for row in lines[1:]]
    path.write_text("\n".join([",".join(lines[0]), *text]))
    with pytest.raises(MissionError, match=r"line 2: latitude 119\.9.*latitude comes first"):
        read_litchi(path)


def test_altitude_above_ground_is_refused(path):
    text = path.read_text().splitlines()
    at = COLUMNS.index("altitudemode")
    row = text[1].split(",")
    row[at] = "1"
    path.write_text("\n".join([text[0], ",".join(row)]))
    with pytest.raises(MissionError, match="line 2: altitudes above ground"):
        read_litchi(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "begins with ''"),
        ("lat,lon\n1,2\n", "begins with 'lat,lon'"),
        ("latitude,longitude,altitude(m)\n", "no way-point"),
        ("latitude,longitude\n31,119\n", r"line 2: no column 'altitude\(ft\)'"),
        ("latitude,longitude,altitude(m)\n31,119\n", "line 2"),
    ],
)
def test_damaged_file_is_named(tmp_path, content, what):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(MissionError, match=rf"bad\.csv.*{what}"):
        read_litchi(path)


def test_damaged_files_are_refused_or_read(path):
    assert 0 < read_damaged(read_litchi, path) <= ROUNDS


@pytest.mark.parametrize(("unit", "cut_m"), [("m", 190.0), ("ft", 190.0 * 0.3048)])
def test_how_far_corners_are_cut_is_read(path, unit, cut_m):
    assert read_litchi(path).corner_cut_m == 0
    lines = path.read_text().replace("curvesize(m)", f"curvesize({unit})").splitlines()
    row = lines[2].split(",")
    row[COLUMNS.index("curvesize(m)")] = "190"
    path.write_text("\n".join([*lines[:2], ",".join(row), *lines[3:]]))
    assert read_litchi(path).corner_cut_m == pytest.approx(cut_m)
