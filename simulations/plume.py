"""How smoke, steam and dust spread: the value that describes one plume."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from shapely import LineString, Polygon


class PlumeKind(StrEnum):
    """What a plume is made of."""

    STRAW = "straw smoke"
    CHIMNEY = "chimney smoke"
    STEAM = "steam"
    DUST = "dust"


@dataclass(frozen=True, slots=True)
class Plume:
    """A plume that drifts from its source along a direction, widening and rising.

    Attributes:
        source_height_m: above the ground at the source.
        toward_deg: counter-clockwise from east, where it drifts.
        rise_share: metres up for each metre of drift, at the beginning.
        thickness: optical depth through its middle near the source.
    """

    kind: PlumeKind
    x_m: float
    y_m: float
    source_height_m: float
    toward_deg: float
    length_m: float
    width_m: float
    source_width_m: float
    rise_share: float
    thickness: float
    seed: int

    def half_width_m(self, along_m: float) -> float:
        """Half breadth at a distance from the source."""
        return self.source_width_m / 2 + (self.width_m - self.source_width_m) / 2 * float(
            np.sqrt(max(along_m, 0) / self.length_m)
        )

    def outline(self) -> Polygon:
        """Return where it floats, seen from straight above, without its wisps."""
        along = np.linspace(0, self.length_m, 12)
        half = np.array([self.half_width_m(a) for a in along])
        angle = np.radians(self.toward_deg)
        forward, left = (
            np.array([np.cos(angle), np.sin(angle)]),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        axis = np.array([self.x_m, self.y_m]) + along[:, None] * forward
        ring = np.concatenate([axis + half[:, None] * left, (axis - half[:, None] * left)[::-1]])
        return Polygon(ring)

    def axis(self) -> LineString:
        """Return the middle line on the ground."""
        angle = np.radians(self.toward_deg)
        end = (
            self.x_m + self.length_m * float(np.cos(angle)),
            self.y_m + self.length_m * float(np.sin(angle)),
        )
        return LineString([(self.x_m, self.y_m), end])
