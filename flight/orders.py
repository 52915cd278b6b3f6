"""What a person may order while a vehicle flies."""

from collections.abc import Callable
from enum import StrEnum


class Order(StrEnum):
    """An order of the person at the controls.

    `LEAVE` ends our watching: the vehicle goes on by itself, under its own failsafes. `RECALL` is
    a return of those only that no pilot or failsafe has: what is told to many at once.
    """

    PAUSE = "pause"
    CONTINUE = "continue"
    RETURN = "return"
    RECALL = "return if nobody else has it"
    LAND = "land"
    LEAVE = "leave alone"

    @property
    def ends_mission(self) -> bool:
        """Whether it brings the vehicle down before its mission is flown."""
        return self in (Order.RETURN, Order.RECALL, Order.LAND)


NextOrder = Callable[[], Order | None]


def no_order() -> Order | None:
    """Nobody is there to order anything."""
    return None
