"""Other simulators' programs: found, started, met, stopped; and told apart when they fail."""

import math
import os
import socket
import stat
import sys
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from pymavlink import mavutil

from simulations import processes
from simulations.backends import Process
from simulations.gate import Conditions, fly_scenarios, verdict_of
from simulations.gate_files import write_junit
from simulations.gate_html import write_report
from simulations.processes import AutopilotError, AutopilotProgram, find_program, running_autopilot
from simulations.scenarios import USUAL_WIND_M_S, Expectation, Fault, Scenario
from simulations.vehicle import STILL, Wind
from tests.flight.sorties import HOME
from tests.simulations.gates import CALM, fly, gate_sortie, task_of
from tests.simulations.test_gate import long_sortie

ROOT = Path(__file__).resolve().parents[2]


def program(folder, body, kind="ardupilot"):
    """An executable script."""
    path = folder / "bin" / kind
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return AutopilotProgram(kind, path)


def standin(folder, kind="ardupilot"):
    name = {"ardupilot": "arducopter", "px4": "px4"}[kind]
    python = f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.simulations.standin {name} "$@"'
    return program(folder, f'echo $$ > "{folder}/pid"\n{python}', kind)


def is_running(folder):
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("kind", ["ardupilot", "px4"])
def test_a_mission_is_flown_in_another_program_which_is_stopped_then(kind, tmp_path):
    backend = Process(standin(tmp_path, kind), speed_up=60.0)
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, backend)
    assert checks["completed"].passed, checks["completed"].message
    assert checks["landed at home"].passed
    assert result.flight.outcome.photos == 10  # so the camera was set up before the boot
    assert result.backend == kind
    assert result.log_path.stat().st_size > 10_000
    assert not is_running(tmp_path)


OTHERS_MARK = {
    "ardupilot": "sed -i 's/^BATT_SERIAL_NUM .*/BATT_SERIAL_NUM 7/' aerogrid.parm",
    "px4": "export PX4_PARAM_COM_FLIGHT_UUID=7",
}


@pytest.mark.parametrize("kind", ["ardupilot", "px4"])
def test_a_vehicle_that_is_not_the_one_started_is_asked_but_never_told_anything(kind, tmp_path):
    ours = standin(tmp_path, kind)
    lines = ours.path.read_text().splitlines()
    ours.path.write_text("\n".join([lines[0], OTHERS_MARK[kind], *lines[1:]]) + "\n")
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, Process(ours, speed_up=60.0))
    assert "not the simulation that was started: it has 7" in checks["completed"].message
    log = mavutil.mavlogfile(str(result.log_path))
    sent = set()
    while (message := log.recv_msg()) is not None:
        if message.get_srcSystem() == 255:
            sent.add(message.get_type())
    log.close()
    assert sent - {"TIMESYNC"} == {"HEARTBEAT", "PARAM_REQUEST_READ"}


def test_a_vehicle_that_was_put_elsewhere_is_not_armed(tmp_path):
    """PX4 1.15 takes a latitude in 1e-7 degrees, and stands in the Gulf of Guinea."""
    ours = standin(tmp_path, "px4")
    first, *others = ours.path.read_text().splitlines()
    elsewhere = "export PX4_HOME_LAT=0.0000032 PX4_HOME_LON=0.0000120"
    ours.path.write_text("\n".join([first, elsewhere, *others]) + "\n")
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, Process(ours, speed_up=60.0))
    assert "m from the mission's home (32.5098" in checks["completed"].message
    assert not result.flight.outcome.modes


def test_a_lost_link_is_waited_for_by_the_programs_clock(tmp_path, monkeypatch):
    monkeypatch.setenv("STRICT", "1")
    # At this rate a busy machine may hold a heartbeat up for more than a second without a loss.
    backend = Process(standin(tmp_path), speed_up=10.0)
    scenario = Scenario("lost", Expectation.HOME, fault=Fault.LINK, for_s=40.0)
    _, checks = fly(task_of(tmp_path, long_sortie()), scenario, tmp_path, backend)
    assert checks["recognised"].passed, checks["recognised"].message
    assert checks["answered"].passed, checks["answered"].message
    assert checks["landed at home"].passed


def test_a_port_that_is_in_use_is_passed_over(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        try:
            taken.bind(("127.0.0.1", 5760))
        except OSError:
            pytest.skip("somebody else uses port 5760 already")
        taken.listen()
        with running_autopilot(standin(tmp_path), HOME, STILL, 10.0, 1200.0) as started:
            assert started.line.read(10.0)
    assert not is_running(tmp_path)


def test_a_program_that_dies_at_the_start_says_its_last_words(tmp_path):
    broken = program(tmp_path, 'echo "no such frame: +" >&2; exit 7')
    with (
        pytest.raises(AutopilotError, match=r"exit code 7.*no such frame"),
        running_autopilot(broken, HOME, STILL, 10.0, 1200.0),
    ):
        pass


def test_the_wind_blows_as_asked_for_at_every_height_of_a_patrol(tmp_path):
    """As it comes, ArduPilot's simulated wind is whole from 60 m on only, and half at 15 m."""
    kept = tmp_path / "kept.parm"
    broken = program(tmp_path, f'cp aerogrid.parm "{kept}"; exit 7')
    wind = Wind(8.0, 270.0, 2.0)
    with pytest.raises(AutopilotError), running_autopilot(broken, HOME, wind, 10.0, 1200.0):
        pass
    values = dict(line.split() for line in kept.read_text().splitlines() if line[0] != "#")
    assert (values["SIM_WIND_SPD"], values["SIM_WIND_DIR"], values["SIM_WIND_TURB"]) == (
        "8",
        "270",
        "2",
    )
    assert float(values["SIM_WIND_T_ALT"]) <= 10.0


def test_the_simulated_frame_may_lean_as_far_as_rows_against_the_wind_need():
    """In copter_survey.tlog it leans by all of its 30 degrees at 10 m/s; drag grows with speed."""
    text = (files("simulations") / "arducopter.parm").read_text()
    values = dict(line.split() for line in text.splitlines() if line[0] != "#")
    lean_deg = float(values["ANGLE_MAX"]) / 100
    assert float(values["ATC_ANGLE_MAX"]) == lean_deg
    reached_m_s = 10.0 * math.sqrt(math.tan(math.radians(lean_deg)) / math.tan(math.radians(30.0)))
    assert reached_m_s > 8.0 + USUAL_WIND_M_S


def test_one_program_that_dies_fails_its_flight_and_the_others_are_flown(tmp_path):
    ours = standin(tmp_path)
    first, *others = ours.path.read_text().splitlines()
    once = f'if [ ! -e "{tmp_path}/died" ]; then touch "{tmp_path}/died"; echo no >&2; exit 7; fi'
    ours.path.write_text("\n".join([first, once, *others]) + "\n")
    again = replace(CALM, name="again")
    conditions, backend = Conditions(), Process(ours, speed_up=60.0)
    dead, flown = fly_scenarios(task_of(tmp_path), [CALM, again], backend, conditions, tmp_path)
    assert "exit code 7" in dead.failed[0].message
    assert flown.flight.outcome.completed
    assert verdict_of([dead]).passed is False
    write_junit(tmp_path / "out.xml", [dead, flown])
    write_report(tmp_path / "report", [dead, flown])
    assert "exit code 7" in (tmp_path / "out.xml").read_text()


def test_heights_above_ground_are_refused_where_nobody_tells_the_terrain(tmp_path):
    sortie = gate_sortie()
    items = tuple(replace(item, frame=10) if item.command == 16 else item for item in sortie.items)
    task = task_of(tmp_path, replace(sortie, items=items))
    result, checks = fly(task, CALM, tmp_path, Process(standin(tmp_path)))
    assert not result.passed
    assert "asks its ground station for terrain" in checks["completed"].message


def test_how_the_camera_hangs_is_asked_of_the_program(tmp_path):
    ours = standin(tmp_path)
    first, *others = ours.path.read_text().splitlines()
    fixed = "sed -i 's/^MNT1_TYPE .*/MNT1_TYPE 0/' aerogrid.parm"
    ours.path.write_text("\n".join([first, fixed, *others]) + "\n")
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, Process(ours, speed_up=60.0))
    assert checks["completed"].passed, checks["completed"].message
    pitches = [event.attitude.pitch_deg for event in result.track.camera_events]
    assert max(pitches) - min(pitches) > 1.0  # it leans with the body


def test_a_program_that_never_listens_is_given_up_and_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "START_S", 0.5)
    deaf = program(tmp_path, f'echo $$ > "{tmp_path}/pid"; exec sleep 60')
    with (
        pytest.raises(AutopilotError, match=r"did not listen within 0.5 s"),
        running_autopilot(deaf, HOME, STILL, 10.0, 1200.0),
    ):
        pass
    assert not is_running(tmp_path)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except ConnectionRefusedError:
        return False
    except OSError:  # it has a client already, or is about to end
        return True
    return True


def test_what_a_script_started_is_stopped_with_it(tmp_path):
    ours = standin(tmp_path)
    first, *others = ours.path.read_text().splitlines()
    others[-1] = f'echo "$@" > "{tmp_path}/arguments"\n{others[-1].replace("exec ", "")}\ntrue'
    ours.path.write_text("\n".join([first, *others]) + "\n")
    with running_autopilot(ours, HOME, STILL, 10.0, 1200.0) as started:
        assert started.line.read(10.0)
    port = 5760 + 10 * int((tmp_path / "arguments").read_text().split()[-1])
    end_s = time.monotonic() + 5.0  # a process that was killed may take a moment to be gone
    while listens(port):
        assert time.monotonic() < end_s


def test_a_program_that_dies_in_the_middle_says_its_last_words(tmp_path):
    dying = (
        "import socket,sys\n"
        "port = 5760 + 10 * int(sys.argv[-1])\n"
        "listener = socket.create_server(('127.0.0.1', port))\n"
        "client, _ = listener.accept()\n"
        "client.recv(1 << 20)\n"
        "sys.exit('ERROR: Floating point exception - aborting')\n"
    )
    (tmp_path / "dying.py").write_text(dying)
    mortal = program(tmp_path, f'exec "{sys.executable}" "{tmp_path}/dying.py" "$@"')
    _, checks = fly(task_of(tmp_path), CALM, tmp_path, Process(mortal))
    assert "Floating point exception" in checks["completed"].detail


def test_a_program_that_listens_but_says_nothing_fails_the_flight(tmp_path):
    silent = (
        "import socket,sys\n"
        "port = 5760 + 10 * int(sys.argv[-1])\n"
        "listener = socket.create_server(('127.0.0.1', port))\n"
        "client, _ = listener.accept()\n"
        "client.recv(1 << 20) and client.close()\n"
    )
    (tmp_path / "silent.py").write_text(silent)
    mute = program(tmp_path, f'exec "{sys.executable}" "{tmp_path}/silent.py" "$@"')
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, Process(mute))
    assert not result.passed
    assert "went silent" in checks["completed"].detail


def test_a_program_is_found_as_given_or_by_its_variable(tmp_path):
    path = program(tmp_path, "exit 0").path
    assert find_program("ardupilot", path, {}).path == path
    assert find_program("ardupilot", None, {"AEROGRID_ARDUCOPTER": str(path)}).path == path


@pytest.mark.parametrize("kind", ["ardupilot", "px4"])
def test_without_a_program_it_is_said_what_to_do(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AutopilotError, match=r"backend builtin"):
        find_program(kind, None, {})
    with pytest.raises(AutopilotError, match=r"is no program that can be run"):
        find_program(kind, tmp_path, {})
