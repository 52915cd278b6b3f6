"""How wrong was each flight? What objects seen from several places tell of its shared errors.

A receiver, a barometer and a camera's mount are wrong by about as much in all photos of a flight.
The same object in several photos then lies in several places, and how these differ tells the
errors.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.frames import Array
from vision.fuse import Member, positive

ERRORS = 6
"""Of a flight, each in its own standard deviations: east, north, height, turns about x, y and z."""

_ROUNDS = 6
_MOST_OBJECTS = 300  # of one flight; its six errors are known to a few per cent by then
_LEAST_SHARED = 0.05  # of the variance of height and turns
_HUBER = 2.0  # sigmas beyond which a sighting counts less, as it may be of something else
_CERTAIN = 1e9  # inverse variance of what is held fixed


@dataclass(frozen=True, eq=False)
class FlightErrors:
    """Errors that flights share, and how well they are known.

    Attributes:
        flights: their names, in the order of the rows.
        errors: (flights, 6), of `ERRORS`.
        covariance: (flights, 6, 6) of these, relative to the flight seen most.
        single_share: 0 to 1, variance of height and turns that is each photo's own.
    """

    flights: Mapping[str, int]
    errors: Array
    covariance: Array
    single_share: float


def estimate(
    groups: Sequence[Sequence[Member]], flights: Iterable[str], shape_share: float
) -> FlightErrors:
    """Estimate the errors of flights from what may be the same objects.

    Least squares with the standard deviations of the poses as priors, robust against sightings of
    something else (Huber 1981, section 7.8); where an object lies and how high is estimated with
    them and eliminated. Outlines that a picture's edge cuts have no middle and do not count.

    Args:
        groups: sightings of what may be one object each.
        flights: all there are; one without such an object keeps its errors at 0.
        shape_share: standard deviation of an outline's middle as a share of the object's size.
    """
    objects = _enough([[m for m in group if not m.cut] for group in groups])
    row_of = {name: k for k, name in enumerate(sorted(set(flights)))}
    errors: Array = np.zeros(ERRORS * len(row_of))
    problems = [_problem(group, row_of, shape_share) for group in objects]
    single_share = 0.0 if problems else 1.0
    normal = _prior(len(row_of), single_share)
    for _ in range(_ROUNDS if problems else 0):
        normal, right = _prior(len(row_of), single_share), np.zeros(len(errors))
        excess = expected = 0.0
        for problem in problems:
            part = problem.reduced(errors, single_share)
            columns = problem.columns
            normal[np.ix_(columns, columns)] += part.normal
            right[columns] += part.right
            excess += part.excess_m2
            expected += part.expected_m2
        errors = np.asarray(np.linalg.solve(normal, right), dtype=np.float64)
        single_share = float(np.clip(excess / expected, 0.0, 1.0)) if expected > 0 else 1.0
    return FlightErrors(
        row_of,
        errors.reshape(-1, ERRORS),
        _relative(normal, Counter(m.flight for g in objects for m in g), row_of),
        single_share,
    )


def _prior(flights: int, single_share: float) -> Array:
    """Inverse variances: what of height and turns is each photo's own is not the flight's."""
    shared = 1.0 / max(1.0 - single_share, _LEAST_SHARED)
    prior: Array = np.diag(np.tile([1.0, 1.0, shared, shared, shared, shared], flights))
    return prior


def _enough(groups: Sequence[list[Member]]) -> list[list[Member]]:
    """Objects in two photos and more, until each flight has been seen often enough."""
    counts: Counter[str] = Counter()
    chosen = []
    for group in groups:
        flights = {m.flight for m in group}
        if len(group) > 1 and any(counts[name] < _MOST_OBJECTS for name in flights):
            chosen.append(group)
            counts.update(flights)
    return chosen


def settled(member: Member, known: FlightErrors) -> Member:
    """The same sighting where it lies without its flight's errors, doubted by what is left."""
    k = known.flights[member.flight]
    arms_m = _arms(member)
    shift_m = known.errors[k] @ arms_m
    doubt = known.covariance[k]
    own_m = arms_m[2:]
    single_m2 = _single_m2(member) + np.outer(member.arms_m.ground_m, member.arms_m.ground_m)
    single_m2 += known.single_share * own_m.T @ own_m + own_m.T @ doubt[2:, 2:] @ own_m
    shared_m2 = float(np.trace(doubt[:2, :2]) / 2) * member.shared_m2
    return replace(
        member,
        polygon_m=shapely.transform(member.polygon_m, lambda points: points - shift_m),
        centre_m=member.centre_m - shift_m,
        covariance_m2=single_m2 + shared_m2 * np.eye(2),
        shared_m2=shared_m2,
    )


def moved_back(member: Member, settled_member: Member) -> Member:
    """The settled place with the doubt that the sighting has as a whole."""
    return replace(settled_member, covariance_m2=member.covariance_m2, shared_m2=member.shared_m2)


@dataclass(frozen=True, slots=True)
class _Reduced:
    """What one object says of the errors of its flights.

    Attributes:
        normal, right: of the normal equations.
        excess_m2, expected_m2: squared residuals beyond the noise, and what height and turns would
            add to them if they were each photo's own.
    """

    normal: Array
    right: Array
    excess_m2: float
    expected_m2: float


@dataclass(frozen=True, eq=False, slots=True)
class _Problem:
    """One object in n photos of f flights.

    Attributes:
        columns: (6 f,) of the unknowns.
        moved_m: (n, 2) centres relative to their mean.
        by_error_m: (n, 2, 6 f) how far a unit of each error moves them.
        by_place: (n, 2, 3) how far the object's east, north and height do.
        noise_m2: (n, 2, 2) what is each photo's own beside height and turns.
        turns_m2: (n, 2, 2) what height and turns add if they are each photo's own.
    """

    columns: NDArray[np.intp]
    moved_m: Array
    by_error_m: Array
    by_place: Array
    noise_m2: Array
    turns_m2: Array

    def reduced(self, errors: Array, single_share: float) -> _Reduced:
        """Eliminate the object's place; `errors` are those of the round before."""
        inverse = np.linalg.inv(self.noise_m2 + single_share * self.turns_m2)
        prior = np.diag([0.0, 0.0, 1.0])
        residuals = self.moved_m - self.by_error_m @ errors[self.columns]
        weighted = self.by_place.transpose(0, 2, 1) @ inverse
        place = np.linalg.solve(
            (weighted @ self.by_place).sum(axis=0) + prior,
            np.einsum("nij,nj->i", weighted, residuals),
        )
        residuals = residuals - self.by_place @ place
        far = np.sqrt(np.einsum("ni,nij,nj->n", residuals, inverse, residuals))
        trust = np.minimum(1.0, _HUBER / np.maximum(far, 1e-9))
        inverse *= trust[:, None, None]
        weighted = self.by_place.transpose(0, 2, 1) @ inverse
        left = np.linalg.inv((weighted @ self.by_place).sum(axis=0) + prior)
        by_error = self.by_error_m.transpose(0, 2, 1) @ inverse
        cross = (by_error @ self.by_place).sum(axis=0)
        seen = np.einsum("nij,nj->i", weighted, self.moved_m)
        # A residual of n photos of one object has lost (n - 1) / n of its variance to its place.
        kept = (len(far) - 1) / len(far)
        noise_m2 = kept * np.einsum("nii->n", self.noise_m2)
        return _Reduced(
            (by_error @ self.by_error_m).sum(axis=0) - cross @ left @ cross.T,
            np.einsum("nij,nj->i", by_error, self.moved_m) - cross @ left @ seen,
            float(trust**2 @ (np.sum(residuals**2, axis=1) - noise_m2)),
            float(trust**2 @ (kept * np.einsum("nii->n", self.turns_m2))),
        )


def _problem(group: Sequence[Member], flights: Mapping[str, int], shape_share: float) -> _Problem:
    names = sorted({m.flight for m in group})
    block = {name: k for k, name in enumerate(names)}
    by_error = np.zeros((len(group), 2, ERRORS * len(names)))
    arms = np.array([_arms(m) for m in group])
    for row, member in enumerate(group):
        first = ERRORS * block[member.flight]
        by_error[row, :, first : first + ERRORS] = arms[row].T
    by_place = np.zeros((len(group), 2, 3))
    by_place[:, 0, 0] = by_place[:, 1, 1] = 1.0
    by_place[:, :, 2] = [m.arms_m.ground_m for m in group]
    centres = np.array([m.centre_m for m in group])
    area_m2 = float(np.median([m.polygon_m.area for m in group]))
    shape_m2 = shape_share**2 * area_m2 * np.eye(2)
    return _Problem(
        columns=np.concatenate([np.arange(ERRORS) + ERRORS * flights[name] for name in names]),
        moved_m=centres - centres.mean(axis=0),
        by_error_m=by_error,
        by_place=by_place,
        noise_m2=np.array([_single_m2(m) + shape_m2 for m in group]),
        turns_m2=arms[:, 2:].transpose(0, 2, 1) @ arms[:, 2:],
    )


def _single_m2(member: Member) -> Array:
    """Covariance (2, 2) that is each photo's own, beside its height and turns."""
    common = np.vstack([_arms(member), member.arms_m.ground_m])
    return positive(member.covariance_m2 - common.T @ common)


def _arms(member: Member) -> Array:
    """How far one sigma of each error moves a sighting, (6, 2)."""
    gnss_m = float(np.sqrt(member.shared_m2)) * np.eye(2)
    return np.vstack([gnss_m, member.arms_m.height_m, *member.arms_m.turns_m])


def _relative(normal: Array, seen: Counter[str], flights: Mapping[str, int]) -> Array:
    """Covariances (flights, 6, 6) when the place of the flight seen most is held fixed."""
    fixed = normal.copy()
    if flights:
        most = max(flights, key=lambda name: (seen[name], name))
        for k in range(2):
            fixed[ERRORS * flights[most] + k, ERRORS * flights[most] + k] += _CERTAIN
    covariance = np.linalg.inv(fixed)
    blocks = [covariance[k : k + ERRORS, k : k + ERRORS] for k in range(0, len(fixed), ERRORS)]
    return np.array(blocks).reshape(-1, ERRORS, ERRORS)
