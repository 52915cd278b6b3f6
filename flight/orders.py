"""What a person may order while a vehicle flies."""

from collections.abc import Callable
from enum import StrEnum


class Order(StrEnum):
    """An order of the person at the controls.

    `LEAVE` ends our watching: the vehicle goes on by itself, under its own failsafes. `RECALL` and
    `LAND_OURS` bring down those only that no pilot or failsafe has: what is told to many at once.
    """

    PAUSE = "pause"
    CONTINUE = "continue"
    RETURN = "return"
    RECALL = "return if nobody else has it"
    LAND = "land"
    LAND_OURS = "land if nobody else has it"
    LEAVE = "leave alone"

    @property
    def ends_mission(self) -> bool:
        """Whether it brings the vehicle down before its mission is flown."""
        return self in (Order.RETURN, Order.RECALL, Order.LAND, Order.LAND_OURS)

    @property
    def to_many(self) -> "Order":
        """The order as it is given to several vehicles, some of which others may have taken."""
        return {Order.RETURN: Order.RECALL, Order.LAND: Order.LAND_OURS}.get(self, self)


NextOrder = Callable[[], Order | None]


def no_order() -> Order | None:
    """Nobody is there to order anything."""
    return None
