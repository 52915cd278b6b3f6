import os
import signal
from dataclasses import replace

import pytest

from flight.adherence import measure_adherence
from flight.errors import LinkLostError, RefusedError
from flight.fly import fly_sortie
from flight.link import MavlinkLink
from flight.log import read_tlog
from geo.pose import GeoPoint
from missions.model import MissionItem
from simulations.autopilot import Autopilot, Scene
from simulations.sitl import SimulationError, fly_simulated, running_vehicle
from simulations.wire import Wire
from tests.flight.sorties import HOME, area, lonlat, small_sortie, with_fence

SORTIE = small_sortie()


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    path = tmp_path_factory.mktemp("flight") / "flight.tlog"
    told = []
    result, truth = fly_simulated(SORTIE, path, 5, told.append)
    return result, truth, told


@pytest.fixture
def vehicle():
    with running_vehicle(HOME) as running:
        yield running


def fly(vehicle, sortie, path, **options):
    return fly_sortie(
        sortie, vehicle.connection, log_path=path, simulated_uid=vehicle.uid, **options
    )


def test_a_whole_sortie_is_flown_and_every_photo_taken(flown):
    result, truth, _ = flown
    assert result.completed, result.problem
    assert len(result.track.camera_events) == len(truth) == 10
    assert measure_adherence(SORTIE, result.track).photos_missed == ()


def test_rows_are_flown_within_a_metre(flown):
    adherence = measure_adherence(SORTIE, flown[0].track)
    assert adherence.rms_m < 1.0
    assert min(row.flown_share for row in adherence.rows) > 0.9


def test_the_recording_tells_the_same_flight(flown):
    result = flown[0]
    log = read_tlog(result.log_path)
    assert log.track == result.track
    assert log.duration_s == result.duration_s


def test_progress_runs_from_waiting_to_landing(flown):
    told = flown[2]
    phases = list(dict.fromkeys(p.phase for p in told))
    assert phases == ["waiting", "upload", "arming", "flight", "landed"]
    assert told[-1].photos == 10


def test_the_same_flight_again_is_the_same_to_the_last_bit(flown, tmp_path):
    result, truth, _ = flown
    again, truth_again = fly_simulated(SORTIE, tmp_path / "again.tlog", 5)
    assert again.track == result.track
    assert (again.events, again.modes) == (result.events, ("AUTO",))
    assert truth_again == truth


def test_a_vehicle_whose_clock_runs_ten_times_as_fast_keeps_its_ground_station(
    tmp_path, monkeypatch
):
    """It gives us up after 5 s of its own clock, which are half a second of ours."""
    autopilot = Autopilot(Scene(HOME))
    autopilot.parameters.set("FS_GCS_ENABLE", 1)
    wire = Wire(autopilot)
    link = MavlinkLink(wire, clock=lambda: wire.now_s() / 10)
    monkeypatch.setattr("flight.fly.open_link", lambda *_, **__: link)
    result = fly_sortie(SORTIE, "tcp:x:1", log_path=tmp_path / "a.tlog", arm_real=True)
    assert result.completed, result.problem
    assert result.troubles == ()


def test_a_vehicle_that_nobody_vouches_for_is_not_armed(vehicle, tmp_path):
    with pytest.raises(RefusedError, match="--arm"):
        fly_sortie(SORTIE, vehicle.connection, log_path=tmp_path / "a.tlog")


def test_a_vehicle_with_another_number_is_not_armed(vehicle, tmp_path):
    with pytest.raises(RefusedError, match="not a simulated one"):
        fly_sortie(
            SORTIE,
            vehicle.connection,
            log_path=tmp_path / "a.tlog",
            simulated_uid=vehicle.uid + 1,
        )


def test_a_vehicle_far_from_the_sorties_home_is_refused(vehicle, tmp_path):
    away = replace(SORTIE, home=GeoPoint(*lonlat(30, 0), 3.0))
    with pytest.raises(RefusedError, match=r"30 m from the home of sortie T-1"):
        fly(vehicle, away, tmp_path / "a.tlog")


def test_a_vehicle_above_the_sorties_home_is_refused(vehicle, tmp_path):
    below = replace(SORTIE, home=replace(HOME, altitude_amsl_m=-40.0))
    with pytest.raises(RefusedError, match=r"home of sortie T-1 is at -40 m"):
        fly(vehicle, below, tmp_path / "a.tlog")


def test_a_home_that_was_planned_without_a_dem_is_not_compared_and_that_is_told(tmp_path):
    with running_vehicle(replace(HOME, altitude_amsl_m=90.0)) as vehicle:
        unknown = replace(SORTIE, home=replace(HOME, altitude_amsl_m=0.0))
        result = fly(vehicle, unknown, tmp_path / "a.tlog")
    assert result.completed
    assert any("altitude of home was not compared" in note for note in result.notes)


def test_a_vehicle_without_position_is_not_waited_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("flight.readiness.READY_WITHIN_S", 2.0)
    with running_vehicle(HOME, boot_s=0.0) as vehicle, pytest.raises(RefusedError, match="fix 1"):
        fly(vehicle, SORTIE, tmp_path / "a.tlog")


def test_a_flight_that_leaves_the_fence_ends_in_a_return_with_its_reason(
    vehicle, tmp_path, monkeypatch
):
    monkeypatch.setattr("flight.fly.check_sortie", lambda sortie: None)
    tight = with_fence(SORTIE, area(-60, -60, 150, 70))
    result = fly(vehicle, tight, tmp_path / "a.tlog")
    assert not result.completed
    assert "Polygon fence breached" in result.problem
    assert result.modes[-1] == "RTL"
    assert result.track.points[-1].height_home_m < 0.5


def test_an_item_the_vehicle_does_not_know_is_refused_before_arming(vehicle, tmp_path):
    odd = replace(SORTIE, items=(*SORTIE.items[:3], MissionItem(12345, 2), *SORTIE.items[3:]))
    with pytest.raises(RefusedError, match=r"Item 4 .* command 12345"):
        fly(vehicle, odd, tmp_path / "a.tlog")
    assert not (tmp_path / "a.tlog").exists()


def test_a_mission_without_an_end_is_refused(tmp_path):
    endless = replace(SORTIE, items=SORTIE.items[:-1])
    with pytest.raises(RefusedError, match="plan it again"):
        fly_sortie(endless, "tcp:127.0.0.1:1", log_path=tmp_path / "a.tlog")


def test_a_vehicle_that_dies_in_flight_is_a_lost_link_and_the_recording_stays(tmp_path):
    path = tmp_path / "a.tlog"

    def crash(progress):
        if progress.phase == "flight" and progress.height_home_m > 10:
            os.kill(vehicle.pid, signal.SIGKILL)

    with pytest.raises(LinkLostError, match=r"a\.tlog"), running_vehicle(HOME) as vehicle:
        fly(vehicle, SORTIE, path, on_progress=crash)
    log = read_tlog(path)
    assert not log.landed
    assert max(p.height_home_m for p in log.track.points) > 10


def test_ctrl_c_before_the_take_off_was_seen_orders_a_return_too(vehicle, tmp_path, monkeypatch):
    def interrupted(flight, link):
        raise KeyboardInterrupt

    monkeypatch.setattr("flight.fly._Flight.watch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fly(vehicle, SORTIE, tmp_path / "a.tlog")
    assert read_tlog(tmp_path / "a.tlog").modes[-1] == "RTL"


def test_a_vehicle_that_dies_keeps_no_truth():
    with pytest.raises(SimulationError), running_vehicle(HOME) as vehicle:
        os.kill(vehicle.pid, signal.SIGKILL)


def test_ctrl_c_in_flight_orders_a_return_and_keeps_the_recording(vehicle, tmp_path):
    path = tmp_path / "a.tlog"

    def interrupt(progress):
        if progress.phase == "flight" and progress.height_home_m > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        fly(vehicle, SORTIE, path, on_progress=interrupt)
    assert read_tlog(path).modes[-1] == "RTL"
    assert caught.value.__notes__[0].startswith(
        "the vehicle was told to return: accepted, and it flies in RTL"
    )
    assert any(note.startswith("parameters stay as") for note in caught.value.__notes__)
