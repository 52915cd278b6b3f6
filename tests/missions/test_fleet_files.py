from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from shapely import Point, box

from geo.formats import write_features
from missions.errors import MissionError
from missions.fleet import Hours
from missions.fleet_files import read_depots, read_fleet, read_histories, read_tips, read_weather
from missions.priority import History, Weights
from tests.missions.fleets import DEPOT

HOURS = Hours()
FLEET = """
[hours]
timezone = "Asia/Shanghai"
work_from = 07:30:00
most_wind_m_s = 8

[[crew]]
code = "A"
depot = "D"
drone = "sim-quad"
batteries = 4

[[season]]
name = "closed fishing season"
from = "03-01"
to = "06-30"
points = 8
cells = ["320412001000001"]

[priority]
tip_points = 20
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="fleet.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_depots_come_from_points_with_their_launch(tmp_path):
    path = tmp_path / "depots.geojson"
    here = {"geometry": Point(119.9, 31.7)}
    write_features(
        path,
        "depots",
        [{"code": "N", "launch": None, **here}, {"code": "S", "launch": "depot", **here}],
    )
    north, south = read_depots(path)
    assert (north.code, north.launch, north.lon_deg) == ("N", "cell", 119.9)
    assert south.launch == "depot"


def test_depot_that_is_an_area_is_refused_with_its_number(tmp_path):
    path = tmp_path / "depots.geojson"
    write_features(path, "depots", [{"code": "N", "geometry": box(119, 31, 119.1, 31.1)}])
    with pytest.raises(MissionError, match="feature 1: is no point"):
        read_depots(path)


def test_fleet_file_says_hours_crews_seasons_and_weights(file):
    said = read_fleet(file(FLEET), [DEPOT])
    assert said.fleet.hours == Hours(work_from=time(7, 30), most_wind_m_s=8)
    assert said.fleet.crews[0].batteries == 4
    assert said.seasons[0].holds("320412001000001", date(2025, 6, 1))
    assert said.weights.tip_points == 20


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batteries", "batterys", r"\[\[crew\]\] 1: batterys is not known; allowed are code"),
        ("batteries = 4", "batteries = 1.5", "batteries is 1.5, which is no whole number"),
        ('depot = "D"', 'depot = "X"', "known are D"),
        ('"03-01"', '"03-32"', r"\[\[season\]\] 1.*03-32 is no day"),
        ("points = 8\n", "", "points is missing"),
        ("[hours]", "[times]", r"\[times\] is not known"),
        ("[hours]", "[hours", "is not TOML"),
        ("Asia/Shanghai", "Asia/Nowhere", "timezone 'Asia/Nowhere' is not known"),
    ],
)
def test_mistakes_in_a_fleet_file_are_named(file, old, new, message):
    with pytest.raises(MissionError, match=message):
        read_fleet(file(FLEET.replace(old, new)), [DEPOT])


def test_weather_comes_from_csv_and_from_toml_alike(file):
    rows = "from,to,wind_m_s,closed,reason\n2025-06-02T08:00,2025-06-02T10:00,12,,\n"
    tables = (
        '[[window]]\nfrom = 2025-06-02T08:00:00+08:00\nto = "2025-06-02T10:00"\nwind_m_s = 12\n'
    )
    from_csv = read_weather(file(rows, "w.csv"), HOURS)
    assert from_csv == read_weather(file(tables, "w.toml"), HOURS)
    assert from_csv[0].start == datetime(2025, 6, 2, tzinfo=UTC)
    assert from_csv[0].forbids(HOURS)


def test_a_broken_row_of_weather_is_named(file):
    with pytest.raises(MissionError, match="window 1: closed is 'maybe'"):
        read_weather(file("from,to,closed\n2025-06-02,2025-06-03,maybe\n", "w.csv"), HOURS)


def test_histories_are_read_by_code(file):
    path = file("code,last_patrol,open_cases\n01,2025-05-20,3\n02,,\n", "h.csv")
    assert read_histories(path) == {"01": History(date(2025, 5, 20), 3), "02": History()}


def test_tips_are_local_time_unless_they_say_otherwise(file):
    path = file("time,lon,lat,text\n2025-06-01 09:00,119.95,31.7,smoke\n", "t.csv")
    (tip,) = read_tips(path, HOURS)
    assert tip.time == datetime(2025, 6, 1, 1, tzinfo=UTC)
    assert (tip.lon_deg, tip.text) == (119.95, "smoke")


def test_table_without_a_needed_column_is_refused(file):
    with pytest.raises(MissionError, match="no column lat; it has time, lon"):
        read_tips(file("time,lon\n2025-06-01,119\n", "t.csv"), HOURS)


def test_example_in_the_docs_is_read(file):
    page = Path(__file__).resolve().parents[2] / "docs" / "district.md"
    example = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    said = read_fleet(file(example), [replace(DEPOT, code="D1")])
    assert said.weights == Weights()
    assert said.seasons[0].cells == {"320623101201001"}
