"""Which findings of a patrol are cases already known, which are new, and which cases are gone?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from cases.categories import Category
from cases.lifecycle import OPEN_STAGES, Stage
from cases.model import Case, Findings, PatrolRecord, Proposal
from cases.offsets import common_offset_m
from cases.rules import find_category
from geo.frames import Array, LocalFrame

GATE_SIGMAS = 2.5
"""98.8 % of two-dimensional Gaussian differences lie within three, 95.6 % within 2.5 sigmas."""

SAME_OVERLAP_SHARE = 0.3
"""Two outlines that share so much of the smaller one are near enough whatever their centres."""

OTHER_CLASS_FACTOR = 0.5
"""A building site fits its building, but worse than a building."""

_LEAST_WEIGHT = 0.05
_LEAST_MARGIN_M = 1.0

MATCHED_STAGES = frozenset({*OPEN_STAGES, Stage.SNOOZED, Stage.REJECTED})
"""A finding at a rejected case is that case again, not a new one; a closed case stays closed."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How the findings of one patrol relate to the cases known before.

    Attributes:
        same: findings with the known case that they show again.
        missed: open cases at covered places where nothing like them was seen.
        unclear: open cases at covered places with something of their kind that is not them.
    """

    new: tuple[Proposal, ...]
    same: tuple[tuple[Proposal, Case], ...]
    missed: tuple[Case, ...]
    unclear: tuple[Case, ...] = ()


def match(
    findings: Findings,
    known: Iterable[Case],
    categories: tuple[Category, ...],
    *,
    patrol: PatrolRecord,
    footprints: Sequence[Polygon] = (),
    remembered: Iterable[Case] = (),
) -> Matching:
    """Relate findings to known cases one to one, so that their total likeness is greatest.

    `footprints` of the usable photos in lon/lat say where not seeing something means that it is
    gone. `remembered` are cases that no other patrol has seen: what this one said before, what was
    withdrawn. They give back their numbers to findings that are none of the known cases. The order
    of findings and cases does not matter.
    """
    proposals = sorted(findings.proposals, key=lambda entry: entry.proposal_id)
    cases = _by_number(case for case in known if case.stage in MATCHED_STAGES)
    once = _by_number(remembered)
    frame = _frame(proposals, [*cases, *once])
    lying = _lying(proposals, cases, categories, patrol, frame)
    pairs = _assign(_likeness(proposals, lying, cases, categories, patrol, frame))
    paired = {proposals[i].proposal_id: cases[j] for i, j in pairs}
    left = [entry for entry in proposals if entry.proposal_id not in paired]
    again = _assign(_likeness(left, lying, once, categories, patrol, frame))
    paired |= {left[i].proposal_id: once[j] for i, j in again}
    matched = {j for _, j in pairs}
    standing = [
        case for j, case in enumerate(cases) if j not in matched and _may_be_missed(case, patrol)
    ]
    covered = _covered(standing, footprints, frame)
    missed = _unseen(covered, findings, lying, paired, categories, frame)
    gone = {case.case_no for case in missed}
    filing = [(entry, paired.get(entry.proposal_id)) for entry in findings.proposals]
    return Matching(
        new=tuple(entry for entry, case in filing if case is None),
        same=tuple((entry, case) for entry, case in filing if case is not None),
        missed=tuple(missed),
        unclear=tuple(case for case in covered if case.case_no not in gone),
    )


def cooling(
    proposals: Sequence[Proposal],
    ended: Iterable[Case],
    categories: tuple[Category, ...],
    *,
    patrol: PatrolRecord,
    hours: Mapping[str, float],
) -> dict[str, str]:
    """Find proposals that are too soon after a case of their kind at their place has ended.

    `hours` are those of the rules by id, counted from when the case was last seen to when the
    proposal was, not to when it is filed. Returns the number of the case by proposal.
    """
    waiting = [entry for entry in proposals if hours.get(entry.rule_id, 0.0) > 0]
    cases = _by_number(ended)
    frame = _frame(waiting, cases)
    lying = _lying(waiting, cases, categories, patrol, frame)
    weights = _likeness(waiting, lying, cases, categories, patrol, frame)
    found: dict[str, str] = {}
    for i, j in sorted(weights, key=lambda pair: (pair[0], -weights[pair])):
        entry, case = waiting[i], cases[j]
        since = (entry.seen_at or patrol.flown_at) - case.last_seen
        if timedelta(0) <= since <= timedelta(hours=hours[entry.rule_id]):
            found.setdefault(entry.proposal_id, case.case_no)
    return found


def _by_number(cases: Iterable[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: case.case_no)


def _frame(proposals: Sequence[Proposal], cases: Sequence[Case]) -> LocalFrame:
    polygons = [entry.polygon for entry in proposals] + [case.polygon for case in cases]
    return LocalFrame.around(shapely.multipolygons(polygons)) if polygons else LocalFrame(0, 0)


Lying = Mapping[str, BaseGeometry]
"""Outline in local metres of each proposal, by its id."""


def _lying(
    proposals: Sequence[Proposal],
    cases: Sequence[Case],
    categories: tuple[Category, ...],
    patrol: PatrolRecord,
    frame: LocalFrame,
) -> Lying:
    """Where findings lie once the offset of each flight from the known cases is taken off."""
    grounds = frame.all_to_local([entry.polygon for entry in proposals])
    lying = {entry.proposal_id: ground for entry, ground in zip(proposals, grounds, strict=True)}
    still = [entry for entry in proposals if entry.category.same_within_days is None]
    near = list(_likeness(still, lying, cases, categories, patrol, frame))
    if not near:
        return lying
    findings, stood = (np.array(side) for side in zip(*near, strict=True))
    offsets_m = _middles_m([lying[still[i].proposal_id] for i in findings])
    offsets_m -= _middles_m(frame.all_to_local([cases[j].polygon for j in stood]))
    flights = np.array([_flight(still[i]) for i in findings])
    of_flight: dict[str, list[str]] = {}
    for entry in proposals:
        of_flight.setdefault(_flight(entry), []).append(entry.proposal_id)
    for flight in np.unique(flights):
        offset_m = common_offset_m(offsets_m[flights == flight], findings[flights == flight])
        if offset_m.any():
            lying |= _moved(lying, of_flight[str(flight)], -offset_m)
    return lying


def _moved(lying: Lying, ids: Sequence[str], by_m: Array) -> Lying:
    moved = shapely.transform([lying[one] for one in ids], lambda xy_m: xy_m + by_m)
    return dict(zip(ids, moved, strict=True))


def _middles_m(outlines: Sequence[BaseGeometry] | NDArray[np.object_]) -> Array:
    return shapely.get_coordinates(shapely.centroid(outlines))


def _flight(proposal: Proposal) -> str:
    """Folder of the photo that shows a finding best; photos of a flight lie in one."""
    return proposal.outlines[0].photo_id.rpartition("/")[0] if proposal.outlines else ""


def _likeness(
    proposals: Sequence[Proposal],
    lying: Lying,
    cases: Sequence[Case],
    categories: tuple[Category, ...],
    patrol: PatrolRecord,
    frame: LocalFrame,
) -> dict[tuple[int, int], float]:
    """Weight of each pair (finding, case) that may be one object, above 0."""
    if not proposals or not cases:
        return {}
    found = [lying[entry.proposal_id] for entry in proposals]
    stood = frame.all_to_local([case.polygon for case in cases])
    widest_m = max(case.sigma_m for case in cases)
    reach_m = [_gate_m(entry, widest_m) for entry in proposals]
    near = STRtree(stood).query(found, predicate="dwithin", distance=reach_m)
    may_be = [
        (i, j)
        for i, j in zip(*(side.tolist() for side in near), strict=True)
        if _may_be_same(proposals[i], cases[j], categories, patrol)
    ]
    gates_m = np.array([_gate_m(proposals[i], cases[j].sigma_m) for i, j in may_be])
    ones = np.array([found[i] for i, _ in may_be])
    likeness = _weights(ones, stood[[j for _, j in may_be]], gates_m)
    return {
        (i, j): weight * (1.0 if same_class else OTHER_CLASS_FACTOR)
        for (i, j), weight in zip(may_be, likeness.tolist(), strict=True)
        for same_class in [proposals[i].class_name == cases[j].class_name]
        if weight > 0
    }


def _gate_m(proposal: Proposal, other_sigma_m: float) -> float:
    doubt_m = float(np.hypot(proposal.sigma_m, other_sigma_m))
    return proposal.category.match_m + GATE_SIGMAS * doubt_m


def _weights(found: NDArray[np.object_], stood: NDArray[np.object_], gates_m: Array) -> Array:
    """Likeness (N,) of outlines in local metres: near middles, much overlap; 0 beyond the gate."""
    smaller_m2 = np.minimum(shapely.area(found), shapely.area(stood))
    common_m2 = shapely.area(shapely.intersection(found, stood))
    overlap = np.divide(common_m2, smaller_m2, out=np.zeros_like(gates_m), where=smaller_m2 > 0)
    apart_m = shapely.distance(shapely.centroid(found), shapely.centroid(stood))
    closeness = 1.0 - apart_m / gates_m
    near = (closeness > 0) | (overlap > SAME_OVERLAP_SHARE)
    return np.where(near, _LEAST_WEIGHT + np.maximum(closeness, 0.0) + overlap, 0.0)


def _overlap_share(one: BaseGeometry, other: BaseGeometry) -> float:
    smaller_m2 = min(one.area, other.area)
    return float(one.intersection(other).area / smaller_m2) if smaller_m2 > 0 else 0.0


def _may_be_same(
    proposal: Proposal, case: Case, categories: tuple[Category, ...], patrol: PatrolRecord
) -> bool:
    if find_category(categories, case.category).kind != proposal.category.kind:
        return False
    days = proposal.category.same_within_days
    if days is None or patrol.patrol_id in (case.patrol_id, case.last_patrol_id):
        return True
    if proposal.category.same_while_open and case.stage in OPEN_STAGES:
        return True
    return _time_apart(proposal.seen_at or patrol.flown_at, case) <= timedelta(days=days)


def _time_apart(at: datetime, case: Case) -> timedelta:
    """Time between a moment and the span in which a case was seen."""
    return max(case.first_seen - at, at - case.last_seen, timedelta(0))


def _assign(weights: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """One-to-one pairs of greatest total weight, solved island by island."""
    if not weights:
        return []
    rows, columns = (np.array(side) for side in zip(*weights, strict=True))
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    size = height + width
    links = coo_array((np.ones(len(rows)), (rows, columns + height)), shape=(size, size))
    _, labels = connected_components(links, directed=False)
    islands: dict[int, list[tuple[int, int]]] = {}
    for row, column in weights:
        islands.setdefault(int(labels[row]), []).append((row, column))
    return sorted(pair for island in islands.values() for pair in _assign_island(island, weights))


def _assign_island(
    island: Sequence[tuple[int, int]], weights: dict[tuple[int, int], float]
) -> list[tuple[int, int]]:
    if len(island) == 1:
        return list(island)
    rows = sorted({row for row, _ in island})
    columns = sorted({column for _, column in island})
    row_of = {row: r for r, row in enumerate(rows)}
    column_of = {column: c for c, column in enumerate(columns)}
    table = np.zeros((len(rows), len(columns)))
    for row, column in island:
        table[row_of[row], column_of[column]] = weights[row, column]
    chosen = linear_sum_assignment(table, maximize=True)
    pairs = [(rows[r], columns[c]) for r, c in zip(*chosen, strict=True)]
    return [pair for pair in pairs if pair in weights]


def _may_be_missed(case: Case, patrol: PatrolRecord) -> bool:
    return patrol.is_dated and case.stage in OPEN_STAGES


def _covered(cases: Sequence[Case], footprints: Sequence[Polygon], frame: LocalFrame) -> list[Case]:
    """Cases whose whole ground, with the doubt about its place, lies in the footprints."""
    if not cases or not footprints:
        return []
    covered = shapely.unary_union(frame.all_to_local(footprints))
    shapely.prepare(covered)
    margins_m = [max(case.sigma_m, _LEAST_MARGIN_M) for case in cases]
    grounds = frame.all_to_local([case.polygon for case in cases])
    inside = shapely.covers(covered, shapely.buffer(grounds, margins_m, quad_segs=16))
    return [case for case, is_inside in zip(cases, inside, strict=True) if is_inside]


def _unseen(
    cases: Sequence[Case],
    findings: Findings,
    lying: Lying,
    paired: Mapping[str, Case],
    categories: tuple[Category, ...],
    frame: LocalFrame,
) -> list[Case]:
    """Cases with nothing of their kind at their place, not even something that no rule wanted.

    A finding that is another case speaks for this one only where it lies on it: a neighbour does
    not stand for a house that is gone.
    """
    kinds = [entry.category.kind for entry in findings.proposals]
    kinds += [entry.kind for entry in findings.rejected]
    shapes = [lying[entry.proposal_id] for entry in findings.proposals]
    shapes += list(frame.all_to_local([entry.polygon for entry in findings.rejected]))
    of_another = [entry.proposal_id in paired for entry in findings.proposals]
    of_another += [False] * len(findings.rejected)
    tree = STRtree(shapes)
    unseen = []
    grounds = frame.all_to_local([case.polygon for case in cases])
    for case, stood in zip(cases, grounds, strict=True):
        kind, match_m = _kind_and_reach(case, categories)
        near = tree.query(
            stood, predicate="dwithin", distance=match_m + GATE_SIGMAS * case.sigma_m
        ).tolist()
        alike = [i for i in near if kinds[i] == kind]
        if all(
            of_another[i] and _overlap_share(shapes[i], stood) <= SAME_OVERLAP_SHARE for i in alike
        ):
            unseen.append(case)
    return unseen


def _kind_and_reach(case: Case, categories: tuple[Category, ...]) -> tuple[str, float]:
    category = find_category(categories, case.category)
    return category.kind, category.match_m
