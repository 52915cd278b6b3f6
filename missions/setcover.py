"""What is the smallest choice of sets that together hold all of the elements, or a share."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from geo.frames import Array

_NODES = 300  # of the search for a proof; counted, not timed, so that results repeat
_PREFERENCE = 0.01  # share of what a set adds that a low cost may weigh against

Flags = NDArray[np.bool_]


def fewest_sets(
    holds: Flags, weights: Array, *, wanted_share: float = 1.0, costs: Array | None = None
) -> list[int]:
    """Choose the fewest sets that hold a share of all that can be held, by weight.

    An integer program (scipy's HiGHS); where its search ends without a better answer, the greedy
    choice without what it does not need.

    Args:
        holds: (sets, elements) whether a set holds an element.
        weights: (elements,) above 0.
        wanted_share: of the weight of elements that any set holds.
        costs: (sets,) 0 to 1; cheap ones are preferred where that makes no difference otherwise.
    """
    patterns, which = np.unique(holds[:, holds.any(axis=0)], axis=1, return_inverse=True)
    if not patterns.size:
        return []
    grouped: Array = np.zeros(patterns.shape[1])
    np.add.at(grouped, which.ravel(), weights[holds.any(axis=0)])
    wanted = wanted_share * float(grouped.sum()) * (1 - 1e-9)
    costs = np.zeros(len(holds)) if costs is None else costs
    alone = np.flatnonzero(patterns @ grouped >= wanted)
    if len(alone):
        return [int(alone[costs[alone].argmin()])]
    greedy = _greedy(patterns, grouped, wanted, costs)
    return _fewer(patterns, grouped, wanted, len(greedy)) or greedy


def _greedy(holds: Flags, weights: Array, wanted: float, costs: Array) -> list[int]:
    """Take the set that adds most until enough is held, then leave out what is not needed."""
    chosen: list[int] = []
    held = np.zeros(holds.shape[1], dtype=bool)
    while weights[held].sum() < wanted:
        gains = (holds & ~held) @ weights * (1 - _PREFERENCE * costs)
        chosen.append(int(gains.argmax()))
        held |= holds[chosen[-1]]
    for candidate in list(chosen):
        rest = [other for other in chosen if other != candidate]
        if rest and weights[holds[rest].any(axis=0)].sum() >= wanted:
            chosen = rest
    return sorted(chosen)


def _fewer(holds: Flags, weights: Array, wanted: float, count: int) -> list[int] | None:
    """Choice of fewer sets than a count; None where there is none or the search ends without.

    Fewest x with y <= sum of sets that hold it, and the weight of y >= wanted.
    """
    sets, elements = holds.shape
    covering = hstack([csr_array(holds.T.astype(float)), -eye_array(elements)])
    enough = np.concatenate([np.zeros(sets), weights])[None]
    number = np.concatenate([np.ones(sets), np.zeros(elements)])
    found = milp(
        number,
        integrality=number,
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(covering, 0, np.inf),
            LinearConstraint(enough, wanted),
            LinearConstraint(number[None], ub=count - 1),
        ],
        options={"node_limit": _NODES, "mip_rel_gap": 0.99 / count},
    )
    if found.x is None:
        return None
    chosen = np.flatnonzero(found.x[:sets] > 0.5)
    held = holds[chosen].any(axis=0)
    return chosen.tolist() if weights[held].sum() >= wanted else None
