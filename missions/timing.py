"""How long does flying a path take: cruise, acceleration, stops at bends."""

from dataclasses import dataclass

import numpy as np

from geo.frames import Array

_LEAST_LEG_M = 0.05


@dataclass(frozen=True, slots=True)
class Motion:
    """How an aircraft moves along straight legs.

    Attributes:
        stop_turn_deg: bends sharper than this are flown with a full stop, others at full speed.
    """

    speed_m_s: float
    acceleration_m_s2: float
    stop_turn_deg: float = 30.0

    def __post_init__(self) -> None:
        """Refuse an aircraft that does not move."""
        if not (self.speed_m_s > 0 and self.acceleration_m_s2 > 0):
            raise ValueError(
                f"speed_m_s and acceleration_m_s2 must be above 0; got {self.speed_m_s}, "
                f"{self.acceleration_m_s2}"
            )

    def run_seconds(self, distance_m: Array) -> Array:
        """Seconds from stop to stop over straight distances, any shape.

        >>> Motion(10.0, 2.5).run_seconds(np.array([10.0, 100.0])).tolist()
        [4.0, 14.0]
        """
        distance = np.asarray(distance_m, dtype=np.float64)
        full = self.speed_m_s**2 / self.acceleration_m_s2
        cruising = distance / self.speed_m_s + self.speed_m_s / self.acceleration_m_s2
        short = 2 * np.sqrt(distance / self.acceleration_m_s2)
        seconds: Array = np.where(distance >= full, cruising, short)
        return seconds

    def path_seconds(self, points_m: Array) -> float:
        """Seconds along a path (N, 2) that begins and ends at a stop."""
        return float(self.run_seconds(self._runs_m(points_m)).sum())

    def _runs_m(self, points_m: Array) -> Array:
        """Distances flown between one stop and the next."""
        legs = np.diff(without_repeats(points_m), axis=0)
        if not len(legs):
            return np.zeros(0)
        headings = np.arctan2(legs[:, 1], legs[:, 0])
        turns = np.abs((np.diff(headings) + np.pi) % (2 * np.pi) - np.pi)
        first = np.concatenate([[0], 1 + np.flatnonzero(turns > np.radians(self.stop_turn_deg))])
        runs: Array = np.add.reduceat(np.hypot(legs[:, 0], legs[:, 1]), first)
        return runs


def without_repeats(points_m: Array) -> Array:
    """Leave out points of a path (N, 2) that repeat the one before."""
    points = np.asarray(points_m, dtype=np.float64).reshape(-1, 2)
    while len(points) > 1:
        far = np.hypot(*np.diff(points, axis=0).T) > _LEAST_LEG_M
        if far.all():
            break
        points = points[np.concatenate([[True], far])]
    return points


def length_m(points_m: Array) -> float:
    """Length of a path (N, 2)."""
    legs = np.diff(points_m, axis=0)
    return float(np.hypot(legs[:, 0], legs[:, 1]).sum())
