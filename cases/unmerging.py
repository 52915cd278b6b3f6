"""EDGE: take back from a case what a merge gave it, inside one transaction."""

from sqlalchemy.orm import Session

from cases import claims
from cases.errors import UnmergeError
from cases.histories import histories
from cases.joining import MERGE, MERGED_INTO, UNMERGE, unmerged
from cases.journal import Journal, load_standings
from cases.model import Event
from cases.reading import read_cases, read_evidence


def store_unmerge(session: Session, journal: Journal, undone: Event) -> None:
    """Set the case back into which another was merged by the decision that is undone now.

    Raises:
        CaseClaimedError: somebody else works on it.
        UnmergeError: more has happened to it since.
    """
    assert undone.case_no is not None, "a decision is about a case"
    into = str(undone.details[MERGED_INTO])
    claims.refuse_foreign(session, into, journal.actor, journal.now)
    case = read_cases(session, [into])[into]
    last = histories(session, [into])[into][-1]
    is_last = last.action == MERGE and last.details["with"] == undone.case_no
    if not is_last or journal.newest(case) != case:
        raise UnmergeError(undone.case_no, into)
    standing = load_standings(session, {into: case})[into]
    after, details = unmerged(case, standing, read_evidence(session, into), last.details["before"])
    journal.record(after, UNMERGE, {"with": undone.case_no, **details})
