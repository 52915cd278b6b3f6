"""What a person may order while a vehicle flies."""

from collections.abc import Callable
from enum import StrEnum


class Order(StrEnum):
    """An order of the person at the controls.

    `LEAVE` ends our watching: the vehicle goes on by itself, under its own failsafes.
    """

    PAUSE = "pause"
    CONTINUE = "continue"
    RETURN = "return"
    LAND = "land"
    LEAVE = "leave alone"


NextOrder = Callable[[], Order | None]


def no_order() -> Order | None:
    """Nobody is there to order anything."""
    return None
