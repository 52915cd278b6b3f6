"""Where and facing which way is the shutter released along rows that an autopilot flies."""

import numpy as np

from geo.frames import Array, LocalFrame

REACHED_M = 2.0  # a waypoint counts as reached this far before it (ArduCopter, WPNAV_RADIUS)
LATE_S = 0.02
"""After so long at most is it seen that the way to the next photo is flown: 50 times a second
(ArduCopter, scheduler table, AP_Camera::update). The way after it counts from there, so a long row
has its last photo metres later than whole spacings say, or not at all."""


def released_every_m(photo_spacing_m: float, speed_m_s: float) -> float:
    """Way from one photo to the next at a speed, where the autopilot is told a distance."""
    return photo_spacing_m + LATE_S * speed_m_s


def heading_deg(row: Array, frame: LocalFrame) -> float:
    """Direction of flight along a row (2, 2), clockwise from true north in [0, 360)."""
    east, north = row[1] - row[0]
    lon, lat = frame.lonlat_from_xy(row[:1])[0]
    grid_deg = float(np.degrees(np.arctan2(east, north)))
    return (grid_deg + frame.convergence_deg(float(lon), float(lat))) % 360
