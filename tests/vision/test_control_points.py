import pytest

from geo.errors import CrsError
from geo.pose import Attitude
from tests.vision.scene import LOCAL, frame_of, pose_at
from vision.control_points import check_control_points, read_control_points
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
    assert (mark.altitude_m, mark.photo, mark.name) == (12.5, "a/P1.JPG", "corner")
    assert (mark.x_px, mark.y_px) == (100.0, 200.0)


def test_marks_without_a_name_are_one_point_where_their_places_are_the_same(tmp_path):
    rows = "117 36 5 10 10 a.jpg\n117 36 5 20 20 b.jpg\n118 36 5 20 20 b.jpg\n"
    marks = read_control_points(listed(tmp_path, "EPSG:4326\n" + rows))
    assert marks[0].name == marks[1].name != marks[2].name


@pytest.mark.parametrize("row", ["1 2 3 4", "117 36 x 10 10 a.jpg", "117 36 5 10 10"])
def test_a_line_that_is_none_is_named(tmp_path, row):
    with pytest.raises(VisionError, match="line 3 must be"):
        read_control_points(listed(tmp_path, f"EPSG:4326\n117 36 5 10 10 a.jpg\n{row}\n"))


def test_a_latitude_in_the_place_of_a_longitude_is_refused(tmp_path):
    with pytest.raises(VisionError, match=r"line 2 lies outside.*x is 46\.8, y -91\.9"):
        read_control_points(listed(tmp_path, "EPSG:4326\n46.8 -91.9 5 10 10 a.jpg\n"))


def test_a_list_without_reference_system_is_refused(tmp_path):
    with pytest.raises(CrsError, match="first line must name"):
        read_control_points(listed(tmp_path, "117 36 5 10 10 a.jpg\n"))
    with pytest.raises(VisionError, match="no control point"):
        read_control_points(listed(tmp_path, "EPSG:4326\n"))
    with pytest.raises(VisionError, match="empty"):
        read_control_points(listed(tmp_path, "\n"))


def test_a_point_with_two_places_is_refused(tmp_path):
    rows = "117 36 5 10 10 a.jpg corner\n117 36.00001 5 20 20 b.jpg corner\n"
    with pytest.raises(VisionError, match=r"corner has two places, 1\.11 m apart, in a.jpg and b"):
        read_control_points(listed(tmp_path, "EPSG:4326\n" + rows))


def checked(tmp_path, rows, photos=("f/P1", "f/P2")):
    frames = [frame_of(name, pose_at(0.0, 0.0, Attitude(0.0, -90.0, 0.0))) for name in photos]
    path = listed(tmp_path, f"EPSG:4326\n{rows}")
    return check_control_points(path, read_control_points(path), frames)


HERE = f"{LOCAL.centre_lon_deg} {LOCAL.centre_lat_deg} 5"


def test_marks_of_photos_that_are_not_here_are_told(tmp_path):
    assert checked(tmp_path, f"{HERE} 10 10 P1.jpg g") == []
    (said,) = checked(tmp_path, f"{HERE} 10 10 P1.jpg g\n{HERE} 10 10 P9.jpg g")
    assert "1 of 2 marks are of photos that are not here (P9.jpg)" in said


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"{HERE} 10 10 P9.jpg g", "none of its 1 marks is of one of the 2 photos; it names P9"),
        (f"{HERE} 1281 10 P1.jpg g", r"g is marked at pixel \(1281, 10\) of P1.jpg.*1280 x 960"),
        (f"{HERE} 10 -1 P1.jpg g", r"marked at pixel \(10, -1\)"),
        (
            f"{LOCAL.centre_lat_deg} {LOCAL.centre_lon_deg - 80} 5 10 10 P1.jpg g",
            "x and y are swapped",
        ),
    ],
)
def test_marks_that_cannot_be_are_refused(tmp_path, row, message):
    with pytest.raises(VisionError, match=message):
        checked(tmp_path, row)


def test_a_mark_of_two_flights_with_the_same_file_name_needs_its_folder(tmp_path):
    two = ("a/P1", "b/P1")
    with pytest.raises(VisionError, match=r"P1.jpg may be a/P1.jpg or b/P1.jpg\. Write"):
        checked(tmp_path, f"{HERE} 10 10 P1.jpg g", two)
    assert checked(tmp_path, f"{HERE} 10 10 b/P1.jpg g", two) == []
