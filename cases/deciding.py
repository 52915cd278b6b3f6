"""EDGE: take a person's decision on one case or on many, inside one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from cases import claims
from cases.errors import CaseError, StaleCaseError, UnknownCaseError
from cases.histories import histories
from cases.joining import MERGED_INTO
from cases.journal import Journal
from cases.lifecycle import Action, Role
from cases.model import Case
from cases.people import Area
from cases.reading import read_cases
from cases.sampling import follow
from cases.steps import next_step, standing_step, steps_of
from cases.unmerging import store_unmerge


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides, as what, why and when.

    Attributes:
        look_share: of the decisions somebody else judges once more.
        facts: kept beside it in the history, such as to whom a case was assigned.
    """

    action: Action | str
    actor: str
    role: Role
    reason: str
    now: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    look_share: float = 0.0


@dataclass(frozen=True, slots=True)
class DecidedTogether:
    """What became of cases that were decided together.

    Attributes:
        decided: as they stand afterwards, in the order in which they were named.
        refused: why each of the others is left as it was, by number.
    """

    decided: tuple[Case, ...]
    refused: Mapping[str, CaseError]


def decide(
    session: Session, journal: Journal, case: Case, expected_version: int, decision: Decision
) -> Case:
    """Take a decision on the version of a case that was seen; errors as of `Registry.decide`.

    Nothing is written before all that could refuse it has been asked.
    """
    claims.refuse_foreign(session, case.case_no, decision.actor, decision.now)
    if case.version != expected_version:
        raise StaleCaseError(case.case_no, expected_version, case.version)
    events = histories(session, [case.case_no])[case.case_no]
    taken = steps_of(events)
    step = next_step(case, str(decision.action), decision.role, decision.reason, taken)
    undone = standing_step(events) if step.action is Action.UNDO else None
    if undone and MERGED_INTO in undone.details:
        store_unmerge(session, journal, undone)
    details = {"from": step.source.value, "to": step.target.value, "reason": decision.reason}
    details = {**decision.facts, **details, "role": decision.role.value}
    claims.release(session, case.case_no, decision.actor)
    decided = journal.record(replace(case, stage=step.target), step.action.value, details)
    follow(session, journal.last, step, decision.look_share)
    return decided


def decide_all(
    session: Session, versions: Mapping[str, int], decision: Decision, area: Area
) -> DecidedTogether:
    """Take one decision on cases of an area, by number each at the version that was seen."""
    cases = read_cases(session, list(versions))
    decided: list[Case] = []
    refused: dict[str, CaseError] = {}
    with Journal(session, actor=decision.actor, now=decision.now) as journal:
        for case_no, version in versions.items():
            case = cases.get(case_no)
            if case is None or not area.holds(case.place.town, case.place.village):
                refused[case_no] = UnknownCaseError(case_no)
                continue
            try:
                decided.append(decide(session, journal, case, version, decision))
            except CaseError as error:
                refused[case_no] = error
    return DecidedTogether(tuple(decided), refused)
