from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.pose import GeoPoint
from missions import steps
from missions.errors import MissionError
from missions.legs import legs
from missions.model import AltitudeFrame, Command, MissionItem
from missions.stops import Action, Do, Finish, Stop, Tour, items_of, tour

HOME = GeoPoint(119.95, 31.7, 4.0)

actions = st.one_of(
    st.just(Action(Do.PHOTO)),
    st.builds(Action, st.just(Do.HOVER_S), st.integers(1, 30).map(float)),
    st.builds(Action, st.just(Do.TILT_DEG), st.integers(-90, 0).map(float)),
)
stops = st.builds(
    Stop,
    st.floats(119.9, 120.0).map(lambda x: round(x, 7)),
    st.floats(31.6, 31.8).map(lambda x: round(x, 7)),
    st.integers(20, 120).map(float),
    st.none() | st.integers(0, 359).map(float),
    st.integers(1, 15).map(float),
    st.sampled_from([0.0, 12.5]),
    st.lists(actions, max_size=3).map(tuple),
)
tours = st.builds(
    Tour, st.lists(stops, min_size=1, max_size=12).map(tuple), st.sampled_from(Finish)
)


@given(tours)
def test_places_survive_the_way_through_items(way):
    way = replace(way, stops=tuple(_turned_away(stop) for stop in way.stops))
    assert tour(HOME, items_of(way, HOME), 5.0) == way


def _turned_away(stop):
    """A heading on arrival is written before a photo, if one is taken there."""
    photo = any(action.what is Do.PHOTO for action in stop.actions)
    return replace(stop, heading_deg=None) if photo else stop


def test_survey_keeps_its_rows_and_their_spacing(sortie):
    way = tour(sortie.home, sortie.items, 5.0)
    flown = [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]
    again = [leg for leg in legs(sortie.home, items_of(way, sortie.home)) if leg.camera_on]
    assert again == flown
    assert way.finish is Finish.RETURN
    assert way.stops[0].actions == (Action(Do.TILT_DEG, -90.0),)


def test_heading_of_a_photo_in_place_becomes_an_action():
    way = tour(
        HOME,
        [
            _place(119.951, 31.7),
            steps.turn_nose(90.0),
            steps.take_photo(1),
            steps.turn_nose(180.0),
            steps.take_photo(2),
        ],
        5.0,
    )
    assert [action.what for action in way.stops[0].actions] == [
        Do.TURN_DEG,
        Do.PHOTO,
        Do.TURN_DEG,
        Do.PHOTO,
    ]
    assert [action.value for action in way.stops[0].actions][::2] == [90.0, 180.0]


def test_altitude_above_sea_level_becomes_height_above_home():
    item = replace(_place(119.951, 31.7), frame=AltitudeFrame.AMSL, altitude_m=54.0)
    assert tour(HOME, [item], 5.0).stops[0].height_home_m == 50.0


def test_command_without_counterpart_is_refused_by_number():
    with pytest.raises(MissionError, match="item 2: command 189"):
        tour(HOME, [_place(119.951, 31.7), MissionItem(189, 2)], 5.0)


def test_altitude_above_ground_is_refused():
    with pytest.raises(MissionError, match="frame 10"):
        tour(HOME, [replace(_place(119.951, 31.7), frame=10)], 5.0)


def test_mission_without_places_is_refused():
    with pytest.raises(MissionError, match="no way-point"):
        tour(HOME, [steps.return_home()], 5.0)


def _place(lon, lat):
    return MissionItem(
        Command.NAV_WAYPOINT, AltitudeFrame.ABOVE_HOME, lon_deg=lon, lat_deg=lat, altitude_m=50.0
    )
