"""EDGE: an inspector who cannot decide on a case leaves it to others, inside one transaction."""

from sqlalchemy.orm import Session

from cases import claims
from cases.claims import UNSURE
from cases.drawing import DRAWING_ROLES, Draughtsman
from cases.errors import NotPermittedError, StaleCaseError, TransitionError
from cases.journal import Journal
from cases.lifecycle import Role, Stage
from cases.model import Case


def refuse_passing(case: Case, role: Role) -> None:
    """Refuse roles and stages in which nobody has to decide."""
    if case.stage is not Stage.REPORTED:
        raise TransitionError(case.case_no, case.stage, UNSURE, ())
    if role not in DRAWING_ROLES:
        raise NotPermittedError(case.case_no, UNSURE, role.value, ())


def store_passing(
    session: Session, case: Case, note: str, by: Draughtsman, expected_version: int
) -> Case:
    """Note that somebody is not sure, and give the case back."""
    claims.refuse_foreign(session, case.case_no, by.actor, by.now)
    if case.version != expected_version:
        raise StaleCaseError(case.case_no, expected_version, case.version)
    claims.release(session, case.case_no, by.actor)
    with Journal(session, actor=by.actor, now=by.now) as journal:
        return journal.record(case, UNSURE, {"reason": note, "role": by.role.value})
