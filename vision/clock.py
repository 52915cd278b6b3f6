"""Whether positions and pictures of a flight are of the same moments."""

import numpy as np

from geo.frames import Array

_FEWEST = 4
_LONGEST_LAPSE_S = 60.0
_SHORTEST_LAPSE_S = 0.1
_MOST_CHANGE = 0.3  # of speed and direction, beyond which the vehicle turns
_LEAST_S = 0.1
_CERTAIN = 4.0  # sigmas


def clock_ahead_s(seconds: Array, places_m: Array, off_m: Array) -> float | None:
    """Seconds by which measured positions are ahead of the pictures; None where not certain.

    Positions that lie ahead along the direction of flight by more the faster it is. The mean of all
    is left out, because a flight's positions are off together, so lines in two directions are
    needed.

    Args:
        seconds: (N,) of the pictures, ascending.
        places_m: (N, 2) where they were taken.
        off_m: (N, 2) measured less true positions.
    """
    if len(seconds) < _FEWEST + 2:
        return None
    lapse = np.diff(seconds)
    legs = np.diff(places_m, axis=0) / np.maximum(lapse, _SHORTEST_LAPSE_S)[:, None]
    fast = np.linalg.norm(legs, axis=1)
    change = np.linalg.norm(legs[1:] - legs[:-1], axis=1)
    timely = (lapse > _SHORTEST_LAPSE_S) & (lapse < _LONGEST_LAPSE_S)
    steady = timely[1:] & timely[:-1] & (change < _MOST_CHANGE * np.maximum(fast[1:], fast[:-1]))
    speed = (legs[1:] + legs[:-1])[steady] / 2
    off = off_m[1:-1][steady]
    if len(speed) < _FEWEST:
        return None
    speed, off = speed - speed.mean(axis=0), off - off.mean(axis=0)
    power = float(np.sum(speed**2))
    if power < 1e-6:
        return None
    ahead_s = float(np.sum(speed * off) / power)
    rest = off - ahead_s * speed
    sigma_s = float(np.sqrt(np.sum(rest**2) / max(rest.size - 3, 1) / power))
    return ahead_s if abs(ahead_s) > max(_CERTAIN * sigma_s, _LEAST_S) else None
