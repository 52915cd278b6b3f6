"""What routing and schedule need to know of a planned flight."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

Place = tuple[float, float]  # metres in the district's local frame


@dataclass(frozen=True, slots=True)
class Visit:
    """One flight from one launch place.

    Attributes:
        place_m: of the launch in the district's local frame.
        flight_s: from take-off to landing.
        used_share: of a full battery that the flight takes.
        points: priority of the cell.
        urgent: to be flown on the first day.
    """

    code: str
    cell_code: str
    place_m: Place
    flight_s: float
    used_share: float
    points: float = 0.0
    urgent: bool = False

    def __post_init__(self) -> None:
        """Refuse a flight that takes no time or more than one battery."""
        if not self.flight_s > 0:
            raise ValueError(f"flight_s must be above 0; got {self.flight_s}")
        if not 0 < self.used_share <= 1:
            raise ValueError(f"used_share must be above 0 and at most 1; got {self.used_share}")


def road_m(start_m: Place, end_m: Place, factor: float) -> float:
    """Metres by road between two places, estimated from the straight line."""
    return factor * hypot(end_m[0] - start_m[0], end_m[1] - start_m[1])


def tour_m(depot_m: Place, visits: Sequence[Visit], factor: float) -> float:
    """Metres by road from the depot over all launch places back to the depot."""
    stops = [depot_m, *(visit.place_m for visit in visits), depot_m]
    return sum(road_m(a, b, factor) for a, b in pairwise(stops))


def inserted(depot_m: Place, visits: Sequence[Visit], new: Visit) -> list[Visit]:
    """Put a visit where it makes a tour least longer."""
    stops = [depot_m, *(visit.place_m for visit in visits), depot_m]
    extra = [
        road_m(a, new.place_m, 1) + road_m(new.place_m, b, 1) - road_m(a, b, 1)
        for a, b in pairwise(stops)
    ]
    place = extra.index(min(extra))
    return [*visits[:place], new, *visits[place:]]
