import re
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from shapely import Point

from geo.pose import GeoPoint
from geo.terrain import FlatTerrain
from missions.airspace import Airspace, Obstacle
from missions.check import check
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.errors import MissionError
from missions.findings import Code
from missions.legs import legs
from missions.stops import Action, Do, Finish, Stop, Tour, items_of, tour
from missions.wpml import KML, WPML, Frame, waylines_document, write_wpml
from missions.wpml_read import read_wpml
from tests.missions.mutation import ROUNDS, read_damaged, refusal, repacked
from tests.missions.test_stops import tours

M3E = drone_named("dji-m3e")
AROUND = Frame(GeoPoint(119.95, 31.7, 4.0), "dji-m3e", 60.0)
_NAMES = {"": KML, "wpml": WPML}
# DJI Cloud API, WPML: elements marked as required for a Mavic 3E.
_CONFIG = [
    "flyToWaylineMode",
    "finishAction",
    "exitOnRCLost",
    "executeRCLostAction",
    "takeOffSecurityHeight",
    "globalTransitionalSpeed",
    "globalRTHHeight",
    "droneInfo/wpml:droneEnumValue",
    "droneInfo/wpml:droneSubEnumValue",
    "payloadInfo/wpml:payloadEnumValue",
    "payloadInfo/wpml:payloadPositionIndex",
]
_FOLDER = ["templateId", "waylineId", "autoFlightSpeed", "executeHeightMode"]
_PLACE = [
    "index",
    "executeHeight",
    "waypointSpeed",
    "waypointHeadingParam/wpml:waypointHeadingMode",
    "waypointHeadingParam/wpml:waypointHeadingPathMode",
    "waypointTurnParam/wpml:waypointTurnMode",
]
_GROUP = [
    "actionGroupId",
    "actionGroupStartIndex",
    "actionGroupEndIndex",
    "actionGroupMode",
    "actionTrigger/wpml:actionTriggerType",
]
_TEMPLATE = [
    "templateType",
    "templateId",
    "autoFlightSpeed",
    "globalWaypointTurnMode",
    "gimbalPitchMode",
    "globalHeight",
    "globalWaypointHeadingParam/wpml:waypointHeadingMode",
]


@pytest.fixture
def path(sortie, tmp_path):
    assert write_wpml(tmp_path / "a.kmz", sortie, M3E) == (tmp_path / "a.kmz",)
    return tmp_path / "a.kmz"


def document(path, name):
    with zipfile.ZipFile(path) as archive:
        return ElementTree.fromstring(archive.read(name))


def assert_has(element, names):
    assert [name for name in names if element.findtext(f"wpml:{name}", None, _NAMES) is None] == []


def test_what_is_written_reads_back_as_the_same_places(sortie, path):
    found = read_wpml(path)
    assert (found.home.lon_deg, found.home.lat_deg) == (sortie.home.lon_deg, sortie.home.lat_deg)
    assert found.fence is None
    again, planned = tour(found.home, found.items, 1.0), tour(sortie.home, sortie.items, 1.0)
    assert again.finish is planned.finish
    for stop, wanted in zip(again.stops, planned.stops, strict=True):
        assert (stop.lon_deg, stop.lat_deg) == (wanted.lon_deg, wanted.lat_deg)
        assert stop.height_home_m == pytest.approx(wanted.height_home_m)
        assert stop.photo_spacing_m == pytest.approx(wanted.photo_spacing_m)
        assert (stop.actions, stop.speed_m_s) == (wanted.actions, pytest.approx(wanted.speed_m_s))


def test_photos_are_taken_on_the_same_legs(sortie, path):
    found = read_wpml(path)
    assert rows_of(found.home, found.items) == rows_of(sortie.home, sortie.items)


def rows_of(home, items):
    return [(leg.start, leg.end) for leg in legs(home, items) if leg.camera_on]


def test_archive_holds_the_two_documents_with_dji_names(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["wpmz/template.kml", "wpmz/waylines.wpml"]
        assert b'xmlns:wpml="http://www.dji.com/wpmz/1.0.' in archive.read("wpmz/waylines.wpml")


def test_required_elements_are_there(path):
    for name in ("wpmz/template.kml", "wpmz/waylines.wpml"):
        assert_has(document(path, name).find("Document/wpml:missionConfig", _NAMES), _CONFIG)
    assert_has(document(path, "wpmz/template.kml").find("Document/Folder", _NAMES), _TEMPLATE)
    folder = document(path, "wpmz/waylines.wpml").find("Document/Folder", _NAMES)
    assert_has(folder, _FOLDER)
    for mark in folder.findall("Placemark", _NAMES):
        assert_has(mark, _PLACE)
    for group in folder.iterfind(".//wpml:actionGroup", _NAMES):
        assert_has(group, _GROUP)


def test_aircraft_and_camera_carry_the_numbers_of_the_cloud_api(path):
    root = document(path, "wpmz/waylines.wpml")
    numbers = [
        root.findtext(f".//wpml:{name}EnumValue", "", _NAMES) for name in ("drone", "payload")
    ]
    assert numbers == ["77", "66"]


def test_longitude_stands_first_and_indices_count_from_zero(path):
    marks = document(path, "wpmz/waylines.wpml").findall(".//Placemark", _NAMES)
    for number, mark in enumerate(marks):
        lon, lat = map(float, mark.findtext("Point/coordinates", "", _NAMES).split(","))
        assert 119 < lon < 120
        assert 31 < lat < 32
        assert mark.findtext("wpml:index", "", _NAMES) == str(number)


def test_groups_of_actions_have_numbers_of_their_own(path):
    groups = document(path, "wpmz/waylines.wpml").iterfind(".//wpml:actionGroupId", _NAMES)
    numbers = [group.text for group in groups]
    assert len(numbers) == len(set(numbers))


def test_nose_across_the_flight_is_kept_by_smooth_transition():
    run = tuple(Stop(119.95 + i / 1000, 31.7, 50.0, 270.0, 5.0, 10.0 * (1 - i)) for i in range(2))
    root = waylines_document(Tour(run, Finish.RETURN), AROUND)
    modes = [e.text for e in root.iter("wpml:waypointHeadingMode")]
    angles = [e.text for e in root.iter("wpml:waypointHeadingAngle")]
    assert (modes, angles) == (["smoothTransition"] * 2, ["-90"] * 2)


def test_photo_in_place_turns_first(tmp_path):
    stop = Stop(119.95, 31.7, 50.0, None, 5.0, 0.0, (Action(Do.TURN_DEG, 200.0), Action(Do.PHOTO)))
    root = waylines_document(Tour((stop,), Finish.STAY), AROUND)
    assert [e.text for e in root.iter("wpml:actionActuatorFunc")] == ["rotateYaw", "takePhoto"]
    assert next(root.iter("wpml:aircraftHeading")).text == "-160"


@given(tours)
def test_any_places_read_back(sortie, tmp_path_factory, way):
    path = tmp_path_factory.mktemp("t") / "a.kmz"
    planned = replace(sortie, items=items_of(way, sortie.home))
    write_wpml(path, planned, M3E)
    again = tour(sortie.home, read_wpml(path).items, 1.0)
    assert again.finish is way.finish
    for stop, wanted in zip(again.stops, way.stops, strict=True):
        told = replace(stop, heading_deg=wanted.heading_deg, actions=without_turns(stop))
        assert told == replace(wanted, actions=without_turns(wanted))


def without_turns(stop):
    return tuple(action for action in stop.actions if action.what is not Do.TURN_DEG)


def test_too_many_waypoints_become_several_files(sortie, tmp_path):
    paths = write_wpml(tmp_path / "a.kmz", sortie, M3E, most_waypoints=14)
    assert [path.name for path in paths] == [
        f"a-{n}of{len(paths)}.kmz" for n in range(1, len(paths) + 1)
    ]
    rows = [row for path in paths for row in rows_of(sortie.home, read_wpml(path).items)]
    assert rows == rows_of(sortie.home, sortie.items)


def test_same_sortie_gives_the_same_bytes(sortie, path, tmp_path):
    (other,) = write_wpml(tmp_path / "b.kmz", sortie, M3E)
    assert other.read_bytes() == path.read_bytes()


def test_other_makers_aircraft_are_refused(sortie, tmp_path):
    with pytest.raises(MissionError, match="dji-m3e"):
        write_wpml(tmp_path / "a.kmz", sortie, drone_named("sim-quad"))


def test_damaged_archives_are_refused_or_read(path):
    assert read_damaged(read_wpml, path) > ROUNDS // 2


def test_damaged_documents_are_refused_or_read(path):
    content, refused = path.read_bytes(), 0
    for seed in range(ROUNDS):
        path.write_bytes(content)
        repacked(path, seed)
        refused += refusal(read_wpml, path) is not None
    assert 0 < refused <= ROUNDS


def rewritten(path, name, change):
    """The archive with one document changed."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n).decode() for n in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def test_zip_bomb_is_not_unpacked(path):
    rewritten(path, "wpmz/waylines.wpml", lambda text: text + " " * 17_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(MissionError, match="unpacks to more than"):
        read_wpml(path)


def test_entities_are_not_expanded(path):
    bomb = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa">]>'
    rewritten(path, "wpmz/waylines.wpml", lambda t: t.replace("<kml", bomb + "<kml", 1))
    with pytest.raises(MissionError, match="entities"):
        read_wpml(path)


@pytest.mark.parametrize("name", ["../x.kml", "/etc/x", "wpmz/../../x", "C:\\x", "a\\..\\x"])
def test_entries_that_lead_out_are_refused(path, name):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"")
    with pytest.raises(MissionError, match="leads out"):
        read_wpml(path)


def test_archive_of_very_many_entries_is_refused(path):
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(300):
            archive.writestr(f"wpmz/res/{number}", b"")
    with pytest.raises(MissionError, match="entries"):
        read_wpml(path)


def test_swapped_axes_are_refused(path):
    def swap(text):
        root = ElementTree.fromstring(text)
        for element in root.iter(f"{{{KML}}}coordinates"):
            element.text = ",".join(element.text.split(",")[::-1])
        return ElementTree.tostring(root, encoding="unicode")

    rewritten(path, "wpmz/waylines.wpml", swap)
    with pytest.raises(MissionError, match="longitude comes first"):
        read_wpml(path)


@pytest.mark.parametrize("mode", ["WGS84", "realTimeFollowSurface"])
def test_heights_above_something_else_are_refused(path, mode):
    rewritten(path, "wpmz/waylines.wpml", lambda t: t.replace("relativeToStartPoint", mode))
    with pytest.raises(MissionError, match=mode):
        read_wpml(path)


def test_kmz_without_way_lines_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", "<kml/>")
    with pytest.raises(MissionError, match=r"no wpmz/waylines\.wpml"):
        read_wpml(tmp_path / "a.kmz")


def test_deep_nesting_is_refused_or_read_without_harm(path):
    deep = "<a>" * 100_000 + "</a>" * 100_000
    rewritten(path, "wpmz/waylines.wpml", lambda t: t.replace("</Folder>", deep + "</Folder>"))
    assert read_wpml(path).items


def test_return_height_is_the_one_that_the_sortie_was_checked_with(sortie, tmp_path):
    (path,) = write_wpml(tmp_path / "a.kmz", replace(sortie, return_height_m=105.0), M3E)
    assert read_wpml(path).return_height_m == 105.0
    for name in ("wpmz/template.kml", "wpmz/waylines.wpml"):
        assert document(path, name).findtext(".//wpml:globalRTHHeight", "", _NAMES) == "105"


def codes(mission, **limits):
    wanted = Limits(**limits)
    found = check(mission, wanted, FlatTerrain(0.0), Airspace(obstacles=(mast(mission),)), M3E)
    return {finding.code for finding in found}


def mast(mission):
    """One of 90 m between home and the last place, to its side of all rows."""
    home, last = mission.home, [item for item in mission.items if item.lon_deg][-1]
    middle = Point((home.lon_deg + last.lon_deg) / 2, (home.lat_deg + last.lat_deg) / 2)
    return Obstacle("mast", middle, height_agl_m=90.0)


def test_check_goes_by_the_return_height_of_the_file_itself(sortie, tmp_path):
    (low,) = write_wpml(tmp_path / "a.kmz", replace(sortie, return_height_m=50.0), M3E)
    (high,) = write_wpml(tmp_path / "b.kmz", replace(sortie, return_height_m=110.0), M3E)
    assert Code.RETURN_OBSTACLE in codes(read_wpml(low), return_height_m=110.0)
    assert Code.RETURN_OBSTACLE not in codes(read_wpml(high), return_height_m=50.0)


def test_return_height_above_the_ceiling_is_an_error(sortie, tmp_path):
    (path,) = write_wpml(tmp_path / "a.kmz", replace(sortie, return_height_m=185.0), M3E)
    assert Code.RETURN_HEIGHT in codes(read_wpml(path))


@pytest.mark.parametrize("text", ["nan", "inf", "-5", "high"])
def test_return_height_that_is_none_is_refused(path, text):
    def change(content):
        return re.sub("(globalRTHHeight>)[0-9.]+", rf"\g<1>{text}", content)

    rewritten(path, "wpmz/waylines.wpml", change)
    with pytest.raises(MissionError, match="damaged"):
        read_wpml(path)


@pytest.mark.parametrize(
    ("mode", "damping", "straight", "cut_m"),
    [
        ("toPointAndStopWithDiscontinuityCurvature", "150", "0", 0.0),
        ("coordinateTurn", "150", "1", 150.0),
        ("coordinateTurn", "nan", "1", np.inf),
        ("toPointAndPassWithContinuityCurvature", "3", "1", 3.0),
        ("toPointAndPassWithContinuityCurvature", "3", "0", np.inf),
        ("of the future", "3", "0", np.inf),
    ],
)
def test_how_far_corners_are_cut_is_read(path, mode, damping, straight, cut_m):
    def change(text):
        text = text.replace("toPointAndStopWithDiscontinuityCurvature", mode, 1)
        text = text.replace("DampingDist>0<", f"DampingDist>{damping}<", 1)
        return text.replace("useStraightLine>1<", f"useStraightLine>{straight}<", 1)

    rewritten(path, "wpmz/waylines.wpml", change)
    assert read_wpml(path).corner_cut_m == cut_m


def test_second_way_line_is_not_passed_over(path):
    rewritten(path, "wpmz/waylines.wpml", lambda t: t.replace("</Folder>", "</Folder><Folder/>"))
    with pytest.raises(MissionError, match="2 way-lines"):
        read_wpml(path)
