"""Orders in flight, a link that breaks, and what is told meanwhile."""

from dataclasses import replace

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError, LinkLostError
from flight.fly import fly_sortie
from flight.orders import Order
from flight.trouble import Kind
from tests.flight.links import SimulatedLink
from tests.flight.sorties import small_sortie

SORTIE = small_sortie()


class BreakingLink(SimulatedLink):
    """Lost once in flight; opens again after some tries, or never."""

    def __init__(self, tries):
        super().__init__()
        self.tries, self.broken = tries, False

    def receive(self, timeout_s):
        if not self.broken and self.autopilot.craft.position[2] > 25:
            self.broken = True
            raise LinkLostError("lost", reason="nothing heard for 6 s")
        return super().receive(timeout_s)

    def reopen(self):
        for _ in range(100):
            self.autopilot.step()
        self.waiting.clear()
        self.tries -= 1
        if self.tries > 0:
            raise LinkError("nobody there")


@pytest.fixture
def fly(tmp_path, monkeypatch):
    told = []

    def fly(link, orders=None, sortie=SORTIE):
        """`orders` by second of the flight, or a function that is asked."""
        waiting = dict(orders or {}) if not callable(orders) else {}

        def next_order():
            if not told:
                return None
            return orders() if callable(orders) else waiting.pop(round(told[-1].elapsed_s), None)

        monkeypatch.setattr("flight.fly.open_link", lambda *_, **__: link)
        return fly_sortie(
            sortie,
            "tcp:x:1",
            log_path=tmp_path / "a.tlog",
            arm_real=True,
            on_progress=told.append,
            next_order=next_order,
        )

    fly.told = told
    return fly


def test_a_pause_is_no_diversion_and_the_mission_is_gone_on_with(fly):
    result = fly(SimulatedLink(), {30: Order.PAUSE, 60: Order.CONTINUE})
    assert result.completed, result.problem
    assert result.modes == ("AUTO", "BRAKE", "AUTO")
    assert result.duration_s > 120
    assert [e.text for e in result.events if e.text.startswith("told to")] == [
        "told to pause: accepted",
        "told to continue: accepted",
    ]


@pytest.mark.parametrize(
    ("order", "mode"),
    [(Order.RETURN, "RTL"), (Order.LAND, "LAND"), (Order.LAND_OURS, "LAND")],
)
def test_an_order_down_ends_the_mission_with_its_reason(fly, order, mode):
    result = fly(SimulatedLink(), {35: order})
    assert not result.completed
    assert result.problem.startswith(f"it was told to {order} at item")
    assert result.modes[-1] == mode
    assert result.track.points[-1].height_home_m < 0.5


def test_left_alone_the_vehicle_flies_on_without_an_order(fly):
    link = SimulatedLink()
    with pytest.raises(KeyboardInterrupt) as caught:
        fly(link, {30: Order.LEAVE})
    assert link.autopilot.mode == 3
    assert link.autopilot.is_flying
    assert caught.value.__notes__[0].startswith("the vehicle was left alone in AUTO")
    (kept,) = [note for note in caught.value.__notes__ if note.startswith("parameters stay")]
    assert "FS_GCS_ENABLE 1 (was 0)" in kept
    assert "FENCE_ENABLE 1 (was 0)" in kept


def test_a_pilots_mode_is_not_taken_back_by_continue(fly):
    link = SimulatedLink()

    def order():
        if link.autopilot.now_s > 150 and link.autopilot.mode == 3:
            link.autopilot.set_mode(5)
        return {40: Order.CONTINUE, 44: Order.RETURN}.get(round(fly.told[-1].elapsed_s))

    result = fly(link, order)
    assert "LOITER" in result.problem
    assert result.modes == ("AUTO", "LOITER", "RTL")
    assert list(dict.fromkeys(fly.told[-1].notices)) == [
        "LOITER was not ordered from here: a pilot or failsafe has the vehicle",
        "not obeyed (continue): a pilot or failsafe has the vehicle",
        "told to return: accepted",
    ]
    assert fly.told[-1].phase == "landed"


def test_what_is_refused_is_told_at_once_not_at_the_next_second(fly):
    fly(SimulatedLink(), {30: Order.CONTINUE})
    first = next(n for n, progress in enumerate(fly.told) if progress.notices)
    assert fly.told[first].notices == ("not obeyed (continue): it was not paused from here",)
    assert fly.told[first].elapsed_s - fly.told[first - 1].elapsed_s < 0.5


def test_a_link_that_comes_back_does_not_end_the_flight(fly):
    result = fly(BreakingLink(tries=3))
    assert result.completed, result.problem
    (trouble,) = result.troubles
    assert trouble.kind is Kind.LINK
    assert trouble.text == "data link lost here: nothing heard for 6 s"
    assert "link lost" in [p.phase for p in fly.told]


def test_a_photo_before_the_first_heartbeat_of_a_regained_link_is_kept(fly):
    class Photographed(BreakingLink):
        def reopen(self):
            super().reopen()
            photo = mavlink.MAVLink_camera_feedback_message(
                1, 0, 0, 99, 0, 0, 30, 30, 0, 0, 0, 0, 0, 0
            )
            self.waiting.appendleft(self.reader.decode(bytearray(photo.pack(self.theirs))))

    result = fly(Photographed(tries=1))
    assert 99 in [event.index for event in result.track.camera_events]


def test_a_link_that_stays_lost_ends_the_watch(fly, monkeypatch):
    monkeypatch.setattr("flight.fly.RELINK_S", 20.0)
    with pytest.raises(LinkLostError):
        fly(BreakingLink(tries=10**6))


def test_progress_tells_the_way_to_go_the_row_and_the_battery(fly):
    fly(SimulatedLink(), sortie=replace(SORTIE, battery_share=0.3))
    flown = [p for p in fly.told if p.phase == "flight"]
    on_row = [p for p in flown if p.item == 5 and p.cross_track_m is not None]
    assert len(on_row) > 5
    assert max(abs(p.cross_track_m) for p in on_row) < 2
    ways = [p.next_place_m for p in on_row]
    assert ways == sorted(ways, reverse=True)
    assert flown[0].battery_planned_share > flown[-1].battery_planned_share
    assert flown[5].wind_m_s is None  # calm, and what a copter without a drag model tells


def test_a_battery_far_below_the_plan_is_told_once(fly):
    link = SimulatedLink()
    link.autopilot.parameters.set("BATT_LOW_VOLT", 0)
    link.autopilot.parameters.set("BATT_CRT_VOLT", 0)

    def drain():
        if 20 < fly.told[-1].elapsed_s < 22:
            link.autopilot.craft.battery.used_wh = 40.0

    result = fly(link, drain, replace(SORTIE, battery_share=0.05))
    assert result.completed
    battery = [t for t in result.troubles if t.kind is Kind.BATTERY]
    assert len(battery) == 1
    assert battery[0].text.startswith("battery is lower than planned")


@pytest.mark.parametrize(
    ("volts", "words", "mode"),
    [(13.5, "Battery 1 is low", "RTL"), (9.9, "Battery 1 is", "LAND")],
)
def test_a_low_battery_is_recognised_told_and_ends_the_mission(fly, volts, words, mode):
    link = SimulatedLink()

    def drop():
        if fly.told[-1].elapsed_s > 30:
            link.autopilot.parameters.set("SIM_BATT_VOLTAGE", volts)

    result = fly(link, drop)
    assert not result.completed
    assert words in result.problem
    trouble = result.troubles[0]
    assert (trouble.kind, trouble.response) == (Kind.BATTERY, mode)
    assert fly.told[-1].troubles == result.troubles


@pytest.mark.parametrize(("mode", "name"), [(17, "BRAKE"), (5, "LOITER"), (4, "GUIDED")])
def test_an_error_of_ours_does_not_take_the_vehicle_from_a_pilot(fly, mode, name):
    link = SimulatedLink()

    def order():
        if fly.told[-1].elapsed_s > 40:
            raise RuntimeError("a bug")
        if fly.told[-1].elapsed_s > 30 and link.autopilot.mode == 3:
            link.autopilot.set_mode(mode)

    with pytest.raises(RuntimeError) as caught:
        fly(link, order)
    assert link.autopilot.mode == mode
    assert f"the vehicle is in {name}, which was not ordered" in caught.value.__notes__[0]


def test_an_error_of_ours_in_a_pause_of_ours_orders_a_return(fly):
    link = SimulatedLink()
    asked = []

    def order():
        if fly.told[-1].elapsed_s > 40:
            raise RuntimeError("a bug")
        if fly.told[-1].elapsed_s > 30 and not asked:
            asked.append(True)
            return Order.PAUSE
        return None

    with pytest.raises(RuntimeError):
        fly(link, order)
    assert link.autopilot.mode == 6


def at_seconds(fly, steps):
    """Do things, each once, when the flight is so many seconds old; hand on what they return."""
    waiting = dict(steps)

    def next_order():
        due = [second for second in waiting if fly.told[-1].elapsed_s >= second]
        done = waiting.pop(due[0]) if due else None
        return done() if callable(done) else done

    return next_order


def not_obeyed(result):
    return [e.text for e in result.events if e.text.startswith("not obeyed")]


def test_a_pilots_pause_after_one_of_ours_is_not_taken_back(fly):
    """BRAKE was ordered from here before; this one is the pilot's all the same."""
    link = SimulatedLink()
    steps = {
        20: Order.PAUSE,
        25: Order.CONTINUE,
        40: lambda: link.autopilot.set_mode(17) and None,
        45: Order.CONTINUE,
        50: lambda: link.autopilot.set_mode(9) and None,
    }
    result = fly(link, at_seconds(fly, steps))
    assert result.modes == ("AUTO", "BRAKE", "AUTO", "BRAKE", "LAND")
    assert not_obeyed(result) == ["not obeyed (continue): a pilot or failsafe has the vehicle"]
    assert "for BRAKE" in result.problem


def test_an_error_of_ours_after_a_pilots_pause_orders_nothing(fly):
    link = SimulatedLink()

    def stop():
        raise KeyboardInterrupt

    steps = {
        20: Order.PAUSE,
        25: Order.CONTINUE,
        40: lambda: link.autopilot.set_mode(17) and None,
        45: stop,
    }
    with pytest.raises(KeyboardInterrupt) as caught:
        fly(link, at_seconds(fly, steps))
    assert link.autopilot.mode == 17
    assert "the vehicle is in BRAKE, which was not ordered" in caught.value.__notes__[0]


@pytest.mark.parametrize("order", [Order.RETURN, Order.RECALL])
def test_a_landing_of_a_failsafe_is_not_called_back(fly, order):
    link = SimulatedLink()
    steps = {
        30: lambda: link.autopilot.parameters.set("SIM_BATT_VOLTAGE", 9.9) and None,
        44: order,
    }
    result = fly(link, at_seconds(fly, steps))
    assert result.modes == ("AUTO", "LAND")
    assert len(not_obeyed(result)) == 1


@pytest.mark.parametrize("order", [Order.RECALL, Order.LAND_OURS])
def test_an_order_to_many_leaves_a_vehicle_to_its_pilot(fly, order):
    link = SimulatedLink()
    steps = {
        30: lambda: link.autopilot.set_mode(5) and None,
        35: order,
        40: lambda: link.autopilot.set_mode(6) and None,
    }
    result = fly(link, at_seconds(fly, steps))
    assert result.modes == ("AUTO", "LOITER", "RTL")
    assert not_obeyed(result) == [f"not obeyed ({order}): a pilot or failsafe has the vehicle"]


@pytest.mark.parametrize("order", [Order.CONTINUE, Order.PAUSE])
def test_a_failsafe_in_a_return_of_ours_is_not_ended_by_an_order(fly, order):
    """The battery runs low in RTL, which stays RTL: the return is the failsafe's from then on."""
    link = SimulatedLink()
    steps = {
        30: Order.RETURN,
        31: lambda: link.autopilot.parameters.set("SIM_BATT_VOLTAGE", 13.5) and None,
        47: order,
    }
    result = fly(link, at_seconds(fly, steps))
    assert result.modes == ("AUTO", "RTL")
    assert "a failsafe flies the vehicle (Battery 1 is low" in not_obeyed(result)[0]


def test_only_a_pause_of_ours_is_continued(fly):
    result = fly(SimulatedLink(), at_seconds(fly, {30: Order.RETURN, 34: Order.CONTINUE}))
    assert result.modes == ("AUTO", "RTL")
    assert not_obeyed(result) == ["not obeyed (continue): it was not paused from here"]


def test_an_order_that_a_broken_link_swallowed_is_not_told_as_given(fly):
    """The line breaks before the order is out; the mission is flown to its end."""

    class Swallowing(BreakingLink):
        def receive(self, timeout_s):
            return SimulatedLink.receive(self, timeout_s)

        def send(self, message):
            if message.get_type() == "COMMAND_LONG" and message.command == 20 and not self.broken:
                self.broken = True
                raise LinkLostError("lost", reason="broken pipe")
            super().send(message)

    result = fly(Swallowing(tries=1), {30: Order.RETURN})
    assert result.completed, result.problem
    assert any("told to return: the link was lost" in e.text for e in result.events)


@pytest.mark.parametrize(
    ("set_to", "kind", "words"),
    [
        ({"SIM_WIND_SPD": 14.0}, Kind.WIND, "high wind: 12"),
        ({"SIM_ENGINE_MUL": 0.6, "SIM_ENGINE_FAIL": 1}, Kind.MOTOR, "motor failure is likely"),
    ],
)
def test_what_the_vehicle_says_nothing_of_is_told_and_nothing_is_ordered(fly, set_to, kind, words):
    link = SimulatedLink()

    def worsen():
        for name, value in set_to.items():
            link.autopilot.set_parameter(name, value)

    result = fly(link, at_seconds(fly, {25: worsen}), replace(SORTIE, drone_key="sim-quad"))
    (trouble,) = [t for t in result.troubles if t.kind is kind]
    assert trouble.text.startswith(words)
    assert not any(e.text.startswith("told to") for e in result.events)


def test_a_usual_wind_and_even_motors_are_no_trouble(fly):
    link = SimulatedLink()
    link.autopilot.set_parameter("SIM_WIND_SPD", 8.0)
    result = fly(link, None, replace(SORTIE, drone_key="sim-quad"))
    assert result.troubles == ()


def test_a_crash_in_the_last_landing_makes_the_flight_failed(fly):
    link = SimulatedLink()
    autopilot = link.autopilot

    def crash():
        if autopilot.mission.is_landing and autopilot.contact.above_m < 3.0:
            autopilot.mission.complete = True  # as the vehicle tells it where it has landed
            for _ in range(100):
                link._carry(autopilot.step())
            autopilot.say(0, "Crash: Disarming: AngErr=90>30, Accel=0.0<3.0")
            autopilot.disarm(forced=True)

    result = fly(link, crash)
    assert [trouble.kind for trouble in result.troubles] == [Kind.CRASH]
    assert not result.completed
    assert fly.told[-1].phase == "crashed"
    assert result.problem == "it crashed: Crash: Disarming: AngErr=90>30, Accel=0.0<3.0"
