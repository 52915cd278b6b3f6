"""The built-in vehicle as other programs meet it: pymavlink's own client, not ours."""

import math
import os
import socket
import time

import pytest
from pymavlink import mavutil

from flight.fly import fly_sortie
from flight.log import read_messages
from flight.protocol import Address, fence_items, home_item, message_from_item
from missions.model import MissionItem
from simulations.parameters import DEFAULTS
from simulations.sitl import fly_simulated, running_vehicle
from simulations.vehicle import STILL
from tests.flight.sorties import HOME, area, small_sortie, waypoint


@pytest.fixture(scope="module")
def vehicle():
    with running_vehicle(HOME, speed_up=60) as running:
        yield running


@pytest.fixture
def client(vehicle):
    connection = mavutil.mavlink_connection(vehicle.connection, source_system=255)
    assert connection.wait_heartbeat(timeout=5) is not None
    yield connection
    connection.close()
    time.sleep(0.1)


def ask(client, command, *parameters):
    client.mav.command_long_send(1, 1, command, 0, *[*parameters, *[0] * (7 - len(parameters))])
    while True:
        ack = client.recv_match(type="COMMAND_ACK", blocking=True, timeout=3)
        assert ack is not None, f"no acknowledgement of {command}"
        if ack.command == command:
            return ack.result


def upload(client, items, mission_type=0):
    client.mav.mission_count_send(1, 1, len(items), mission_type)
    while True:
        message = client.recv_match(
            type=["MISSION_REQUEST", "MISSION_ACK"], blocking=True, timeout=3
        )
        assert message is not None, "the upload hangs"
        if message.get_type() == "MISSION_ACK":
            return message.type
        item = items[message.seq]
        client.mav.send(
            message_from_item(item, message.seq, to=Address(), mission_type=mission_type)
        )


def test_pymavlink_finds_an_ardupilot_multirotor(client):
    assert client.mav_type == mavutil.mavlink.MAV_TYPE_QUADROTOR
    assert client.flightmode == "STABILIZE"
    assert set(client.mode_mapping()) >= {"AUTO", "GUIDED", "RTL"}


def test_pymavlink_gets_every_parameter_once(client):
    client.param_fetch_all()
    got = {}
    while len(got) < len(DEFAULTS):
        message = client.recv_match(type="PARAM_VALUE", blocking=True, timeout=3)
        assert message is not None, f"only {len(got)} of {len(DEFAULTS)} parameters came"
        got[message.param_index] = message.param_id
    assert sorted(got) == list(range(len(DEFAULTS)))
    assert set(got.values()) == set(DEFAULTS)


@pytest.mark.parametrize(
    ("request_name", "answer"),
    [
        ("mission_request_int_send", "MISSION_ITEM_INT"),
        ("mission_request_send", "MISSION_ITEM"),
    ],
)
def test_pymavlink_uploads_a_mission_and_gets_it_back_in_the_form_it_asked_for(
    client, request_name, answer
):
    items = (home_item(HOME), *small_sortie().items)
    assert upload(client, items) == 0
    client.waypoint_request_list_send()
    assert client.recv_match(type="MISSION_COUNT", blocking=True, timeout=3).count == len(items)
    for seq, item in enumerate(items):
        getattr(client.mav, request_name)(1, 1, seq, 0)
        got = client.recv_match(type=answer, blocking=True, timeout=3)
        assert (got.seq, got.command) == (seq, item.command)


def test_pymavlink_uploads_a_fence(client):
    assert upload(client, fence_items(area(-80, -80, 200, 200)), 1) == 0
    client.mav.mission_request_list_send(1, 1, 1)
    assert client.recv_match(type="MISSION_COUNT", blocking=True, timeout=3).count == 4


def test_a_client_that_never_answers_timesync_flies_a_mission_at_the_fixed_speed(client):
    assert upload(client, (home_item(HOME), *small_sortie().items)) == 0
    client.set_mode("GUIDED")
    assert ask(client, 400, 1) == 0
    started_s = time.monotonic()
    assert ask(client, 300) == 0
    photos, words = [], []
    while "Disarming motors" not in words and time.monotonic() - started_s < 120:
        message = client.recv_match(
            type=["CAMERA_FEEDBACK", "STATUSTEXT"], blocking=True, timeout=1
        )
        if message is not None and message.get_type() == "CAMERA_FEEDBACK":
            photos.append(message.img_idx)
        elif message is not None:
            words.append(message.text)
    assert photos == list(range(1, 11))
    assert words[-1] == "Disarming motors"


def test_a_second_client_is_sent_away_and_the_first_stays(client, vehicle):
    host, port = vehicle.connection.removeprefix("tcp:").split(":")
    with socket.create_connection((host, int(port)), timeout=3) as second:
        second.settimeout(3)
        assert second.recv(100) == b""
    assert client.wait_heartbeat(timeout=3) is not None


def test_nothing_is_left_running():
    with running_vehicle(HOME) as vehicle:
        pid = vehicle.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_simulated_sortie_is_much_faster_than_real_time(tmp_path):
    sortie = small_sortie()
    started_s = time.monotonic()
    result, truth = fly_simulated(sortie, tmp_path / "a.tlog", 1)
    assert result.completed
    assert len(truth) == 10
    assert result.duration_s > 3 * (time.monotonic() - started_s)


def test_a_ground_station_that_is_gone_turns_the_vehicle_home(vehicle, client):
    client.mav.heartbeat_send(6, 8, 0, 0, 4)
    client.param_set_send("FS_GCS_ENABLE", 1)
    assert upload(client, (home_item(HOME), *long_mission())) == 0
    client.set_mode("GUIDED")
    assert ask(client, 400, 1) == 0
    assert ask(client, 300) == 0
    client.close()
    time.sleep(0.5)  # 30 s of the vehicle's clock
    again = mavutil.mavlink_connection(vehicle.connection, source_system=255)
    try:
        heartbeat = again.wait_heartbeat(timeout=5)
        assert (heartbeat.custom_mode, bool(heartbeat.base_mode & 128)) == (6, True)
    finally:
        again.close()
        time.sleep(0.1)


def long_mission():
    return (
        MissionItem(22, 3, altitude_m=60),
        waypoint(0, 800, 60),
        waypoint(0, 0, 60),
        waypoint(0, 800, 60),
        MissionItem(20, 2),
    )


def test_a_ground_station_that_is_slow_but_there_keeps_the_vehicle_flying(tmp_path):
    def pause(progress):
        if progress.phase == "flight" and 10 < progress.height_home_m < 13:
            time.sleep(1.0)  # longer than FS_GCS_TIMEOUT by the vehicle's clock

    with running_vehicle(HOME) as vehicle:
        result = fly_sortie(
            small_sortie(),
            vehicle.connection,
            log_path=tmp_path / "a.tlog",
            on_progress=pause,
            arm_real=True,  # so that FS_GCS_ENABLE is set
        )
    assert result.modes == ("AUTO",)
    assert any("FS_GCS_ENABLE was 0, set to 1" in note for note in result.notes)


def test_there_is_a_breeze_unless_it_is_calm(tmp_path):
    def lean_deg(wind):
        result, _ = fly_simulated(small_sortie(), tmp_path / f"{wind}.tlog", 1, wind=wind)
        attitudes = [m for m in read_messages(result.log_path) if m.get_type() == "ATTITUDE"]
        return max(abs(math.degrees(m.roll)) for m in attitudes)

    assert lean_deg(None) > lean_deg(STILL)


def test_a_vehicle_calls_a_ground_station_over_udp(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running_vehicle(HOME, udp_port=port) as vehicle:
        result = fly_sortie(
            small_sortie(),
            vehicle.connection,
            log_path=tmp_path / "a.tlog",
            simulated_uid=vehicle.uid,
        )
    assert result.completed, result.problem
    assert len(vehicle.exposures) == 10
