"""A day over several vehicles: order, waiting, failures, closeness, orders, one journal."""

import json
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flight.day_list import FleetVehicle, ListedFlight
from flight.errors import FlightError, LinkLostError, RefusedError
from flight.fleet import Fleet, waits_of_day
from flight.fly import FlightResult
from flight.journal import Journal
from flight.orders import Order
from flight.plan_file import PlanFile
from flight.progress import FlightProgress
from flight.separation import Closeness
from geo.track import Track
from tests.flight.fleets import sortie_at

VEHICLES = (FleetVehicle("N", "x:1"), FleetVehicle("S", "x:2"), FleetVehicle("W", "x:3"))
GATE_S = 10.0


def listed(code, vehicle, east_m, take_off=None):
    return ListedFlight(PlanFile(Path(code), sortie_at(code, east_m), ""), vehicle, take_off)


def done(flight, problem=None):
    code = flight.sortie.code
    return FlightResult(
        code, problem is None, problem, Track((), ()), 60.0, (), (), 0.5, Path(f"{code}.tlog")
    )


def in_air(flight, east_m=0.0, elapsed_s=10.0, mode="AUTO"):
    home = flight.sortie.home
    return FlightProgress(
        flight.sortie.code, "flight", mode, elapsed_s, 60, 1, 11, 0, 10, 30.0, 5.0, 0.9,
        lon_deg=home.lon_deg + east_m / 94_000, lat_deg=home.lat_deg,
    )  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "fleet.jsonl")


def lines(journal, what):
    told = [json.loads(line) for line in journal.path.read_text().splitlines()]
    return [line for line in told if line["what"] == what]


def fly(journal, flights, fly_one, **options):
    fleet = Fleet(VEHICLES, fly_one, journal, lambda p: None, **options)
    outcomes = fleet.fly(flights)
    return {outcome.flight.sortie.code: outcome for outcome in outcomes}


def test_each_vehicle_flies_its_flights_in_order_and_at_the_same_time(journal):
    flights = [listed("A1", "N", 0), listed("B1", "S", 1000), listed("A2", "N", 0)]
    together, begun = threading.Barrier(2, timeout=GATE_S), []

    def fly_one(flight, vehicle, listen, next_order):
        begun.append(flight.sortie.code)
        if flight.sortie.code in ("A1", "B1"):
            together.wait()  # passes only if both are in the air at once
        return done(flight)

    outcomes = fly(journal, flights, fly_one)
    assert all(outcome.completed for outcome in outcomes.values())
    assert begun.index("A1") < begun.index("A2")
    assert {line["sortie"] for line in lines(journal, "outcome")} == {"A1", "A2", "B1"}


def test_a_flight_near_another_waits_until_that_one_has_landed(journal):
    flights = [listed("A", "N", 0), listed("B", "S", 20)]
    in_the_air, most = set(), []

    def fly_one(flight, vehicle, listen, next_order):
        in_the_air.add(flight.sortie.code)
        most.append(len(in_the_air))
        in_the_air.discard(flight.sortie.code)
        return done(flight)

    outcomes = fly(journal, flights, fly_one)
    assert max(most) == 1
    assert all(outcome.completed for outcome in outcomes.values())


@pytest.mark.parametrize("error", [FlightError("crashed"), ValueError("a bug"), RefusedError("no")])
def test_a_vehicle_that_fails_flies_no_more_and_the_others_go_on(journal, error):
    flights = [listed("A1", "N", 0), listed("A2", "N", 0), listed("B1", "S", 1000)]

    def fly_one(flight, vehicle, listen, next_order):
        if flight.sortie.code == "A1":
            raise error
        return done(flight)

    outcomes = fly(journal, flights, fly_one)
    assert outcomes["B1"].completed
    assert outcomes["A1"].reason == str(error)
    assert outcomes["A2"].reason == "N flies no more after A1"
    assert lines(journal, "error")[0]["error"].endswith(str(error))


class WatchedJournal(Journal):
    """Sets an event when a line of some kind is written."""

    def __init__(self, path, what):
        super().__init__(path)
        self.what, self.written = what, threading.Event()

    def write(self, sortie, what, **more):
        super().write(sortie, what, **more)
        if what == self.what:
            self.written.set()


def test_nobody_flies_near_a_vehicle_that_was_not_seen_to_land(tmp_path):
    """B begins only when A is in the air; A's link is lost while B waits for it."""
    journal = WatchedJournal(tmp_path / "fleet.jsonl", "waits")
    flights = [
        listed("A", "N", 0), listed("B0", "S", 1000), listed("B", "S", 20), listed("C", "W", 2000),
    ]  # fmt: skip
    a_is_up = threading.Event()

    def fly_one(flight, vehicle, listen, next_order):
        if flight.sortie.code == "A":
            a_is_up.set()
            assert journal.written.wait(GATE_S)
            raise LinkLostError("gone")
        assert a_is_up.wait(GATE_S)
        return done(flight)

    outcomes = fly(journal, flights, fly_one)
    assert outcomes["A"].reason == "gone"
    assert outcomes["B"].reason.startswith("A was not seen to land")
    assert outcomes["B0"].completed
    assert outcomes["C"].completed


def test_two_that_come_too_close_the_later_is_stopped_and_goes_on_when_clear(journal):
    """B, off its way, drifts towards A; the plans themselves are far apart."""
    flights = [listed("A", "N", 0), listed("B0", "S", 1000), listed("B", "S", 400)]
    a_is_up, over = threading.Event(), threading.Event()
    obeyed = []

    def fly_one(flight, vehicle, listen, next_order):
        if flight.sortie.code == "A":
            listen(in_air(flight))
            a_is_up.set()
            assert over.wait(GATE_S)
            return done(flight)
        assert a_is_up.wait(GATE_S)
        if flight.sortie.code == "B0":  # so that B is cleared after A
            return done(flight)
        listen(in_air(flight))
        assert next_order() is None
        listen(in_air(flight, east_m=-390.0, elapsed_s=20))
        obeyed.append(next_order())
        listen(in_air(flight, east_m=-360.0, elapsed_s=30, mode="BRAKE"))
        obeyed.append(next_order())
        listen(in_air(flight, east_m=-340.0, elapsed_s=40, mode="BRAKE"))
        obeyed.append(next_order())
        over.set()
        return done(flight)

    outcomes = fly(journal, flights, fly_one)
    assert all(outcome.completed for outcome in outcomes.values())
    assert obeyed == [Order.PAUSE, None, Order.CONTINUE]
    assert len(lines(journal, "too close")) == 1


def test_one_that_returns_is_not_stopped_but_the_other_is(journal):
    """B, cleared later, flies home past A by its failsafe; A must give way."""
    flights = [listed("A", "N", 0), listed("B0", "S", 1000), listed("B", "S", 400)]
    a_is_up, near, over = (threading.Event() for _ in range(3))
    obeyed = []

    def fly_one(flight, vehicle, listen, next_order):
        if flight.sortie.code == "A":
            listen(in_air(flight))
            a_is_up.set()
            assert near.wait(GATE_S)
            obeyed.append(next_order())
            over.set()
            return done(flight)
        assert a_is_up.wait(GATE_S)
        if flight.sortie.code == "B0":
            return done(flight)
        listen(in_air(flight, east_m=-390.0, elapsed_s=20, mode="RTL"))
        assert next_order() is None
        near.set()
        assert over.wait(GATE_S)
        return done(flight, "battery")

    fly(journal, flights, fly_one)
    assert obeyed == [Order.PAUSE]
    assert lines(journal, "too close")[0]["text"].endswith("A is told to pause")


def standing(journal, near):
    """Three in the air, of which B stands already for A."""
    fleet = Fleet([], None, journal, lambda p: None)
    fleet._cleared = {code: listed(code, "N", 0) for code in "ABC"}
    fleet._modes = {"A": "AUTO", "B": "BRAKE", "C": "AUTO"}
    fleet._near = {frozenset("AB"): "B"}
    for first, second in near:
        fleet._separate(Closeness(first, second, 12.0, 0.0))
    return fleet


def test_one_that_comes_close_to_one_that_stands_is_stopped(journal):
    fleet = standing(journal, ["BC", "BC"])
    assert fleet._orders == {"C": [Order.PAUSE]}
    assert len(lines(journal, "too close")) == 1


def test_nobody_waits_in_a_circle(journal):
    """B stands for A and C for B; A, which both wait for, flies on."""
    fleet = standing(journal, ["BC", "AC"])
    assert fleet._orders == {"C": [Order.PAUSE]}
    assert lines(journal, "too close")[-1]["text"].endswith("C stands already")


def test_one_that_stands_for_two_goes_on_when_clear_of_both(journal):
    fleet = standing(journal, [])
    fleet._near[frozenset("BC")] = "B"
    fleet._release(frozenset("AB"))
    assert fleet._orders == {}
    fleet._release(frozenset("BC"))
    assert fleet._orders == {"B": [Order.CONTINUE]}


def test_a_persons_pause_is_not_ended_when_two_are_clear(journal):
    fleet = standing(journal, [])
    fleet._order_all(Order.PAUSE)
    fleet._orders.clear()
    fleet._release(frozenset("AB"))
    assert fleet._orders == {}
    assert lines(journal, "clear")[0]["text"] == "well apart from A, but a person told it to pause"
    fleet._order_all(Order.CONTINUE)
    assert fleet._orders["B"] == [Order.CONTINUE]


@pytest.mark.parametrize("order", [Order.RETURN, Order.LAND, Order.PAUSE])
def test_one_that_a_person_told_to_come_down_or_stand_is_not_told_to_pause(journal, order):
    """Its mode is seen a second later; until then it still seems to fly its mission."""
    fleet = standing(journal, [])
    fleet._order_all(order)
    fleet._orders.clear()
    fleet._separate(Closeness("A", "C", 12.0, 0.0))
    assert fleet._orders == {}


def test_a_persons_continue_lets_one_go_that_stood_for_another(journal):
    fleet = standing(journal, [])
    fleet._order_all(Order.CONTINUE)
    assert fleet._orders["B"] == [Order.CONTINUE]
    fleet._modes["B"] = "AUTO"
    fleet._release(frozenset("AB"))
    assert fleet._orders["B"] == [Order.CONTINUE]
    fleet._separate(Closeness("B", "C", 12.0, 0.0))
    assert fleet._orders["C"][-1] is Order.PAUSE


@pytest.mark.parametrize(
    ("pressed", "obeyed"), [(Order.RETURN, Order.RECALL), (Order.LAND, Order.LAND_OURS)]
)
def test_an_order_goes_to_every_vehicle_in_the_air(journal, pressed, obeyed):
    flights = [listed("A", "N", 0), listed("B", "S", 1000)]
    up, got = threading.Barrier(3, timeout=GATE_S), {}

    def fly_one(flight, vehicle, listen, next_order):
        up.wait()
        while (order := next_order()) is None:
            listen(in_air(flight))
        got[flight.sortie.code] = order
        return done(flight, f"it was told to {order}")

    told = []

    def next_order():
        if told:
            return None
        up.wait()
        told.append(pressed)
        return pressed

    fly(journal, flights, fly_one, next_order=next_order)
    assert got == {"A": obeyed, "B": obeyed}


def press_ctrl_c():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def next_within(next_order):
    """The next order, or None where none comes in time."""
    end_s = time.monotonic() + GATE_S
    while time.monotonic() < end_s:
        if (order := next_order()) is not None:
            return order
    return None


def test_ctrl_c_brings_all_home_and_begins_nothing_more(journal):
    flights = [listed("A1", "N", 0), listed("A2", "N", 0)]

    def fly_one(flight, vehicle, listen, next_order):
        press_ctrl_c()
        assert next_within(next_order) is Order.RECALL
        return done(flight, "it was told to return at item 3")

    outcomes = fly(journal, flights, fly_one)
    assert outcomes["A1"].reason == "it was told to return at item 3"
    assert not outcomes["A2"].completed
    assert lines(journal, "stop")


def test_a_fleet_is_waited_for_however_often_ctrl_c_is_pressed(journal):
    """Each press interrupts the waiting itself; every vehicle still gets every order."""
    flights = [listed("A", "N", 0), listed("B", "S", 1000)]
    both_are_up, over = (threading.Barrier(2, timeout=GATE_S) for _ in range(2))
    got = {"A": [], "B": []}

    def fly_one(flight, vehicle, listen, next_order):
        code = flight.sortie.code
        both_are_up.wait()
        for _ in range(4):
            if code == "A":
                press_ctrl_c()
            got[code].append(next_within(next_order))
            over.wait()
        return done(flight, "it was told to return at item 3")

    before = signal.getsignal(signal.SIGINT)
    outcomes = fly(journal, flights, fly_one)
    assert got == {"A": [Order.RECALL] * 4, "B": [Order.RECALL] * 4}
    assert set(outcomes) == {"A", "B"}
    assert signal.getsignal(signal.SIGINT) is before


def test_a_vehicle_that_is_not_ready_is_tried_again(journal, monkeypatch):
    monkeypatch.setattr("flight.fleet.TRY_EVERY_S", 0.01)
    tries = []

    def fly_one(flight, vehicle, listen, next_order):
        tries.append(flight)
        if len(tries) < 3:
            raise RefusedError("The vehicle stands 300 m from the home of sortie A.")
        return done(flight)

    outcomes = fly(journal, [listed("A", "N", 0)], fly_one, patience_s=60.0)
    assert outcomes["A"].completed
    assert len(lines(journal, "not ready")) == 2


def test_a_flight_does_not_begin_before_its_time(journal):
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    begun = []

    def fly_one(flight, vehicle, listen, next_order):
        begun.append(datetime.now(UTC))
        return done(flight)

    fly(journal, [listed("A", "N", 0, soon)], fly_one)
    assert begun[0] >= soon
    begun.clear()
    late = datetime.now(UTC) + timedelta(hours=9)
    fly(journal, [listed("A", "N", 0, late)], fly_one, waits_for_time=False)
    assert begun[0] < late


def test_the_day_is_looked_through_for_flights_that_will_wait():
    at = datetime(2026, 6, 15, 9, tzinfo=UTC)
    one = listed("A", "N", 0, at)
    beside = [listed("B", "S", 20, at + timedelta(minutes=m)) for m in (1, 30)]
    assert [c.second for c in waits_of_day([one, beside[0]])] == ["B"]
    assert waits_of_day([one, beside[1]]) == ()
    assert waits_of_day([one, listed("B", "N", 20, at)]) == ()  # the same vehicle
    assert len(waits_of_day([one, listed("B", "S", 20)])) == 1  # at any time
