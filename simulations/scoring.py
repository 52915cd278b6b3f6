"""How well filed cases agree with what was planted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from shapely import Point
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from simulations.planting import Kind, Planted

GATE_M = 10.0
NEAR_M = 5.0
CIRCLE_95_SIGMAS = float(np.sqrt(-2 * np.log(0.05)))
"""95 % of two-dimensional Gaussian errors lie within 2.448 sigmas (Rayleigh distribution)."""

# What one case may be called; the same word means the same object.
FAMILIES = {
    "building": "structure",
    "construction": "structure",
    "smoke": "burning",
    "flame": "burning",
    "burn_scar": "burn_scar",
    "boat": "boat",
    "fishing_gear": "fishing_gear",
}
FAR_M = 1e6


@dataclass(frozen=True, slots=True)
class FiledCase:
    """One case as the product filed it.

    Attributes:
        polygon: on the ground in lon/lat degrees, if known.
        sigma_m: one standard deviation of the place along its worst direction, as the case says.
    """

    class_name: str
    lon_deg: float
    lat_deg: float
    polygon: BaseGeometry | None = None
    cell_code: str = ""
    sigma_m: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a class that nothing is planted for."""
        if self.class_name not in FAMILIES:
            raise ValueError(f"class_name must be one of {sorted(FAMILIES)}; got {self.class_name}")


@dataclass(frozen=True, slots=True)
class ClassScore:
    """What became of the violations of one class, and of the cases of its name."""

    planted: int
    found: int
    missed: int
    false: int
    duplicates: int
    wrong_cell: int


@dataclass(frozen=True, slots=True)
class Score:
    """The verdict on one patrol.

    Attributes:
        classes: by the class name of what was planted.
        twins_planted, twins_filed: innocent objects by kind, and those that became a case.
        position_errors_m: from each case to the centroid of its object.
        inside_95: how many of these are within `CIRCLE_95_SIGMAS` of the case's own doubt.
        exact: how many violations were found by a case of their own class.
        missed_codes: codes of the violations that no case was filed for.
        false_cases: positions in `filed` of cases that match no violation.
    """

    classes: dict[str, ClassScore]
    twins_planted: dict[str, int]
    twins_filed: dict[str, int]
    position_errors_m: tuple[float, ...]
    inside_95: int
    exact: int
    missed_codes: tuple[str, ...]
    false_cases: tuple[int, ...]

    def _sum(self, name: str) -> int:
        return sum(int(getattr(score, name)) for score in self.classes.values())

    @property
    def recall(self) -> float:
        """Share of the planted violations that were found; 1 where none was planted."""
        planted = self._sum("planted")
        return self._sum("found") / planted if planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the cases, without duplicates, that are violations; 1 without cases."""
        filed = self._sum("found") + self._sum("false")
        return self._sum("found") / filed if filed else 1.0

    @property
    def twin_share(self) -> float:
        """Share of the innocent twins that became a case."""
        planted = sum(self.twins_planted.values())
        return sum(self.twins_filed.values()) / planted if planted else 0.0

    @property
    def one_case_share(self) -> float:
        """Share of the found objects that have exactly one case."""
        found = self._sum("found")
        return max(0.0, 1 - self._sum("duplicates") / found) if found else 1.0

    @property
    def exact_recall(self) -> float:
        """Share of the violations found by a case of their own class, not just of its family."""
        planted = self._sum("planted")
        return self.exact / planted if planted else 1.0

    @property
    def near_recall(self) -> float:
        """Share of the violations with a case within `NEAR_M` of their centroid."""
        planted = self._sum("planted")
        near = sum(error <= NEAR_M for error in self.position_errors_m)
        return near / planted if planted else 1.0

    @property
    def inside_95_share(self) -> float:
        """Share of the found objects whose centroid lies in their case's circle; NaN without one.

        95 % where the doubt is told rightly and is as large in every direction; more where the
        worst direction stands out.
        """
        found = len(self.position_errors_m)
        return self.inside_95 / found if found else float("nan")

    @property
    def median_error_m(self) -> float:
        """Median distance from a case to its object, NaN without one."""
        return float(np.median(self.position_errors_m)) if self.position_errors_m else float("nan")


@dataclass(frozen=True, slots=True)
class _Place:
    """A filed case in local metres."""

    point: Point
    shape: BaseGeometry


def score(planted: Sequence[Planted], filed: Sequence[FiledCase], frame: LocalFrame) -> Score:
    """Compare filed cases with the truth.

    Each violation takes at most one case of its family within GATE_M, so that the sum of the
    distances is least. A case left over is a duplicate where it lies at an object already found,
    and false everywhere else; at a twin it counts as that twin filed too.

    >>> frame = LocalFrame(120.13, 32.51)
    >>> score([], [FiledCase("boat", 120.13, 32.51)], frame).precision
    0.0
    """
    violations = [item for item in planted if item.violation]
    twins = [item for item in planted if not item.violation]
    places = [_place(case, frame) for case in filed]
    pairs = _match(violations, filed, places)
    fate = _fates(violations, twins, filed, places, pairs)
    errors = [
        places[case].point.distance(violations[item].polygon.centroid)
        for item, case in sorted(pairs.items())
    ]
    return Score(
        classes=_class_scores(violations, filed, pairs, fate),
        twins_planted=dict(Counter(item.kind.value for item in twins)),
        twins_filed=dict(Counter(kind.value for kind in _filed_twins(fate, twins))),
        position_errors_m=tuple(errors),
        inside_95=sum(
            error <= CIRCLE_95_SIGMAS * filed[case].sigma_m
            for error, (_, case) in zip(errors, sorted(pairs.items()), strict=True)
        ),
        exact=sum(violations[i].class_name == filed[c].class_name for i, c in pairs.items()),
        missed_codes=tuple(v.code for i, v in enumerate(violations) if i not in pairs),
        false_cases=tuple(case for case, what in fate.items() if what != "duplicate"),
    )


def pairs(
    violations: Sequence[Planted], filed: Sequence[FiledCase], frame: LocalFrame
) -> dict[int, int]:
    """Which case is which violation: position of the violation to position of the case."""
    return _match(violations, filed, [_place(case, frame) for case in filed])


def _filed_twins(fate: dict[int, str], twins: Sequence[Planted]) -> list[Kind]:
    """Return the kinds of the twins that became a case, each twin once."""
    filed = set(fate.values())
    return [twin.kind for twin in twins if twin.code in filed]


def _place(case: FiledCase, frame: LocalFrame) -> _Place:
    x, y = frame.xy_from_lonlat(np.array([[case.lon_deg, case.lat_deg]]))[0]
    point = Point(x, y)
    return _Place(point, point if case.polygon is None else frame.to_local(case.polygon))


def _truth(item: Planted) -> BaseGeometry:
    """Return all that can be seen of an object; of a fire the smoke too."""
    if item.plume is None:
        return item.polygon
    return item.polygon.union(item.plume.outline())


def _distances(
    items: Sequence[Planted], filed: Sequence[FiledCase], places: Sequence[_Place]
) -> np.ndarray:
    """Distance in metres of each object to each case of its family, FAR_M beyond the gate."""
    table = np.full((len(items), len(filed)), FAR_M)
    for i, item in enumerate(items):
        truth, family = _truth(item), FAMILIES[item.class_name]
        for j, (case, place) in enumerate(zip(filed, places, strict=True)):
            if FAMILIES[case.class_name] != family:
                continue
            near = place.shape.distance(truth)
            if near <= GATE_M:
                table[i, j] = near + 0.01 * place.point.distance(item.polygon.centroid)
    return table


def _match(
    violations: Sequence[Planted], filed: Sequence[FiledCase], places: Sequence[_Place]
) -> dict[int, int]:
    """Assign cases to violations: position of the violation to position of the case."""
    table = _distances(violations, filed, places)
    rows, columns = linear_sum_assignment(table)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if table[i, j] < FAR_M}


def _fates(
    violations: Sequence[Planted], twins: Sequence[Planted], filed: Sequence[FiledCase],
    places: Sequence[_Place], pairs: dict[int, int],
) -> dict[int, str]:  # fmt: skip
    """Say of each case without a violation: duplicate, false, or the code of a twin."""
    to_found, to_twin = _distances(violations, filed, places), _distances(twins, filed, places)
    to_found[[i for i in range(len(violations)) if i not in pairs]] = FAR_M
    fires = [violations[i].polygon for i in pairs if violations[i].kind is Kind.BURNING]
    fate = {}
    for case in set(range(len(filed))) - set(pairs.values()):
        found = float(to_found[:, case].min(initial=FAR_M))
        twin = float(to_twin[:, case].min(initial=FAR_M))
        own_scar = filed[case].class_name == "burn_scar" and any(
            fire.distance(places[case].shape) < GATE_M / 2 for fire in fires
        )
        if (found < FAR_M and found <= twin) or own_scar:
            fate[case] = "duplicate"
        elif twin < FAR_M:
            fate[case] = twins[int(to_twin[:, case].argmin())].code
        else:
            fate[case] = "false"
    return fate


def _class_scores(
    violations: Sequence[Planted], filed: Sequence[FiledCase], pairs: dict[int, int],
    fate: dict[int, str],
) -> dict[str, ClassScore]:  # fmt: skip
    names = sorted({v.class_name for v in violations} | {filed[c].class_name for c in fate})
    wrong = [i for i, c in pairs.items() if filed[c].cell_code not in ("", violations[i].cell_code)]
    scores = {}
    for name in names:
        of_name = [i for i, v in enumerate(violations) if v.class_name == name]
        found = sum(i in pairs for i in of_name)
        left = [what for case, what in fate.items() if filed[case].class_name == name]
        duplicates = left.count("duplicate")
        scores[name] = ClassScore(
            planted=len(of_name),
            found=found,
            missed=len(of_name) - found,
            false=len(left) - duplicates,
            duplicates=duplicates,
            wrong_cell=sum(i in wrong for i in of_name),
        )
    return scores
