"""What does a patrol's bulletin say in figures?"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.categories import Category, Words
from cases.lifecycle import OPEN_STAGES, Stage
from cases.model import Case, FilingResult, Head, Place
from cases.rules import find_category
from geo.grid import Cell


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """How many cases of one category stand at which stage."""

    category: Category
    total: int
    by_stage: tuple[tuple[Stage, int], ...]


@dataclass(frozen=True, slots=True)
class CellFigures:
    """How many cases lie in one cell, and how many of them still ask for something."""

    place: Place
    total: int
    open: int
    by_category: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Outing:
    """When and where a patrol was.

    Attributes:
        flown: times of its first and last photo; None where no photo tells.
        utc_offset_hours: of the district's clocks, in which times are written.
        cells: of the district; empty where no grid was given.
        patrolled: codes of the cells above which photos were taken.
    """

    flown: tuple[datetime, datetime] | None
    utc_offset_hours: float
    cells: tuple[Cell, ...] = ()
    patrolled: frozenset[str] = frozenset()

    @property
    def places(self) -> tuple[str, ...]:
        """Towns with their villages that the patrol was over: "河口镇 双龙村、桑园村"."""
        villages: dict[str, dict[str, None]] = {}
        for cell in self.cells:
            if cell.code in self.patrolled and (cell.town or cell.village):
                villages.setdefault(cell.town, {}).setdefault(cell.village)
        return tuple(
            f"{town} {'、'.join(name for name in names if name)}".strip()
            for town, names in villages.items()
        )


@dataclass(frozen=True, slots=True)
class UnfiledFigures:
    """How many observations of a class made no case for one reason."""

    class_name: str
    why: Words
    total: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one patrol.

    Attributes:
        total: cases that the figures are about, withdrawn ones left out.
        unfiled: observations that no rule made into a case, by class and reason, most first.
        by_category: in the order of the categories table, categories without cases left out.
        by_cell: the cell with most cases first.
        by_stage: in the order of the life cycle, stages without cases left out.
        head: of the registry's history when the patrol had been filed; None where unknown.
    """

    patrol_id: str
    photos: int
    total: int
    new: int
    same: int
    gone: int
    to_check: int
    unfiled: tuple[UnfiledFigures, ...]
    by_category: tuple[CategoryFigures, ...]
    by_cell: tuple[CellFigures, ...]
    by_stage: tuple[tuple[Stage, int], ...]
    head: Head | None = None


def make_figures(
    cases: Sequence[Case],
    categories: Sequence[Category],
    *,
    patrol_id: str,
    result: FilingResult,
    photos: int = 0,
    rejected: Iterable[tuple[str, Words]] = (),
) -> Figures:
    """Count the cases that a patrol made, met again or found gone; others are left out.

    `rejected` are class and reason of each observation that no rule made into a case.
    """
    touched = {*result.new, *result.same, *result.gone}
    counted = [
        case for case in cases if case.case_no in touched and case.stage is not Stage.WITHDRAWN
    ]
    return Figures(
        patrol_id=patrol_id,
        photos=photos,
        total=len(counted),
        new=len(result.new),
        same=len(result.same),
        gone=len(result.gone),
        to_check=sum(case.to_check for case in counted),
        unfiled=_unfiled(rejected),
        by_category=_by_category(counted, tuple(categories)),
        by_cell=_by_cell(counted),
        by_stage=_by_stage(counted),
        head=result.head,
    )


def _unfiled(rejected: Iterable[tuple[str, Words]]) -> tuple[UnfiledFigures, ...]:
    counts = Counter((class_name, why.en, why.zh) for class_name, why in rejected)
    figures = [UnfiledFigures(key[0], Words(*key[1:]), total) for key, total in counts.items()]
    return tuple(sorted(figures, key=lambda entry: (-entry.total, entry.class_name, entry.why.en)))


def _by_category(
    cases: Sequence[Case], categories: tuple[Category, ...]
) -> tuple[CategoryFigures, ...]:
    groups = _grouped(cases, lambda case: case.category)
    order = {category.code: number for number, category in enumerate(categories)}
    return tuple(
        CategoryFigures(find_category(categories, code), len(members), _by_stage(members))
        for code, members in sorted(groups.items(), key=lambda item: order.get(item[0], len(order)))
    )


def _by_cell(cases: Sequence[Case]) -> tuple[CellFigures, ...]:
    groups = _grouped(cases, lambda case: case.place.cell_code)
    figures = [
        CellFigures(
            place=members[0].place,
            total=len(members),
            open=sum(case.stage in OPEN_STAGES for case in members),
            by_category=tuple(sorted(Counter(case.category for case in members).items())),
        )
        for members in groups.values()
    ]
    return tuple(sorted(figures, key=lambda entry: (-entry.total, entry.place.cell_code)))


def _by_stage(cases: Sequence[Case]) -> tuple[tuple[Stage, int], ...]:
    counted = Counter(case.stage for case in cases)
    return tuple((stage, counted[stage]) for stage in Stage if counted[stage])


def _grouped(cases: Sequence[Case], key: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: case.case_no):
        groups.setdefault(key(case), []).append(case)
    return groups
