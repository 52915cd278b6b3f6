"""How far aside of the known cases does a whole flight lie?"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.frames import Array

SAME_M = 1.0
"""Offsets so near to each other are one: what is left when a flight's own error is known."""

LEAST_TELLING = 8
"""Findings with one offset, before it counts."""

_LEAST_SHARE = 0.5
_CLEARLY = 1.5  # times the votes of any other offset
_MOST_FINDINGS = 2000  # that vote


def common_offset_m(offsets_m: Array, findings: NDArray[np.intp]) -> Array:
    """The offset, east and north, on which most findings of a flight agree; zeros where in doubt.

    The receiver's error is one for a flight and could give a house of a dense village its
    neighbour's case. By the true offset many findings lie on cases; by one to the next row nearly
    as many may. So one counts only when half of the findings vote for it, and clearly more than for
    any other, standing still included.

    Args:
        offsets_m: (N, 2) from cases to findings that may be the same, all pairs.
        findings: (N,) number of the finding of each pair.
    """
    chosen = findings % max(1, -(-len(np.unique(findings)) // _MOST_FINDINGS)) == 0
    offsets_m, count = offsets_m[chosen], len(np.unique(findings[chosen]))
    if count < LEAST_TELLING:
        return np.zeros(2)
    tree = cKDTree(offsets_m)
    votes = np.asarray(tree.query_ball_point(offsets_m, SAME_M, return_length=True))
    best = np.lexsort((np.hypot(*offsets_m.T), -votes))[0]
    others = np.hypot(*(offsets_m - offsets_m[best]).T) > 2 * SAME_M
    still = len(tree.query_ball_point(np.zeros(2), SAME_M))
    rival = max([int(votes[others].max(initial=0)), still * (np.hypot(*offsets_m[best]) > SAME_M)])
    if votes[best] < max(LEAST_TELLING, _LEAST_SHARE * count, _CLEARLY * rival):
        return np.zeros(2)
    agreeing = tree.query_ball_point(offsets_m[best], SAME_M)
    return np.asarray(offsets_m[agreeing].mean(axis=0), dtype=np.float64)
