"""Where and facing which way is the shutter released along rows that an autopilot flies."""

import numpy as np

from geo.frames import Array, LocalFrame

REACHED_M = 2.0  # a waypoint counts as reached this far before it (ArduCopter, WPNAV_RADIUS)
ENDS_M = 2 * REACHED_M
"""So much of a row may be missing between the first photo and the moment at which the camera is
switched off: both happen in the middle of a rounded corner, up to `REACHED_M` inside the row."""
LATE_S = 0.02
"""After so long at most is it seen that the way to the next photo is flown: 50 times a second
(ArduCopter, scheduler table, AP_Camera::update). The way after it counts from there, so a long row
has its last photo metres later than whole spacings say, or not at all."""


def released_every_m(photo_spacing_m: float, speed_m_s: float) -> float:
    """Way from one photo to the next at a speed, where the autopilot is told a distance."""
    return photo_spacing_m + LATE_S * speed_m_s


def heading_deg(row: Array, frame: LocalFrame) -> float:
    """Direction of flight along a row (2, 2), clockwise from true north in [0, 360)."""
    return float(headings_deg(row[:1], row[1:] - row[:1], frame)[0])


def headings_deg(places_m: Array, directions_m: Array, frame: LocalFrame) -> Array:
    """Headings (N,) of directions (N, 2) at places (N, 2), as `heading_deg` gives them."""
    grid_deg = np.degrees(np.arctan2(directions_m[:, 0], directions_m[:, 1]))
    turned: Array = (grid_deg + frame.convergences_deg(frame.lonlat_from_xy(places_m))) % 360
    return turned
