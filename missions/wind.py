"""What the wind does to a flight: air speed, and the ground speed that it leaves."""

from dataclasses import dataclass

import numpy as np

from geo.frames import Array

_DIRECTIONS = 24
_LEAST_SPEED_M_S = 0.1  # against a wind that is too strong: as good as never arriving


@dataclass(frozen=True, slots=True)
class Wind:
    """Mean wind; from any direction, so that the worst one counts, where `from_deg` is None."""

    speed_m_s: float = 0.0
    from_deg: float | None = None

    def __post_init__(self) -> None:
        """Refuse a wind of less than nothing."""
        if not 0 <= self.speed_m_s < np.inf:
            raise ValueError(f"speed_m_s must be 0 or more; got {self.speed_m_s}")

    def velocities_m_s(self) -> Array:
        """Where the air moves to, east and north, in each direction that counts, (K, 2)."""
        if self.speed_m_s == 0:
            return np.zeros((1, 2))
        whole = np.arange(_DIRECTIONS) * 360 / _DIRECTIONS
        from_rad = np.radians(whole if self.from_deg is None else [self.from_deg])
        return -self.speed_m_s * np.column_stack([np.sin(from_rad), np.cos(from_rad)])

    def ground_speeds_m_s(self, directions: Array, top_air_speed_m_s: float) -> Array:
        """Fastest speed over ground along level unit vectors (N, 2), in the worst wind, (N,)."""
        along = directions @ self.velocities_m_s().T
        room = top_air_speed_m_s**2 - self.speed_m_s**2 + along**2
        fastest = np.where(room > 0, along + np.sqrt(np.maximum(room, 0.0)), 0.0).min(axis=1)
        speeds: Array = np.maximum(fastest, _LEAST_SPEED_M_S)
        return speeds
