"""What is seen of flights while they last, and what can be ordered."""

import os
import pty
import select
import signal
import termios
from dataclasses import replace

import pytest
from rich.console import Console

from cli.commanding import Keyboard, orders_from_terminal
from cli.fleet_flights import NOT_FOR_MANY
from cli.live import LiveView, cells
from flight.orders import Order, no_order
from flight.progress import FlightProgress
from flight.trouble import Kind, Trouble

PROGRESS = FlightProgress(
    "T-1", "flight", "AUTO", 61.0, 300.0, 5, 11, 12, 40, 60.2, 8.1, 0.82, 0.85, 140.4, -1.25,
    4.2, 225.0,
)  # fmt: skip


def test_a_flight_is_one_row_of_figures():
    assert cells(PROGRESS) == (
        "T-1", "flight", "AUTO", "5/11", "140", "60", "8.1", "-1.2", "12/40", "82% (85%)",
        "4 m/s 225°", "1.0 (5.0)",
    )  # fmt: skip


def test_what_is_not_known_is_a_dash():
    unknown = FlightProgress("T-2", "waiting", "STABILIZE", 0, 300, 0, 11, 0, 0, 0, 0, None)
    assert cells(unknown)[4:] == ("-", "0", "0.0", "-", "0/0", "- (-)", "-", "0.0 (5.0)")


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def drawn(flights, vehicles=None, silent_s=0.0):
    view = LiveView(None, vehicles or {}, clock := Clock())
    for progress in flights:
        view.tell(progress)
    clock.now_s = silent_s
    with (screen := Console(width=80)).capture() as seen:
        screen.print(view.drawn())
    return seen.get()


def test_one_flight_is_drawn_in_full_on_a_narrow_terminal():
    text = drawn([PROGRESS])
    assert all(value in text for value in cells(PROGRESS))
    assert "…" not in text


def test_several_flights_have_a_row_each_with_their_vehicle():
    flights = [PROGRESS, replace(PROGRESS, sortie_code="T-2")]
    text = drawn(flights, {"T-1": "M3E-1", "T-2": "M3E-2"})
    assert text.count("12/40") == 2
    assert all(name in text for name in ("T-1", "T-2", "M3E-1", "M3E-2"))
    assert "…" not in text


def test_a_vehicle_that_is_silent_in_the_air_is_said_to_be():
    landed = replace(PROGRESS, sortie_code="T-2", phase="landed")
    fleet = {"T-1": "M3E-1", "T-2": "M3E-2"}
    text = drawn([PROGRESS, landed], fleet, silent_s=12.4)
    assert text.count("not heard for 12 s") == 1
    assert "landed" in text
    assert "…" not in text
    assert "not heard" not in drawn([PROGRESS, landed], fleet, silent_s=2.9)


def test_without_a_terminal_news_come_line_by_line_and_troubles_once(capsys):
    view = LiveView(None)
    trouble = Trouble(Kind.BATTERY, None, "Battery 1 is low", "RTL")
    view.tell(PROGRESS)
    view.tell(replace(PROGRESS, elapsed_s=62.0))
    view.tell(replace(PROGRESS, elapsed_s=63.0, mode="RTL", troubles=(trouble,)))
    view.tell(replace(PROGRESS, elapsed_s=64.0, mode="RTL", troubles=(trouble,)))
    told = capsys.readouterr().err
    assert told.count("T-1: phase flight") == 2
    assert told.count("Battery 1 is low; the vehicle went to RTL") == 1


def test_a_notice_is_told_once(capsys):
    view = LiveView(None)
    taken = replace(PROGRESS, notices=("LOITER was not ordered from here",))
    for progress in (PROGRESS, taken, taken):
        view.tell(progress)
    assert capsys.readouterr().err.count("T-1: LOITER was not ordered from here") == 1


@pytest.fixture
def keyboard():
    read, write = os.pipe()
    with os.fdopen(read) as stream, os.fdopen(write, "w", buffering=1) as typing:
        yield Keyboard(stream), typing


@pytest.mark.parametrize(
    ("typed", "order"),
    [("p", Order.PAUSE), ("C", Order.CONTINUE), ("return", Order.RETURN), ("l", Order.LAND),
     ("x", Order.LEAVE), ("", None), ("?", None)],
)  # fmt: skip
def test_a_letter_is_an_order(keyboard, typed, order):
    keys, typing = keyboard
    assert keys.next_order() is None  # never waits
    typing.write(typed + "\n")
    assert keys.next_order() is order


def test_ctrl_c_offers_the_orders_and_a_second_one_stops(keyboard, capsys):
    keys, _ = keyboard
    keys.interrupted(signal.SIGINT, None)
    assert "p pause, c continue, r return" in capsys.readouterr().err.replace("\n", " ")
    with pytest.raises(KeyboardInterrupt):
        keys.interrupted(signal.SIGINT, None)


def test_a_fleet_is_not_offered_to_be_left_alone_and_told_why(keyboard, capsys):
    keys, typing = keyboard
    keys.refused = NOT_FOR_MANY
    keys.interrupted(signal.SIGINT, None)
    assert "leave" not in capsys.readouterr().err
    typing.write("x\n")
    assert keys.next_order() is None
    told = capsys.readouterr().err.replace("\n", " ")
    assert "not obeyed (leave alone): a fleet is kept apart from here" in told


def test_after_an_order_ctrl_c_offers_again(keyboard):
    keys, typing = keyboard
    keys.interrupted(signal.SIGINT, None)
    typing.write("p\n")
    assert keys.next_order() is Order.PAUSE
    keys.interrupted(signal.SIGINT, None)


def test_without_a_terminal_nothing_can_be_ordered_and_ctrl_c_is_as_ever():
    before = signal.getsignal(signal.SIGINT)
    with orders_from_terminal() as next_order:
        assert next_order is no_order
        assert signal.getsignal(signal.SIGINT) is before


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_typed_letters_are_not_shown_while_a_table_is(monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        assert echoes(terminal)
        with orders_from_terminal() as next_order:
            assert not echoes(terminal)
            os.write(ours, b"p\n")
            select.select([terminal], [], [], 10.0)
            assert next_order() is Order.PAUSE
        assert echoes(terminal)
    os.close(ours)
