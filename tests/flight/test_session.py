from types import SimpleNamespace

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkLostError, TransferError
from flight.protocol import FENCE, MISSION, differences, fence_items, home_item
from flight.session import NoAnswerError, Session
from missions.model import MissionItem
from simulations.autopilot import Autopilot, Scene
from simulations.personas import PX4
from tests.flight.links import SimulatedLink
from tests.flight.sorties import HOME, area, small_sortie, waypoint

ITEMS = (home_item(HOME), *small_sortie().items)


@pytest.fixture
def session():
    return Session(SimulatedLink())


def test_a_stored_mission_is_the_one_that_was_sent(session):
    session.store(ITEMS)
    assert differences(ITEMS, session.load()) == ()


@pytest.mark.parametrize("first_seed", range(0, 100, 20))
def test_over_a_lossy_link_a_stored_mission_is_whole_or_the_store_is_refused(first_seed):
    for seed in range(first_seed, first_seed + 20):
        session = Session(SimulatedLink(loss=0.2, seed=seed))
        try:
            session.store(ITEMS)
        except TransferError:
            continue
        stored = tuple(session.link.autopilot.stores.mission)
        assert differences(ITEMS, stored) == ()


def test_a_refused_mission_is_told_and_cleared(session):
    with pytest.raises(TransferError, match=r"mission \(3 items\).*not supported"):
        session.store((ITEMS[0], waypoint(10, 10), MissionItem(12345, 2)))
    assert session.load() == ()


def test_a_mission_that_the_vehicle_keeps_otherwise_is_refused(session):
    long_hold = waypoint(10, 10, hold_s=100_000)
    with pytest.raises(TransferError, match="param1 sent 100000, vehicle holds 34464"):
        session.store((ITEMS[0], long_hold))


class Breaking(SimulatedLink):
    """Breaks while the fifth item of a mission is sent; for good, or for that once."""

    def __init__(self, error, *, for_good):
        super().__init__()
        self.error, self.for_good, self.sent, self.broken = error, for_good, 0, False

    def send(self, message):
        self.sent += message.get_type() == "MISSION_ITEM_INT"
        if self.broken and self.for_good:
            raise LinkLostError("still lost")
        if self.sent == 5 and not self.broken:
            self.broken = True
            raise self.error
        super().send(message)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), LinkLostError("gone"), RuntimeError("bug")])
def test_an_upload_that_is_broken_off_leaves_no_half_mission(error):
    session = Session(Breaking(error, for_good=False))
    session.link.autopilot.stores.lists[MISSION] = [waypoint(100, 10 * i) for i in range(12)]
    with pytest.raises(type(error)) as caught:
        session.store(ITEMS)
    assert len(session.link.autopilot.stores.lists[MISSION]) <= 1
    assert caught.value.__notes__ == [
        "the upload of the mission was broken off; what had arrived was cleared"
    ]


def test_an_upload_that_a_lost_link_broke_off_says_what_the_vehicle_may_hold():
    session = Session(Breaking(LinkLostError("gone"), for_good=True))
    with pytest.raises(LinkLostError) as caught:
        session.store(ITEMS)
    assert "may hold a MIX" in caught.value.__notes__[0]


def test_a_fence_of_two_corners_is_refused_in_the_vehicles_own_words(session):
    corners = fence_items(area(0, 0, 10, 10))[:2]
    with pytest.raises(TransferError, match=r"it says: (Incorrect item|Invalid vertex) count"):
        session.store(corners, FENCE)


def test_a_parameter_is_set_and_read(session):
    session.set_parameter("FENCE_ALT_MAX", 75.5)
    assert session.read_parameter("FENCE_ALT_MAX") == 75.5


def test_a_parameter_that_does_not_exist_is_told(session):
    assert session.read_parameter("NO_SUCH") is None
    with pytest.raises(TransferError, match="NO_SUCH = 1"):
        session.set_parameter("NO_SUCH", 1)


def test_a_parameter_that_does_not_exist_costs_a_second_at_most(session):
    began_s = session.link.now_s()
    assert session.read_parameter("NO_SUCH") is None
    assert session.link.now_s() - began_s < 1.2


def test_a_vehicle_that_says_it_does_not_know_a_name_is_not_asked_again(session):
    """ArduCopter from 4.7 on."""
    error = SimpleNamespace(
        get_type=lambda: "PARAM_ERROR", get_srcComponent=lambda: 1, param_id="NO_SUCH", error=1
    )
    session.link.waiting.append(error)
    began_s = session.link.now_s()
    assert session.read_parameter("NO_SUCH") is None
    assert session.link.now_s() == began_s


@pytest.mark.parametrize("seed", range(20))
def test_a_parameter_is_found_over_a_link_that_loses_every_fifth_message(seed):
    session = Session(SimulatedLink(loss=0.2, seed=seed))
    session.set_parameter("FENCE_ALT_MAX", 75.5)
    assert session.read_parameter("FENCE_ALT_MAX") == 75.5


def test_the_late_answer_to_a_reading_is_not_taken_for_what_was_set(session):
    link = session.link
    session.read_parameter("FENCE_ALT_MAX")
    late = mavlink.MAVLink_param_value_message(b"FENCE_ALT_MAX", 120.0, 9, 65535, 3)
    link.waiting.append(link.reader.decode(bytearray(late.pack(link.theirs))))
    session.set_parameter("FENCE_ALT_MAX", 75.5)
    assert link.autopilot.parameters["FENCE_ALT_MAX"] == 75.5


def test_a_parameter_that_is_kept_otherwise_is_told(session):
    with pytest.raises(TransferError, match=r"keeps FENCE_TYPE = 5 instead of 5\.5"):
        session.set_parameter("FENCE_TYPE", 5.5)


def test_an_order_without_answer_is_told():
    with pytest.raises(NoAnswerError, match="MAV_CMD 400"):
        Session(SimulatedLink(loss=1.0)).command(400, 1)


def test_an_order_that_is_lost_is_given_again():
    answers = [Session(SimulatedLink(loss=0.2, seed=seed)).command(176, 1, 4) for seed in range(9)]
    assert answers == [0] * 9


def test_a_message_that_the_vehicle_does_not_have_is_none(session):
    assert session.request_message(300, "PROTOCOL_VERSION") is None
    assert session.request_message(242, "HOME_POSITION") is not None


def test_a_whole_number_of_px4_is_coded_by_its_kind_even_when_not_read_before():
    link = SimulatedLink()
    link.autopilot = Autopilot(Scene(HOME, persona=PX4))
    session = Session(link)
    session.monitor.feed(link.wait_for_vehicle())
    session.set_parameter("GF_ACTION", 3)
    assert link.autopilot.parameters["FENCE_ACTION"] == 1
    assert session.read_parameter("GF_ACTION") == 3


def test_a_hold_that_ardupilot_would_cut_is_told_before_anything_is_sent(session):
    with pytest.raises(TransferError, match=r"Item 1 holds for 1.5 s.*Give 1 or 2 s. Nothing was"):
        session.store((ITEMS[0], waypoint(10, 10, hold_s=1.5)))
    assert session.load() == ()
