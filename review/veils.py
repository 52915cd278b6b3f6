"""Lists and counts of cases as somebody sees them who must not know of some decisions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cases.atlas import SHOWN, CasePoint
from cases.lifecycle import Stage
from cases.listing import Order
from cases.model import Case, CaseCount, Event
from cases.rows import queue_rank
from review import answers, presenters
from review.blind import Blindfold, seen, seen_cases, seen_hands
from review.due import TIMED
from review.progress import NOBODY, progress_of
from review.sources import ReviewData

_EVERY_STAGE = tuple(Stage)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the cases that were asked for; `next` is the `after` of those that follow."""

    cases: list[Case]
    next: str | None


def page_of(
    data: ReviewData,
    blind: Blindfold,
    *,
    stage: Sequence[Stage] | None,
    order: Order,
    after: str | None,
    limit: int,
    **where: Any,
) -> Page:
    """List cases of some stages in order, each as it is shown; `where` as `Registry.cases`."""
    asked = {"order": order, "after": after, "limit": limit + 1, **where}
    found = data.registry.cases(stage=_only(stage), **asked)
    looks = blind.looks.values()
    numbers = [look.case_no for look in looks if not stage or look.stage in stage]
    veiled = data.registry.cases(stage=_EVERY_STAGE, numbers=numbers, **asked) if numbers else []
    both = [*(case for case in found if case.case_no not in blind.looks), *veiled]
    both = _in_order(both, order)
    ends = [part[-1] for part in (found, veiled) if len(part) > limit]
    if not ends:
        return _cut(data, blind, both, limit, None)
    end = _in_order(ends, order)[0]  # beyond it others may lie that were not read
    known = [case for case in both if _in_order([case, end], order)[0] is case]
    return _cut(data, blind, known, limit, end.case_no)


def listed(
    data: ReviewData, blind: Blindfold, cases: Iterable[Case], now: datetime
) -> list[answers.ListedCase]:
    """Present the cases of a page, each as it is shown, with how far it has come."""
    cases = list(cases)
    known = [
        case.case_no for case in cases if case.stage in TIMED and case.case_no not in blind.looks
    ]
    told: dict[str, Sequence[Event]] = dict(data.registry.histories(known)) if known else {}
    for case in cases:
        if case.stage in TIMED and (veil := seen(data, blind, case.case_no)):
            told[case.case_no] = veil.events
    hands = data.registry.hands([case.case_no for case in cases], now)
    for case_no, look in blind.looks.items():
        hands[case_no] = seen_hands(look, hands.get(case_no, NOBODY), now)
    return [
        presenters.listed_case(
            case,
            progress_of(data, case, now, hands.get(case.case_no, NOBODY), told.get(case.case_no)),
        )
        for case in cases
    ]


def _cut(
    data: ReviewData, blind: Blindfold, cases: list[Case], limit: int, end: str | None
) -> Page:
    shown = seen_cases(data, blind, cases[:limit])
    return Page(shown, cases[limit - 1].case_no if len(cases) > limit else end)


def _in_order(cases: list[Case], order: Order) -> list[Case]:
    return sorted(cases, key=lambda case: _key(case, order), reverse=order == "newest")


def _key(case: Case, order: Order) -> tuple[Any, str]:
    keys = {
        "urgency": queue_rank(case.urgency, case.score),
        "newest": case.last_seen,
        "oldest": case.last_seen,
        "number": 0,
    }
    return keys[order], case.case_no


@dataclass(frozen=True, slots=True)
class _Moved:
    """A case that is shown in another stage than it is in."""

    point: CasePoint
    shown: Stage


def _moved(data: ReviewData, blind: Blindfold) -> list[_Moved]:
    points = data.atlas.points_of(list(blind.looks))
    return [_Moved(point, blind.looks[point.case_no].stage) for point in points]


def count_of(
    data: ReviewData,
    blind: Blindfold,
    *,
    stage: Sequence[Stage] | None = None,
    category: str | None = None,
    cell: str | None = None,
) -> int:
    """Count the cases that a list without end would hold."""
    count = data.registry.count(stage=_only(stage), category=category, cell=cell)
    for moved in _moved(data, blind):
        point = moved.point
        if category in (None, point.category) and cell in (None, point.cell_code):
            count += _is_listed(moved.shown, stage) - _is_listed(Stage(point.stage), stage)
    return count


def _is_listed(is_in: Stage, stage: Sequence[Stage] | None) -> bool:
    return is_in in stage if stage else is_in is not Stage.WITHDRAWN


def _only(stage: Sequence[Stage] | None) -> Stage | Sequence[Stage] | None:
    """One alone is looked up faster, in the order of an index."""
    return stage[0] if stage and len(stage) == 1 else stage or None


def counts_of(
    data: ReviewData, blind: Blindfold, recorded: Iterable[CaseCount]
) -> Iterator[CaseCount]:
    """Count cases by stage and category, as they are shown; `recorded` as they are."""
    counts: Counter[tuple[Stage, str]] = Counter()
    for entry in recorded:
        counts[entry.stage, entry.category] += entry.count
    for moved in _moved(data, blind):
        counts[Stage(moved.point.stage), moved.point.category] -= 1
        counts[moved.shown, moved.point.category] += 1
    return (CaseCount(*key, count) for key, count in sorted(counts.items()) if count)


def sum_of(counts: Iterable[CaseCount], stage: Sequence[Stage] | None, category: str | None) -> int:
    """Count the cases of some stages and a category, of any where None is given."""
    return sum(
        entry.count
        for entry in counts
        if _is_listed(entry.stage, stage) and category in (None, entry.category)
    )


@dataclass(frozen=True, slots=True)
class Dots:
    """The district as the visitor sees it: cases of each cell by stage, and dots of the map."""

    counts: Mapping[str, Mapping[str, int]]
    points: list[CasePoint]


def dots_of(data: ReviewData, blind: Blindfold, limit: int) -> Dots:
    """Show the cases of the district, those first that are to be worked on first."""
    counts = {code: Counter(of) for code, of in data.atlas.counts().items()}
    for moved in _moved(data, blind):
        of_cell = counts[moved.point.cell_code]
        of_cell[moved.point.stage] -= 1
        of_cell[moved.shown] += 1
    points = (_seen(point, blind) for point in data.atlas.points(limit, also=list(blind.looks)))
    return Dots(counts, [point for point in points if point.stage in SHOWN])


def _seen(point: CasePoint, blind: Blindfold) -> CasePoint:
    look = blind.looks.get(point.case_no)
    return replace(point, stage=look.stage.value) if look else point


def visible(blind: Blindfold, numbers: Iterable[str]) -> tuple[str, ...]:
    """Those of some cases of which the visitor may know everything."""
    return tuple(number for number in numbers if number not in blind.looks)
