"""How high the ground is around a simulated vehicle's home, pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from geo.terrain import Terrain

LEVEL_WITHIN_M, RAISED_FROM_M = 20.0, 50.0  # of home: raised ground begins gently


@dataclass(frozen=True)
class GroundShape:
    """Ground as a DEM has it, or level, raised everywhere but at home.

    Attributes:
        terrain: None for level ground.
        raised_m: by how much it is higher away from home.
    """

    home: GeoPoint
    terrain: Terrain | None = None
    raised_m: float = 0.0

    def heights_m(self, places_m: Array) -> Array:
        """Heights above home (N,) of the ground at east, north (N, 2); NaN where unknown."""
        away = np.hypot(places_m[:, 0], places_m[:, 1])
        share = np.clip((away - LEVEL_WITHIN_M) / (RAISED_FROM_M - LEVEL_WITHIN_M), 0.0, 1.0)
        raised: Array = self.raised_m * share
        if self.terrain is None:
            return raised
        known = self.terrain.altitudes_amsl_m(self._frame.lonlat_from_xy(places_m))
        heights: Array = known - self._home_m + raised
        return heights

    def height_m(self) -> Callable[[float, float], float]:
        """The same for one place after another; unknown ground is taken for level."""
        if self.terrain is None and self.raised_m == 0:
            return lambda east_m, north_m: 0.0

        def at(east_m: float, north_m: float) -> float:
            height_m = float(self.heights_m(np.array([[east_m, north_m]]))[0])
            return height_m if math.isfinite(height_m) else 0.0

        return at

    @cached_property
    def _frame(self) -> LocalFrame:
        return LocalFrame(self.home.lon_deg, self.home.lat_deg)

    @cached_property
    def _home_m(self) -> float:
        assert self.terrain is not None
        place = np.array([[self.home.lon_deg, self.home.lat_deg]])
        return float(self.terrain.altitudes_amsl_m(place)[0])
