"""EDGE: note what a patrol found at the cases that wait to be verified, with its filing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from cases.histories import histories
from cases.journal import Journal
from cases.matching import Matching
from cases.model import Case, Event, PatrolRecord
from cases.outcomes import (
    VERIFIED,
    Finding,
    Outcome,
    fed_back_at,
    near_cameras,
    of_sight,
    told_of,
)


def store_outcomes(
    session: Session,
    journal: Journal,
    patrol: PatrolRecord,
    matching: Matching,
    waiting: Collection[Case],
    before_m2: Mapping[str, float],
) -> dict[str, str]:
    """Write an entry for each case that waited when the patrol flew; outcomes by case number.

    Args:
        session: of the filing.
        journal: that the filing's own entries were written to.
        patrol: flown after the feedback, else it says nothing of what was done.
        matching: what the patrol said of the cases.
        waiting: cases around the patrol in the stage that waits to be verified.
        before_m2: area of each of them as other patrols have seen it, by number.
    """
    if not patrol.is_dated or not waiting:
        return {}
    told = histories(session, [case.case_no for case in waiting])
    asked = [case for case in waiting if _was_fed_back(told[case.case_no], patrol)]
    findings = dict(_findings(asked, patrol, matching, before_m2))
    for case in asked:
        finding = findings.get(case.case_no)
        if finding is None:
            continue
        details = told_of(finding, patrol.patrol_id)
        if not _is_said(told[case.case_no], details):
            journal.record(journal.newest(case), VERIFIED, details)
    return {case_no: finding.outcome.value for case_no, finding in findings.items()}


def _was_fed_back(events: Iterable[Event], patrol: PatrolRecord) -> bool:
    """Whether a case was said to be solved before the patrol looked."""
    at = fed_back_at(events)
    return at is not None and at < patrol.flown_at


def _is_said(events: Iterable[Event], details: Mapping[str, object]) -> bool:
    """Whether the newest word of this patrol on a case is the same already."""
    said = [
        {name: event.details.get(name) for name in details}
        for event in events
        if event.action == VERIFIED and event.details.get("patrol") == details["patrol"]
    ]
    return bool(said) and said[-1] == details


def _findings(
    asked: Iterable[Case],
    patrol: PatrolRecord,
    matching: Matching,
    before_m2: Mapping[str, float],
) -> Iterable[tuple[str, Finding]]:
    seen = {case.case_no: proposal for proposal, case in matching.same}
    missed = {case.case_no for case in matching.missed}
    unclear = {case.case_no for case in matching.unclear}
    near = {case.case_no for case in near_cameras(asked, patrol)}
    for case in asked:
        number = case.case_no
        if number in seen:
            sight = seen[number]
            found = of_sight(before_m2[number], sight.area_m2)
            yield number, replace(found, outcome=Outcome.UNCHANGED) if sight.is_aslant else found
        elif number in missed:
            yield number, Finding(Outcome.SOLVED)
        elif number in unclear:
            yield number, Finding(Outcome.UNCLEAR)
        elif number in near:
            yield number, Finding(Outcome.NOT_COVERED)
