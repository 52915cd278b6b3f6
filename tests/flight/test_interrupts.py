"""Ctrl-C is counted while vehicles fly, and breaks nothing off."""

import signal
import threading

import pytest

from flight.interrupts import counted_interrupts


def test_each_press_is_counted_and_raises_nothing():
    with counted_interrupts() as interrupts:
        assert not interrupts.take()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert interrupts.pressed == 2
        assert interrupts.take()
        assert not interrupts.take()


def test_a_handler_that_only_offers_something_stops_nothing():
    offered = []
    before = signal.signal(signal.SIGINT, lambda number, frame: offered.append(number))
    try:
        with counted_interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert offered == [signal.SIGINT]
    assert not interrupts.take()


def test_afterwards_ctrl_c_is_as_before():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), counted_interrupts():
        raise KeyboardInterrupt  # of something else than the signal
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_leaves_the_handler_alone():
    seen = []

    def enter():
        with counted_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
