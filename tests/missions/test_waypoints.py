import pytest
from pymavlink.mavwp import MAVWPLoader

from missions.errors import MissionError
from missions.model import Command
from missions.waypoints import read_waypoints, write_waypoints


@pytest.fixture
def path(sortie, tmp_path):
    write_waypoints(tmp_path / "a.waypoints", sortie)
    return tmp_path / "a.waypoints"


def test_what_is_written_reads_back(sortie, path):
    found = read_waypoints(path)
    assert found.items == sortie.items
    assert found.home == sortie.home
    assert found.fence is None


def test_pymavlink_reads_the_same(sortie, path):
    loader = MAVWPLoader()
    assert loader.load(str(path)) == len(sortie.items) + 1
    for number, item in enumerate(sortie.items, 1):
        row = loader.wp(number)
        assert (row.command, row.frame, row.seq) == (item.command, item.frame, number)
        assert (row.x, row.y) == pytest.approx((item.lat_deg, item.lon_deg), abs=1e-7)
        assert (row.z, row.param1) == pytest.approx((item.altitude_m, item.parameters[0]))


def test_first_row_is_home_at_its_altitude(sortie, path):
    home = path.read_text().splitlines()[1].split("\t")
    assert home[:4] == ["0", "1", "0", "16"]
    assert float(home[8]) == pytest.approx(sortie.home.lat_deg)
    assert float(home[10]) == pytest.approx(sortie.home.altitude_amsl_m)


def test_header_is_version_110_and_columns_are_twelve(path):
    lines = path.read_text().splitlines()
    assert lines[0] == "QGC WPL 110"
    assert {len(line.split("\t")) for line in lines[1:]} == {12}


def test_latitude_stands_before_longitude(path):
    columns = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    places = [row for row in columns if row[3] == str(int(Command.NAV_WAYPOINT))]
    assert all(31 < float(row[8]) < 32 and 119 < float(row[9]) < 120 for row in places)


def test_other_version_is_refused(path):
    path.write_text(path.read_text().replace("WPL 110", "WPL 120"))
    with pytest.raises(MissionError, match=r"'QGC WPL 120'.*'QGC WPL 110'"):
        read_waypoints(path)


def test_swapped_axes_are_refused_with_the_line(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    for row in rows[1:]:
        row[8], row[9] = row[9], row[8]
    path.write_text("\n".join("\t".join(row) for row in rows))
    with pytest.raises(MissionError, match=r"line 2: latitude 119\.9.*latitude comes first"):
        read_waypoints(path)


@pytest.mark.parametrize("row", ["1\t0\t3", "0\t1\t0\t16\tx\t0\t0\t0\t31\t119\t5\t1"])
def test_damaged_line_is_named(path, row):
    path.write_text(f"QGC WPL 110\n{row}\n")
    with pytest.raises(MissionError, match="line 2"):
        read_waypoints(path)


@pytest.mark.parametrize("taken_out", [0, 2])
def test_a_row_that_is_missing_is_named(path, taken_out):
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows[:taken_out], *rows[taken_out + 1 :]]))
    with pytest.raises(
        MissionError, match=f"is row '{taken_out + 1}' where row {taken_out} is due"
    ):
        read_waypoints(path)


@pytest.mark.parametrize("content", ["", "QGC WPL 110\n"])
def test_empty_file_is_refused(path, content):
    path.write_text(content)
    with pytest.raises(MissionError, match=r"(begins with 'nothing'|no home row)"):
        read_waypoints(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(MissionError, match="no such file"):
        read_waypoints(tmp_path / "gone.waypoints")
