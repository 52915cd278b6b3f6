from random import Random

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from benchmarks.uploads import upload_once
from flight.errors import TransferError
from flight.protocol import (
    FENCE,
    MISSION,
    Address,
    differences,
    fence_items,
    home_item,
    message_from_item,
)
from flight.session import Session
from flight.upload import PASSING, RESULT_TEXTS, SILENCE_S, Download, Upload
from missions.model import MissionItem
from simulations.stores import Stores
from tests.flight.links import RoughLink
from tests.flight.sorties import HOME, area, small_sortie

TO = Address()
ITEMS = (home_item(HOME), *small_sortie().items)


class LossyWire:
    """Messages between a client and the vehicle's stores, lost, doubled and late by a seed."""

    def __init__(self, stores, seed, loss=0.2, doubled=0.1):
        self.stores, self.random = stores, Random(seed)
        self.loss, self.doubled = loss, doubled
        self.mav = mavlink.MAVLink(None, 255, 190)
        self.reader = mavlink.MAVLink(None)
        self.now_s = 0.0

    def carry(self, messages):
        kept = [m for m in messages if self.random.random() >= self.loss]
        kept += [m for m in kept if self.random.random() < self.doubled]
        return kept

    def deliver(self, message):
        return self.reader.decode(bytearray(message.pack(self.mav)))

    def run(self, transfer, limit_s=300.0):
        start_s = self.now_s
        to_vehicle, to_client = self.carry(transfer.start(self.now_s)), []
        while not (transfer.done or transfer.problem):
            assert self.now_s - start_s < limit_s, "the transfer hangs"
            self.now_s += 0.05
            answers = self.stores.tick(self.now_s)
            for message in to_vehicle:
                answers += self.stores.receive(self.deliver(message), self.now_s)
            to_client += self.carry(answers)
            to_vehicle = self.carry(transfer.tick(self.now_s))
            if to_client:
                count = self.random.randint(1, len(to_client))  # the rest comes later
                arrived, to_client = to_client[:count], to_client[count:]
                for message in arrived:
                    to_vehicle += self.carry(transfer.receive(message, self.now_s))
        return transfer


def store_verified(wire, items, mission_type):
    """What `Session.store` does: upload, read back, compare."""
    upload = wire.run(Upload(items, TO, mission_type))
    if upload.problem:
        return False
    download = wire.run(Download(TO, mission_type))
    return not download.problem and not differences(items, download.items, mission_type)


@pytest.mark.parametrize("first_seed", range(0, 200, 20))
def test_a_verified_upload_over_a_lossy_link_is_never_half_a_mission(first_seed):
    succeeded = 0
    for seed in range(first_seed, first_seed + 20):
        stores = Stores(home_item(HOME))
        stores.lists[MISSION] = [home_item(HOME)] + [small_sortie().items[2]] * 20
        wire = LossyWire(stores, seed)
        if store_verified(wire, ITEMS, MISSION):
            succeeded += 1
            assert differences(ITEMS, tuple(stores.lists[MISSION])) == ()
    assert succeeded >= 16  # 20 % loss: nearly all get through at the first try


def test_an_upload_without_loss_asks_for_every_item_once():
    stores = Stores(home_item(HOME))
    wire = LossyWire(stores, 0, loss=0, doubled=0)
    assert store_verified(wire, ITEMS, MISSION)
    assert len(stores.mission) == len(ITEMS)


def test_a_fence_goes_the_same_way():
    stores = Stores(home_item(HOME))
    corners = fence_items(area(-10, -10, 10, 10))
    assert store_verified(LossyWire(stores, 3), corners, FENCE)


def test_an_upload_to_nobody_ends_with_a_reason():
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    upload.tick(SILENCE_S + 1)
    assert upload.problem is not None
    assert "no answer" in upload.problem


def test_a_vehicle_that_asks_for_the_same_item_for_ever_is_given_up():
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    for second in range(1, 100):
        upload.receive(mavlink.MAVLink_mission_request_message(255, 190, 3, MISSION), second)
        upload.tick(second)
    assert "asked for item 3" in upload.problem


@pytest.mark.parametrize("seq", [-1, 10**4])
def test_a_vehicle_that_asks_for_what_there_is_not_is_given_up(seq):
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    for second in range(1, 200):
        upload.receive(
            mavlink.MAVLink_mission_request_message(255, 190, seq, MISSION), float(second)
        )
        upload.tick(float(second))
    assert "not over after" in upload.problem


def test_a_download_that_creeps_is_given_up():
    download = Download(TO)
    download.start(0.0)
    download.receive(mavlink.MAVLink_mission_count_message(255, 190, 30, MISSION), 0.1)
    for number in range(30):
        now_s = 8.0 * (number + 1)
        download.receive(message_from_item(ITEMS[2], number, to=Address(255, 190)), now_s)
        download.tick(now_s)
    assert "not over after" in download.problem


def test_an_item_out_of_order_leaves_the_upload_open():
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    upload.receive(ack(13), 0.1)
    assert upload.problem is None
    assert not upload.done


@pytest.mark.parametrize("result", RESULT_TEXTS)
def test_every_refusal_has_its_own_words(result):
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    upload.receive(ack(result), 0.1)
    upload.tick(SILENCE_S + 1)
    assert upload.problem == RESULT_TEXTS[result]


def test_every_result_of_the_protocol_is_known():
    results = mavlink.enums["MAV_MISSION_RESULT"]
    told = {0, *RESULT_TEXTS}
    assert told == {value for value, entry in results.items() if "ENUM_END" not in entry.name}


@pytest.mark.parametrize("result", sorted(PASSING))
def test_an_answer_that_may_be_of_an_earlier_try_does_not_end_an_upload(result):
    upload = Upload(ITEMS[:1], TO)
    upload.start(0.0)
    upload.receive(ack(result), 0.1)
    upload.receive(mavlink.MAVLink_mission_request_message(255, 190, 0, MISSION), 0.2)
    upload.receive(ack(0), 0.3)
    assert upload.done


@pytest.mark.parametrize("first_seed", range(0, 40, 10))
def test_lost_doubled_and_overtaken_messages_end_verified_or_cleared(first_seed):
    ends = [upload_once(seed)[0] for seed in range(first_seed, first_seed + 10)]
    assert set(ends) <= {"verified", "refused, list empty"}
    assert ends.count("verified") >= 8


def test_a_client_that_starts_again_in_the_middle_stores_the_whole_mission():
    stores = Stores(home_item(HOME))
    first = RoughLink(stores, 7)
    upload = Upload(ITEMS, TO)
    for message in upload.start(first.now_s()):
        first.send(message)
    while upload._last_sent < 4:  # then the first client is gone, without a word
        message = first.receive(0.1)
        answers = [] if message is None else upload.receive(message, first.now_s())
        for answer in [*answers, *upload.tick(first.now_s())]:
            first.send(answer)
    assert differences(ITEMS, tuple(stores.mission))
    second = RoughLink(stores, 8)
    second.now, second.under_way = first.now, first.under_way
    Session(second).store(ITEMS)
    assert differences(ITEMS, tuple(stores.mission)) == ()


def test_a_refused_list_that_could_not_be_cleared_is_told(monkeypatch):
    session = Session(RoughLink(Stores(home_item(HOME)), loss=0.0, doubled=0.0))
    monkeypatch.setattr(session, "clear", lambda mission_type: False)
    with pytest.raises(TransferError, match="did NOT confirm"):
        session.store((ITEMS[0], MissionItem(12345, 2)))


def test_an_old_acknowledgement_does_not_end_a_new_upload():
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    upload.receive(ack(0), 0.1)
    assert not upload.done


def test_requests_by_the_integer_message_are_answered_too():
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    request = mavlink.MAVLink_mission_request_int_message(255, 190, 0, MISSION)
    (answer,) = upload.receive(request, 0.1)
    assert (answer.get_type(), answer.seq) == ("MISSION_ITEM_INT", 0)


def test_messages_about_another_list_are_ignored():
    upload = Upload(ITEMS, TO)
    upload.start(0.0)
    assert upload.receive(mavlink.MAVLink_mission_request_message(255, 190, 0, FENCE), 0.1) == []


def test_an_empty_list_is_downloaded_as_empty():
    download = LossyWire(Stores(home_item(HOME)), 1, loss=0).run(Download(TO))
    assert download.done
    assert download.items == ()


def ack(result):
    return mavlink.MAVLink_mission_ack_message(255, 190, result, MISSION)
