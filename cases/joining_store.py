"""EDGE: make one case of two and two of one, inside one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cases import claims
from cases.categories import Category
from cases.deciding import Decision, decide
from cases.drawing import Draughtsman
from cases.errors import ArrangementError, StaleCaseError
from cases.filing_store import last_number
from cases.joining import (
    MERGE,
    MERGED_INTO,
    SPLIT,
    Parting,
    may_be_one,
    merged,
    refuse_arranging,
    split,
)
from cases.journal import Journal, load_standings
from cases.lifecycle import Action
from cases.model import Case


@dataclass(frozen=True, slots=True)
class Seen:
    """A case in the version that somebody saw."""

    case: Case
    expected_version: int

    def refuse_stale(self) -> None:
        """Refuse a case that was changed since."""
        if self.case.version != self.expected_version:
            raise StaleCaseError(self.case.case_no, self.expected_version, self.case.version)


def store_merge(
    session: Session, kept: Seen, other: Seen, categories: Sequence[Category], by: Draughtsman
) -> Case:
    """Give a case all that was seen of another, which is rejected as its duplicate."""
    case = kept.case
    for seen in (kept, other):
        claims.refuse_foreign(session, seen.case.case_no, by.actor, by.now)
        seen.refuse_stale()
        refuse_arranging(seen.case, MERGE, by.role)
    if case.case_no == other.case.case_no or not may_be_one(case, other.case, categories):
        raise ArrangementError(
            f"cases {case.case_no} and {other.case.case_no} are not one thing: they have to be two "
            "of one kind that lie near each other"
        )
    both = {seen.case.case_no: seen.case for seen in (kept, other)}
    standings = load_standings(session, both)
    after, details = merged(
        case, standings[case.case_no], other.case, standings[other.case.case_no]
    )
    reason = f"duplicate: {case.case_no}"
    facts = {MERGED_INTO: case.case_no}
    decision = Decision(Action.REJECT, by.actor, by.role, reason, by.now, facts)
    with Journal(session, actor=by.actor, now=by.now) as journal:
        decide(session, journal, other.case, other.expected_version, decision)
        return journal.record(after, MERGE, {**details, "role": by.role.value})


def store_split(
    session: Session, seen: Seen, parting: Parting, by: Draughtsman
) -> tuple[Case, Case]:
    """Make a new case of a part of one; gives the rest and the new one."""
    case = seen.case
    claims.refuse_foreign(session, case.case_no, by.actor, by.now)
    seen.refuse_stale()
    refuse_arranging(case, SPLIT, by.role)
    standing = load_standings(session, {case.case_no: case})[case.case_no]
    day = case.case_no.partition("-")[0]
    parts = split(case, standing, parting, f"{day}-{last_number(session, day) + 1:04d}")
    role = {"role": by.role.value}
    with Journal(session, actor=by.actor, now=by.now) as journal:
        rest = journal.record(parts.rest, SPLIT, {**parts.told_of_rest, **role})
        return rest, journal.record(parts.other, "file", {**parts.told_of_other, **role})
