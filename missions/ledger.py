"""What does flying any consecutive rows of a route take, looked up instead of computed again.

Sums along the whole route are kept; transit is computed once for each row. Corners between transit
and rows are taken as stops, so a flight never takes noticeably more than told here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from geo.frames import Array
from missions.course import Course, Mover, join
from missions.energy import energies_wh
from missions.timing import length_m

Way = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Seconds, energy in each wind, and places up to the start and the end of each row.

    Attributes:
        seconds: (rows, 2).
        energy_wh: (rows, 2, K).
        places: (rows, 2), of the rows and the ways between.
    """

    seconds: Array
    energy_wh: Array
    places: Array


def sums_of(rows: Sequence[Array], transfers: Sequence[Array], mover: Mover) -> Sums:
    """Add up a route that is flown at one height without stopping."""
    path, marks, places = [rows[0][:1]], [], []
    flown_m, passed = 0.0, 0
    for number, row in enumerate(rows):
        if number:
            way = transfers[number - 1]
            path.append(way[1:])
            flown_m += length_m(way)
            passed += len(way) - 2
        row_m = length_m(row)
        marks.append((flown_m, flown_m + row_m))
        places.append((passed, passed + 2))
        path.append(row[1:])
        flown_m, passed = flown_m + row_m, passed + 2
    course = mover.along(_level(np.concatenate(path)))
    steps = np.hypot(*(course.end_m - course.start_m)[:, :2].T)
    energies = energies_wh(course, mover.drone, mover.wind)
    at = np.append(0.0, steps.cumsum())
    marks_m = np.array(marks)
    total = np.vstack([np.zeros(energies.shape[1]), energies.cumsum(axis=0)])
    energy = np.stack([np.interp(marks_m, at, column) for column in total.T], axis=-1)
    seconds = np.interp(marks_m, at, np.append(0.0, course.duration_s.cumsum()))
    return Sums(seconds, energy, np.array(places))


def _level(path_m: Array) -> Array:
    return np.column_stack([path_m, np.zeros(len(path_m))])


class Ledger:
    """Costs of flights over consecutive rows from one home."""

    def __init__(
        self, rows: Sequence[Array], sums: Sums, way: Way, mover: Mover, climb_m: float
    ) -> None:
        """Prepare.

        Args:
            rows: (2, 2) each.
            sums: of these rows.
            way: finds the path (N, 2) from home to a place.
            mover: at the speeds of the plan.
            climb_m: from home to flying height.
        """
        self._rows, self._sums, self._way, self._mover = rows, sums, way, mover
        above = np.array([0.0, 0.0, climb_m])
        ends = join([mover.take_off(np.zeros(3), climb_m), mover.go_home(above)])
        self._ends = self._cost(ends, 0)
        self._transits: dict[tuple[int, int], tuple[float, Array, int]] = {}

    def _cost(self, course: Course, places: int) -> tuple[float, Array, int]:
        energy = energies_wh(course, self._mover.drone, self._mover.wind).sum(axis=0)
        return course.total_s, energy, places

    def _transit(self, row: int, end: int) -> tuple[float, Array, int]:
        """From home to a row's start (end 0), or from its end (1) back."""
        if (row, end) not in self._transits:
            path = self._way(self._rows[row][end])
            path = path[::-1] if end else path
            self._transits[row, end] = self._cost(self._mover.along(_level(path)), len(path) - 2)
        return self._transits[row, end]

    def flight(self, first: int, count: int) -> tuple[float, float, int]:
        """Seconds, energy in the worst wind, and places but those at home, of some rows."""
        last, sums = first + count - 1, self._sums
        parts = (self._ends, self._transit(first, 0), self._transit(last, 1))
        seconds = sums.seconds[last, 1] - sums.seconds[first, 0] + sum(part[0] for part in parts)
        energy = sums.energy_wh[last, 1] - sums.energy_wh[first, 0] + sum(part[1] for part in parts)
        places = sums.places[last, 1] - sums.places[first, 0] + sum(part[2] for part in parts)
        return float(seconds), float(energy.max()), int(places)
