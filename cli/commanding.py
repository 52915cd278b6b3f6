"""EDGE: orders that a person types while a vehicle flies, without keeping the flight waiting."""

import select
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

from cli import console
from flight.orders import NextOrder, Order, no_order

KEYS = {
    "p": Order.PAUSE,
    "c": Order.CONTINUE,
    "r": Order.RETURN,
    "l": Order.LAND,
    "x": Order.LEAVE,
}
LOCAL_FLAGS = 3  # place of c_lflag in termios.tcgetattr
NAMES = {
    Order.PAUSE: "pause",
    Order.CONTINUE: "continue",
    Order.RETURN: "return",
    Order.LAND: "land here",
    Order.LEAVE: "leave it alone",
}


@contextmanager
def orders_from_terminal(refused: Mapping[Order, str] | None = None) -> Iterator[NextOrder]:
    """Listen for orders; without a terminal there are none, and Ctrl-C orders a return.

    At a terminal the first Ctrl-C offers the orders, a second one within the same offer stops the
    flight with a return, as it does without a terminal.

    Args:
        refused: orders that are not offered, and why, for who types one nevertheless.
    """
    if not sys.stdin.isatty() or sys.platform == "win32":
        yield no_order
        return
    keyboard = Keyboard(sys.stdin, refused or {})
    before = signal.signal(signal.SIGINT, keyboard.interrupted)
    try:
        with _unseen(sys.stdin):
            yield keyboard.next_order
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _unseen(terminal: TextIO) -> Iterator[None]:
    """Do not show what is typed, which would stand in the midst of the live table."""
    import termios  # there is none on Windows

    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[LOCAL_FLAGS] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@dataclass(slots=True)
class Keyboard:
    """Lines that a person types.

    Attributes:
        refused: orders that are not to be had, and why.
    """

    stream: TextIO
    refused: Mapping[Order, str] = field(default_factory=dict)
    _offered: bool = field(default=False)

    def interrupted(self, number: int, frame: FrameType | None) -> None:
        """Offer the orders at the first Ctrl-C, stop at the second."""
        if self._offered:
            raise KeyboardInterrupt
        self._offered = True
        self._offer()

    def _offer(self) -> None:
        keys = ((key, order) for key, order in KEYS.items() if order not in self.refused)
        words = ", ".join(f"[bold]{key}[/] {NAMES[order]}" for key, order in keys)
        console.err.print(
            f"Type a letter and Enter: {words}. Ctrl-C again: return and stop.", highlight=False
        )

    def next_order(self) -> Order | None:
        """Read what was typed, if anything was; never waits."""
        ready, _, _ = select.select([self.stream], [], [], 0)
        if not ready:
            return None
        typed = self.stream.readline().strip().lower()
        if not typed:
            return None
        order = KEYS.get(typed[:1])
        if order is None:
            self._offer()
            return None
        if order in self.refused:
            console.warn(f"not obeyed ({order}): {self.refused[order]}")
            return None
        self._offered = False
        return order
