"""A smooth map of the plane as a polynomial, where the exact one takes too long."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geo.frames import Array

_SAMPLES = 12  # on a side; 144 points for 10 coefficients
_POWERS = tuple((i, j) for i in range(4) for j in range(4 - i))


@dataclass(frozen=True, eq=False, slots=True)
class PlaneMap:
    """Two cubic polynomials of two variables over a box.

    Attributes:
        low, high: (2,) corners of the box.
        coefficients: (10, 2) for coordinates scaled to -1..1.
    """

    low: Array
    high: Array
    coefficients: Array

    def __call__(self, points: Array) -> tuple[Array, Array]:
        """Map (N, 2); NaN outside the box."""
        x, y = (2 * (points - self.low) / (self.high - self.low) - 1).T
        with np.errstate(invalid="ignore"):
            outside = ~((np.abs(x) <= 1) & (np.abs(y) <= 1))
        x = np.where(outside, np.nan, x)
        first, second = (_horner(x, y, self.coefficients[:, k]) for k in range(2))
        return first, second


def _horner(x: Array, y: Array, c: Array) -> Array:
    """Cubic polynomial with the coefficients in the order of `_POWERS`."""
    a, b, d = (
        c[0] + y * (c[1] + y * (c[2] + y * c[3])),
        c[4] + y * (c[5] + y * c[6]),
        c[7] + y * c[8],
    )
    out: Array = a + x * (b + x * (d + x * c[9]))
    return out


def fit_plane_map(
    exact: Callable[[Array], Array], low: Array, high: Array, tolerance: float
) -> PlaneMap | None:
    """Fit polynomials to a map over a box; None where they are off by more than the tolerance.

    Args:
        exact: maps (N, 2) to (N, 2).
        low: (2,) corner of the box.
        high: (2,) opposite corner.
        tolerance: in the units that the map gives.
    """
    side = np.cos(np.pi * (np.arange(_SAMPLES) + 0.5) / _SAMPLES)  # Chebyshev's points
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    wanted = exact(low + (np.column_stack([x, y]) + 1) / 2 * (high - low))
    if not np.isfinite(wanted).all():
        return None
    terms = np.column_stack([x**i * y**j for i, j in _POWERS])
    coefficients = np.linalg.lstsq(terms, wanted, rcond=None)[0]
    if np.abs(terms @ coefficients - wanted).max() > tolerance / 2:
        return None
    return PlaneMap(low, high, coefficients)
