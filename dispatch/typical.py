"""Which cases show what a period was like: solved ones and grown ones, looked at from the air."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cases.categories import Words
from cases.model import Case, Event
from cases.outcomes import VERIFIED, Finding, Outcome, finding_of
from dispatch.period import FILED, Period
from dispatch.scope import Scope

MOST = 4


@dataclass(frozen=True, slots=True)
class TypicalCase:
    """A case that was verified in a period.

    Attributes:
        before: the patrol that saw it first; `after` the one that looked last in the period.
    """

    case: Case
    finding: Finding
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Pictured:
    """A typical case as a bulletin shows it.

    Attributes:
        before, after: the same ground from above, as JPEG; empty where no photo is at hand.
    """

    title: Words
    text: Words
    before: bytes = b""
    after: bytes = b""


def typical_cases(
    cases: Iterable[Case], histories: Mapping[str, Sequence[Event]], period: Period, scope: Scope
) -> tuple[TypicalCase, ...]:
    """Choose solved and grown cases of a period in turn, the largest of each first."""
    found = [
        case
        for entry in cases
        if scope.holds(entry)
        for case in [_verified(entry, histories[entry.case_no], period)]
        if case is not None
    ]
    groups = [
        sorted(
            (entry for entry in found if entry.finding.outcome is outcome),
            key=lambda entry: (-entry.case.area_m2, entry.case.case_no),
        )
        for outcome in (Outcome.SOLVED, Outcome.GROWN)
    ]
    longest = max(map(len, groups))
    turns = [group[turn] for turn in range(longest) for group in groups if turn < len(group)]
    return tuple(turns[:MOST])


def _verified(case: Case, events: Sequence[Event], period: Period) -> TypicalCase | None:
    filed = [event for event in events if event.action == FILED]
    looks = [event for event in events if event.action == VERIFIED and period.holds(event.at)]
    if not filed or not looks:
        return None
    first, last = filed[0].details, looks[-1].details
    return TypicalCase(case, finding_of(last), str(first["patrol"]), str(last["patrol"]))
