"""EDGE: let the cases of a place wait, and wake them, inside one transaction."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.deciding import DecidedTogether, Decision, decide, decide_all
from cases.histories import histories
from cases.journal import Journal
from cases.lifecycle import Action, Stage
from cases.model import Case
from cases.people import Area
from cases.reading import read_cases
from cases.snoozing import MOST_RADIUS_M, Nap, standing_nap, told_nap
from cases.tables import CaseRow

_CLOCK = "aerogrid"

_MARGIN_DEG = MOST_RADIUS_M / 111_000
"""Degrees of latitude that surely hold the radius; of longitude twice as many, up to 60 degrees."""


def store_nap(
    session: Session, case: Case, expected_version: int, nap: Nap, decision: Decision, area: Area
) -> DecidedTogether:
    """Snooze a case, and with it the others of its rule that wait to be reviewed at the place.

    Raises as `Registry.decide` for the case itself; of the others those that somebody else works
    on are left and told.
    """
    decision = replace(decision, action=Action.SNOOZE, facts=told_nap(nap))
    with Journal(session, actor=decision.actor, now=decision.now) as journal:
        snoozed = decide(session, journal, case, expected_version, decision)
    others = store_naps_beside(session, case.case_no, nap, decision, area)
    return DecidedTogether((snoozed, *others.decided), others.refused)


def store_naps_beside(
    session: Session, case_no: str, nap: Nap, decision: Decision, area: Area
) -> DecidedTogether:
    """Snooze the cases of a nap's rule that wait at its place, but for the one it began with."""
    decision = replace(decision, action=Action.SNOOZE, facts=told_nap(nap))
    beside = {
        other.case_no: other.version
        for other in _waiting_at(session, nap)
        if other.case_no != case_no
    }
    return decide_all(session, beside, decision, area)


def _waiting_at(session: Session, nap: Nap) -> list[CaseRow]:
    query = select(CaseRow).where(
        CaseRow.stage == Stage.REPORTED.value,
        CaseRow.rule_id == nap.rule_id,
        CaseRow.lat_deg.between(nap.lat_deg - _MARGIN_DEG, nap.lat_deg + _MARGIN_DEG),
        CaseRow.lon_deg.between(nap.lon_deg - 2 * _MARGIN_DEG, nap.lon_deg + 2 * _MARGIN_DEG),
    )
    near = session.scalars(query.order_by(CaseRow.case_no))
    return [row for row in near if nap.holds_at(row.lon_deg, row.lat_deg)]


def naps_of(session: Session, cases: list[Case]) -> dict[str, Nap]:
    """By which snooze each of these cases waits."""
    told = histories(session, [case.case_no for case in cases])
    naps = {case_no: standing_nap(events) for case_no, events in told.items()}
    return {case_no: nap for case_no, nap in naps.items() if nap is not None}


def wake_due(session: Session, now: datetime) -> tuple[str, ...]:
    """Put the cases back into the queue whose snooze has ended; gives their numbers."""
    query = select(CaseRow.case_no).where(CaseRow.stage == Stage.SNOOZED.value)
    snoozed = read_cases(session, list(session.scalars(query.order_by(CaseRow.case_no))))
    naps = naps_of(session, list(snoozed.values()))
    due = [case_no for case_no, nap in naps.items() if nap.until <= now]
    if not due:
        return ()
    step = {"from": Stage.SNOOZED.value, "to": Stage.REPORTED.value, "reason": "the time is over"}
    with Journal(session, actor=_CLOCK, now=now) as journal:
        for case_no in due:
            awake = replace(snoozed[case_no], stage=Stage.REPORTED)
            journal.record(awake, Action.WAKE.value, step)
    return tuple(due)
