"""EDGE: Ctrl-C that is counted and breaks nothing off, while vehicles fly in other threads.

A KeyboardInterrupt may come at any statement: inside of a thread's join, which then takes the
thread for ended (CPython 3.11), with a lock held, or in the midst of the orders that the one before
gave. Where it must not, the handler's exception goes no further than the handler.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    """How often it was pressed to stop, and how many of these were seen to."""

    pressed: int = 0
    _taken: int = 0

    def take(self) -> bool:
        """Whether it was pressed since this was last asked."""
        pressed, before = self.pressed, self._taken
        self._taken = pressed
        return pressed > before


@contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Count each Ctrl-C that the present handler would stop the program with.

    Nothing is changed in a thread that gets no signals, or where Ctrl-C is ignored.
    """
    interrupts, before = Interrupts(), signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupts
        return
    handler = before

    def count(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            interrupts.pressed += 1

    signal.signal(signal.SIGINT, count)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
