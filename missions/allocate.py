"""Which depot serves which cell: the least way in all, within what each depot can fly."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from missions.visits import Place

_OVER_CAPACITY_M = 1e6  # a second of work too much costs as much as this way


def allocate(
    places_m: Sequence[Place],
    work_s: Sequence[float],
    depots_m: Mapping[str, Place],
    capacity_s: Mapping[str, float],
) -> list[str]:
    """Depot code of each place, so that the sum of distances weighted by work is least.

    A transport problem, solved as a linear program (HiGHS). The few places that it divides between
    depots go where most of them went. Where all depots together cannot do the work, each takes
    more than it can and the schedule says what is left.

    Args:
        places_m: of the cells.
        work_s: of each cell.
        depots_m: places of the depots.
        capacity_s: work that each depot can do.
    """
    codes = list(depots_m)
    if not places_m:
        return []
    if len(codes) == 1:
        return codes * len(places_m)
    work = np.asarray(work_s, dtype=np.float64)
    gaps = np.asarray(places_m)[:, None] - np.array([depots_m[code] for code in codes])[None]
    cost = np.hypot(gaps[..., 0], gaps[..., 1]) * work[:, None]
    shares = _transport(cost, work, np.array([capacity_s[code] for code in codes]))
    return [codes[n] for n in shares.argmax(axis=1).tolist()]


def _transport(
    cost: NDArray[np.float64], work: NDArray[np.float64], capacity: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shares (places, depots) of least cost; one more variable per depot takes what is too much."""
    places, depots = cost.shape
    variables = places * depots
    index = np.arange(variables)
    whole = coo_matrix((np.ones(variables), (index // depots, index)), (places, variables + depots))
    rows = np.concatenate([index % depots, np.arange(depots)])
    columns = np.concatenate([index, variables + np.arange(depots)])
    weights = np.concatenate([np.repeat(work, depots), -np.ones(depots)])
    limit = coo_matrix((weights, (rows, columns)), (depots, variables + depots))
    found = linprog(
        np.concatenate([cost.ravel(), np.full(depots, _OVER_CAPACITY_M)]),
        A_ub=limit.tocsr(),
        b_ub=capacity,
        A_eq=whole.tocsr(),
        b_eq=np.ones(places),
        method="highs",
    )
    assert found.success, found.message
    shares: NDArray[np.float64] = found.x[:variables].reshape(places, depots)
    return shares
