"""EDGE: let a share of the decisions be judged once more, inside their transaction."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from cases.joining import MERGED_INTO
from cases.lifecycle import Action, Step
from cases.look_tables import ControlRow, LookRow
from cases.looks import ANSWERS, Kind, is_sampled
from cases.model import Event

AGREED = "agreed"


def follow(session: Session, written: Event, step: Step, share: float) -> None:
    """Ask for a second look at a decision by chance; forget those at one that does not stand."""
    case_no = str(written.case_no)
    if step.action in (Action.UNDO, Action.REOPEN, *ANSWERS):
        session.execute(delete(LookRow).where(LookRow.case_no == case_no, LookRow.answer == ""))
        session.execute(
            delete(ControlRow).where(ControlRow.case_no == case_no, ControlRow.source == AGREED)
        )
    is_asked = step.action in ANSWERS and MERGED_INTO not in written.details
    if is_asked and is_sampled(written.hash, share):
        session.add(
            LookRow(
                case_no=case_no,
                kind=Kind.SECOND.value,
                expected=step.action.value,
                first_by=written.actor,
                asked_at=written.at,
                who="",
                passed_by="",
                answer="",
                reason="",
                steps=[],
            )
        )
