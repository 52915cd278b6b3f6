import pytest

from geo.errors import CrsError
from vision.control_points import read_control_points
from vision.errors import VisionError


def listed(tmp_path, text):
    path = tmp_path / "gcp_list.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "header", ["EPSG:32650", "WGS84 UTM 50N", "+proj=utm +zone=50 +datum=WGS84"]
)
def test_marks_are_read_in_the_reference_system_of_the_first_line(tmp_path, header):
    path = listed(tmp_path, f"{header}\n500000 4000000 12.5 100.5 200.5 a/P1.JPG corner\n\n")
    (mark,) = read_control_points(path)
    assert (mark.lon_deg, mark.lat_deg) == pytest.approx((117.0, 36.144718), abs=1e-6)
    assert (mark.altitude_m, mark.photo, mark.name) == (12.5, "P1.JPG", "corner")
    assert (mark.x_px, mark.y_px) == (100.0, 200.0)


def test_marks_without_a_name_are_one_point_where_their_places_are_the_same(tmp_path):
    rows = "117 36 5 10 10 a.jpg\n117 36 5 20 20 b.jpg\n118 36 5 20 20 b.jpg\n"
    marks = read_control_points(listed(tmp_path, "EPSG:4326\n" + rows))
    assert marks[0].name == marks[1].name != marks[2].name


@pytest.mark.parametrize("row", ["1 2 3 4", "117 36 x 10 10 a.jpg", "117 36 5 10 10"])
def test_a_line_that_is_none_is_named(tmp_path, row):
    with pytest.raises(VisionError, match="line 3 must be"):
        read_control_points(listed(tmp_path, f"EPSG:4326\n117 36 5 10 10 a.jpg\n{row}\n"))


def test_a_list_without_reference_system_is_refused(tmp_path):
    with pytest.raises(CrsError, match="first line must name"):
        read_control_points(listed(tmp_path, "117 36 5 10 10 a.jpg\n"))
    with pytest.raises(VisionError, match="no control point"):
        read_control_points(listed(tmp_path, "EPSG:4326\n"))
    with pytest.raises(VisionError, match="empty"):
        read_control_points(listed(tmp_path, "\n"))
